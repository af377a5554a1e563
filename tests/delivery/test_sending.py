"""Claiming a notice, what keeps it from going out, and who hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from worker import customers, delivery, review
from worker.businesses import MailRules
from worker.delivery import Claim, Letter, Notice, NoticeState, Rejected
from worker.review import Question

RULES = MailRules(from_address="billing@acme.example")
OWED = {"still_to_pay": {"minor": 11_900, "currency": "EUR"}}


def _queued(session: Session, kind: str = "invoice") -> Notice:
    zoo(session)
    invoice = issue(session)
    letter = Letter(
        kind=kind,
        subject_id=invoice.id,
        recipient="pay@zoo.example",
        language="en",
        template_set="0" * 32,
        context=OWED,
        customer_id=invoice.customer_id,
    )
    return delivery.queue(session, ACME, letter, RULES, at=AT)


def _claim(session: Session, notice: Notice) -> Claim:
    found = delivery.obstacle(session, notice)
    return delivery.claim(session, notice, obstacle=found, wait=timedelta(0), at=AT).claim


def _questions(session: Session) -> list[tuple[str, str]]:
    return [(item.kind, item.subject) for item in review.open_items(session, ACME)]


def test_a_notice_with_nothing_in_its_way_is_sent(session: Session) -> None:
    assert _claim(session, _queued(session)) is Claim.SEND
    assert _questions(session) == []


def test_an_invoice_to_an_address_that_died_meanwhile_goes_to_a_person(session: Session) -> None:
    notice = _queued(session)
    customers.suppress(session, ACME, notice.recipient, because="550 5.1.1", at=AT)

    assert _claim(session, notice) is Claim.STOP
    assert notice.state == NoticeState.DROPPED
    assert _questions(session) == [("notice_undelivered", notice.id)]


def test_an_invoice_over_another_amount_than_is_owed_goes_to_a_person(session: Session) -> None:
    notice = _queued(session)
    notice.context = {"still_to_pay": {"minor": 1, "currency": "EUR"}}

    assert _claim(session, notice) is Claim.STOP
    assert _questions(session) == [("notice_undelivered", notice.id)]


@pytest.mark.parametrize(
    ("kind", "offers"), [("invoice", True), ("receipt", False), ("question", False)]
)
def test_only_an_invoice_offers_to_be_sent_again(
    session: Session, kind: str, *, offers: bool
) -> None:
    notice = _queued(session, kind)
    assert _claim(session, notice) is Claim.SEND
    delivery.refused(session, notice, "550 5.1.1 no such user", at=AT)
    [item] = review.open_items(session, ACME)
    assert ("resend" in item.choices) is offers


@pytest.mark.parametrize(
    ("reply", "dead"),
    [
        ("550 5.1.1 no such user", True),
        ("550-5.1.1 The email account that you tried to reach does not exist.", True),
        ("556 5.1.10 the domain takes no mail", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 5.7.1 your address is on a list", False),
        ("554 5.7.26 this mail is not authenticated", False),
        ("552 5.3.4 40000000 bytes, the server takes 1000", False),
        ("553 5.6.7 the server takes ASCII addresses only", False),
        ("552 5.2.2 mailbox full", False),
        ("550 5.1.7 bad sender", False),
        ("554 we do not like you", False),
    ],
)
def test_only_a_dead_address_is_written_to_no_more(reply: str, *, dead: bool) -> None:
    assert Rejected(reply, code=int(reply[:3])).is_address_dead is dead


@pytest.mark.parametrize("kind", ["job_failed", "notice_undelivered"])
def test_a_question_about_a_question_that_did_not_go_out_is_not_mailed(
    session: Session, kind: str
) -> None:
    notice = _queued(session, "question")
    item = review.ask(session, ACME, Question(kind, notice.id, "It broke."), at=AT)
    assert not delivery.can_be_mailed(session, item)


def test_a_parked_job_of_a_question_is_not_mailed_and_one_of_an_invoice_is(
    session: Session,
) -> None:
    question, invoice = _queued(session, "question"), _queued(session, "invoice")
    can = []
    for notice in (question, invoice):
        asked = Question("job_parked", f"job_{notice.kind}", "-", {"subject": notice.id})
        can.append(delivery.can_be_mailed(session, review.ask(session, ACME, asked, at=AT)))
    assert can == [False, True]
