"""The time line of an item: from both ends, in order, each thing once and with its evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from worker import paylinks, payments
from worker.commands import time_line
from worker.delivery import Notice
from worker.kernel.money import Money
from worker.paylinks import Life, Link, LinkKeys
from worker.payments import CheckoutFacts, Wanted

KEYS, LIFE = LinkKeys({1: b"k" * 32}), Life(24, 90)


def after(minutes: float) -> Any:
    return AT + timedelta(minutes=minutes)


def mail(session: Session, subject: str, kind: str, minutes: float, **facts: Any) -> None:
    row = {
        "business": ACME,
        "id": f"ntc_{minutes}",
        "kind": kind,
        "subject_id": subject,
        "recipient": "pay@zoo.example",
        "language": "en",
        "template_set": "t",
        "context": {},
        "message_id": f"<{minutes}@acme.example>",
        "state": "sent",
        "queued_at": AT,
        "sent_at": after(minutes),
        "ended_at": after(minutes),
        "server_reply": "250 taken",
    }
    session.add(Notice(**(row | facts)))
    session.flush()


def pay(session: Session, link: Link, item: Any, amount: Money | None, minutes: float) -> None:
    wanted = [Wanted(item, amount)]
    checkout = payments.begin_for(session, wanted, link_id=link.id, at=after(minutes))
    facts = CheckoutFacts(
        session_id=f"cs_{minutes}",
        status="complete",
        is_paid=True,
        amount=checkout.amount,
        intent_id=f"pi_{minutes}",
        reference=checkout.id,
        business=ACME,
        livemode=False,
        paid_at=None,
        url=None,
        method="card",
    )
    payment = payments.settle(session, checkout, facts, livemode=False, at=after(minutes + 1))
    assert payment is not None
    mail(session, payment.id, "receipt", minutes + 2)


def test_the_whole_story_is_told_once_and_from_both_ends(session: Session) -> None:
    zoo(session)
    item = issue(session)
    link = paylinks.open_link(session, item, KEYS, LIFE, at=AT)
    mail(session, item.id, "invoice", 1)
    paylinks.note_machine(session, link, evidence={"why": "a scanner"}, at=after(2))
    paylinks.note_open(session, link, LIFE, evidence={"why": "a press"}, at=after(60))
    paylinks.note(session, link, "copied", who="mara", at=after(61))
    pay(session, link, item, Money(1900, "EUR"), 62)
    pay(session, link, item, None, 70)
    entries = time_line.of_item(session, ACME, item.id)
    assert [(entry.side, entry.what) for entry in entries] == [
        ("we", "created"),
        ("we", "sent"),
        ("they", "machine_open"),
        ("they", "delivered"),
        ("they", "human_open"),
        ("we", "copied"),
        ("they", "checkout_started"),
        ("they", "payment_made"),
        ("we", "receipt_sent"),
        ("they", "checkout_started"),
        ("they", "payment_made"),
        ("we", "receipt_sent"),
    ]
    paid = [entry.evidence for entry in entries if entry.what == "payment_made"]
    assert [(e["amount"], e["paid"], e["proof"]) for e in paid] == [
        ("19.00 EUR", "part", "pi_62"),
        ("100.00 EUR", "whole", "pi_70"),
    ]
    assert entries[5].who == "mara"
    assert time_line.of_customer(session, ACME, item.customer_id or "") == entries


def test_a_mail_that_came_back_was_not_delivered(session: Session) -> None:
    zoo(session)
    item = issue(session)
    link = paylinks.open_link(session, item, KEYS, LIFE, at=AT)
    back = {"state": "bounced", "ended_at": after(9), "server_reply": "5.1.1 no such user"}
    mail(session, item.id, "invoice", 1, **back)
    paylinks.note_machine(session, link, evidence={}, at=after(2))
    told = [(entry.what, entry.who) for entry in time_line.of_item(session, ACME, item.id)]
    assert told == [
        ("created", "tillmail"),
        ("sent", "tillmail"),
        ("machine_open", "machine"),
        ("bounced", "mail server"),
    ]


def test_an_open_after_the_link_was_handed_on_proves_no_mail(session: Session) -> None:
    zoo(session)
    item = issue(session)
    link = paylinks.open_link(session, item, KEYS, LIFE, at=AT)
    mail(session, item.id, "invoice", 1)
    paylinks.note(session, link, "copied", who="mara", at=after(2))
    paylinks.note_open(session, link, LIFE, evidence={}, at=after(3))
    kinds = [entry.what for entry in time_line.of_item(session, ACME, item.id)]
    assert "delivered" not in kinds


def test_an_end_that_was_seen_stays_when_the_clock_steps_back(session: Session) -> None:
    zoo(session)
    link = paylinks.open_link(session, issue(session), KEYS, LIFE, at=AT)
    paylinks.note_open(session, link, LIFE, evidence={}, at=AT)
    assert paylinks.note_expired(session, at=AT + timedelta(hours=25)) == 1
    assert paylinks.note_expired(session, at=AT + timedelta(hours=26)) == 0
    assert paylinks.state_of(link, AT + timedelta(hours=1)) == "expired"
