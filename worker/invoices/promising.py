"""Promises of customers: the day is kept with the item; nothing urges them before it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import review
from worker.invoices.model import Invoice
from worker.invoices.records import still_to_pay
from worker.kernel.ids import BusinessKey

_A_SWEEP = 200


def promise(invoice: Invoice, on: date, *, by: str, at: datetime) -> None:
    """Keep the day by which the customer says they will pay; a later word replaces it."""
    invoice.promised_on, invoice.promised_by, invoice.promised_at = on, by, at


def may_be_urged(invoice: Invoice, on: date) -> bool:
    """Whether mail may urge payment on this day: nobody rests it, and no promise still runs."""
    is_promised = invoice.promised_on is not None and on <= invoice.promised_on
    return invoice.rests_since is None and not is_promised


def ask_about_broken(session: Session, business: BusinessKey, *, on: date, at: datetime) -> int:
    """Tell staff of each promise whose day is over and whose item is still owed, once."""
    asked = 0
    for invoice in _over(session, business, on):
        owed = still_to_pay(session, invoice)
        if owed.is_positive:
            _ask(session, invoice, str(owed), at=at)
            asked += 1
        # The day has done its work; who promised it, and when, stays in the time line.
        invoice.promised_on = None
    return asked


def _over(session: Session, business: BusinessKey, on: date) -> Sequence[Invoice]:
    return session.scalars(
        select(Invoice)
        .where(Invoice.business == business, Invoice.promised_on < on)
        .order_by(Invoice.promised_on, Invoice.id)
        .limit(_A_SWEEP)
        .with_for_update(skip_locked=True)
    ).all()


def _ask(session: Session, invoice: Invoice, owed: str, *, at: datetime) -> None:
    question = review.Question(
        kind="promise_broken",
        subject=invoice.id,
        text=(
            f"{invoice.number} was promised for {invoice.promised_on}, and {owed} of it is still "
            "to be paid. It may be urged again."
        ),
        evidence={
            "invoice": invoice.number,
            "still_to_pay": owed,
            "from": invoice.promised_by,
        },
        choices=["done"],
    )
    review.ask(session, BusinessKey(invoice.business), question, at=at)
