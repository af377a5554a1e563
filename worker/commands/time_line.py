"""The time line of an item, seen from both ends: what we did and what they did, by which evidence.

Each room keeps what it did, once: the links their opens, delivery its mails, payments the
checkouts and the money. Here it is put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from worker import delivery, invoices, paylinks, payments
from worker.businesses import BANK_DAYS
from worker.delivery import Notice, NoticeState
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.paylinks import Activity
from worker.payments import Allocation, Checkout, CheckoutState

Side = Literal["we", "they"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: whose doing, who or what it was, and how we know."""

    at: datetime
    side: Side
    what: str
    who: str
    evidence: Mapping[str, Any]
    item_id: str | None = None


_THEIRS = {"machine_open", "human_open", "email_open", "renewal_asked"}
_THEIRS |= {"code_asked", "code_wrong", "code_confirmed", "card_asked", "card_assigned"}
_THEIRS |= {"card_removed"}
_OPENS = ("machine_open", "human_open", "email_open")
# Books from before the time line hold these twice: here, and where they happened.
_TOLD_ELSEWHERE = {"sent", "refused", "paid", "checkout_started"}


def of_item(session: Session, business: BusinessKey, item_id: str) -> list[Entry]:
    """Everything around an item, in order."""
    lines = paylinks.activity_of(session, business, item_id)
    mails = delivery.about(session, business, item_id)
    allocations = payments.ever_allocated_to(session, business, item_id)
    entries = [
        *_of_links(lines),
        *_of_mails(mails),
        *_delivered(mails, lines),
        *_of_checkouts(checkouts := payments.checkouts_of(session, business, item_id)),
        *_of_debits(session, item_id, checkouts),
        *_of_money(session, invoices.by_id(session, business, item_id), allocations),
        *_receipts(session, business, item_id, allocations),
        *_promises(invoices.by_id(session, business, item_id)),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def of_customer(session: Session, business: BusinessKey, customer_id: str) -> list[Entry]:
    """Everything around all items of a customer and its own links, in order."""
    items = invoices.of_customer(session, business, customer_id)
    entries = [entry for item in items for entry in of_item(session, business, item.id)]
    lines = paylinks.activity_of_customer(session, business, customer_id)
    own = [line for line in lines if line.item_id is None]
    mails = delivery.about(session, business, customer_id)
    waiting = [str(line.evidence["confirmation"]) for line in own if line.kind == "code_asked"]
    codes = [mail for one in waiting for mail in delivery.about(session, business, one)]
    # What these mails are about is no item: they stand for the customer alone.
    sent = [replace(entry, item_id=None) for entry in _of_mails([*mails, *codes])]
    entries += [*_of_links(own), *sent]
    return sorted(entries, key=lambda entry: entry.at)


def _of_links(lines: Iterable[Activity]) -> list[Entry]:
    return [
        Entry(
            line.at,
            "they" if line.kind in _THEIRS else "we",
            line.kind,
            line.who,
            {"link": line.link_id, **line.evidence},
            line.item_id,
        )
        for line in lines
        if line.kind not in _TOLD_ELSEWHERE
    ]


def _of_mails(mails: Iterable[Notice]) -> list[Entry]:
    entries: list[Entry] = []
    for mail in mails:
        facts = {"notice": mail.id, "mail": mail.kind, "to": mail.recipient}
        said = {**facts, "server_said": mail.server_reply}
        about = mail.subject_id
        if mail.sent_at is not None:
            took = facts if mail.state == NoticeState.BOUNCED else said
            entries.append(Entry(mail.sent_at, "we", "sent", _sender(mail), took, about))
        if mail.ended_at is None:
            continue
        if mail.state in (NoticeState.BOUNCED, NoticeState.REFUSED):
            what = "bounced" if mail.state == NoticeState.BOUNCED else "refused"
            entries.append(Entry(mail.ended_at, "they", what, "mail server", said, about))
        elif mail.state == NoticeState.DROPPED:
            entries.append(Entry(mail.ended_at, "we", "not_sent", "tillmail", said, about))
    return entries


def _delivered(mails: Sequence[Notice], lines: Iterable[Activity]) -> list[Entry]:
    """That a mail arrived, by the first open after it. A server that took it proves less.

    Once somebody copied the link, an open may have come from anywhere.
    """
    entries: list[Entry] = []
    known = sorted(lines, key=lambda line: line.at)
    for mail in mails:
        if mail.sent_at is None or mail.state != NoticeState.SENT:
            continue
        sent_at = mail.sent_at
        since = [line for line in known if line.kind == "copied" or line.at >= sent_at]
        first = next((line for line in since if line.kind in ("copied", *_OPENS)), None)
        if first is not None and first.kind in _OPENS:
            facts = {"notice": mail.id, "to": mail.recipient, "seen_by": first.kind}
            entry = Entry(first.at, "they", "delivered", first.who, facts, mail.subject_id)
            entries.append(entry)
            # One open speaks for one mail: of several it cannot be said which.
            break
    return entries


def _of_checkouts(checkouts: Iterable[Checkout]) -> list[Entry]:
    entries: list[Entry] = []
    for checkout in checkouts:
        facts = {
            "checkout": checkout.id,
            "amount": str(checkout.amount),
            "session": checkout.session_id,
        }
        about = checkout.item_id
        entries.append(
            Entry(checkout.opened_at, "they", "checkout_started", "customer", facts, about)
        )
        if checkout.state == CheckoutState.EXPIRED and checkout.ended_at is not None:
            entries.append(
                Entry(checkout.ended_at, "they", "checkout_ended", "payment page", facts, about)
            )
    return entries


def _of_debits(session: Session, item_id: str, checkouts: Iterable[Checkout]) -> list[Entry]:
    """What a bank was asked, what the customer was mailed of it, and that it did not pay."""
    entries: list[Entry] = []
    for checkout in checkouts:
        payment = payments.brought_by(session, checkout)
        if payment is None or payment.method not in BANK_DAYS:
            continue
        facts = {"payment": payment.id, "method": payment.method, "amount": str(payment.amount)}
        started = Entry(payment.registered_at, "they", "debit_started", "customer", facts, item_id)
        entries.append(started)
        if payment.returned_at is not None and not payment.was_ours:
            why = {**facts, "bank_said": payment.returned_because}
            entries.append(Entry(payment.returned_at, "they", "debit_failed", "bank", why, item_id))
        told = delivery.about(session, BusinessKey(checkout.business), payment.id)
        entries += _of_mails(mail for mail in told if mail.kind != "receipt")
    return [replace(entry, item_id=item_id) for entry in entries]


def _of_money(
    session: Session, invoice: Invoice | None, allocations: Iterable[Allocation]
) -> list[Entry]:
    if invoice is None:
        return []
    entries: list[Entry] = []
    left = invoice.total
    for part in allocations:
        left = left - part.amount
        how = "part" if left.is_positive else "whole"
        who, evidence = _payer(session, part)
        facts = {"amount": str(part.amount), "paid": how, **evidence}
        end, what = _way(part)
        entries.append(Entry(part.allocated_at, end, what, who, facts, invoice.id))
        if part.undone_at is not None:
            left = left + part.amount
            entries.append(Entry(part.undone_at, end, "payment_undone", who, facts, invoice.id))
    return entries


def _promises(invoice: Invoice | None) -> list[Entry]:
    if invoice is None or invoice.promised_at is None:
        return []
    facts = {"promised_for": invoice.promised_on.isoformat() if invoice.promised_on else "over"}
    who = invoice.promised_by or "customer"
    return [Entry(invoice.promised_at, "they", "promised", who, facts, invoice.id)]


def _way(part: Allocation) -> tuple[Side, str]:
    """From which end an item was paid, and how: by them, by us, or from the balance."""
    if part.payment_id is not None:
        return "they", "payment_made"
    if part.bearer is not None:
        return "we", "deduction_accepted"
    return "we", "credited" if part.credit_note_id is not None else "paid_from_balance"


def _payer(session: Session, part: Allocation) -> tuple[str, dict[str, Any]]:
    if part.payment_id is None:
        if part.bearer is not None:
            return part.allocated_by or "tillmail", {"borne_by": part.bearer.replace("_", " ")}
        if part.credit_note_id is None:
            return part.allocated_by or "tillmail", {}
        note = invoices.by_id(session, BusinessKey(part.business), part.credit_note_id)
        return "tillmail", {"credit_note": note.number if note else part.credit_note_id}
    payment = payments.by_id(session, BusinessKey(part.business), part.payment_id)
    if payment is None:
        return "customer", {"payment": part.payment_id}
    return payment.registered_by or "customer", {
        "payment": payment.id,
        "method": payment.method,
        "proved_by": payment.evidence_type,
        "proof": payment.evidence_id,
    }


def _receipts(
    session: Session, business: BusinessKey, item_id: str, allocations: Iterable[Allocation]
) -> list[Entry]:
    paid_by = dict.fromkeys(part.payment_id or part.id for part in allocations)
    return [
        Entry(
            mail.sent_at,
            "we",
            "receipt_sent",
            "tillmail",
            {"notice": mail.id, "to": mail.recipient, "payment": payment_id},
            item_id,
        )
        for payment_id in paid_by
        for mail in delivery.about(session, business, payment_id)
        if mail.kind == "receipt" and mail.sent_at is not None
    ]


def _sender(mail: Notice) -> str:
    """Who had it sent: staff who asked for it once more, else the house itself."""
    kind, _, rest = mail.occasion.partition(":")
    return rest.rpartition(":")[2] if kind == "sent-again" and rest else "tillmail"
