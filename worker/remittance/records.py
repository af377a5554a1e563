"""The desk's questions: advices found, and what a customer owes as matching wants it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from worker import invoices, ledger, store
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, zero
from worker.ledger import Account
from worker.remittance.advices import Advice, AdviceState, ProposedLine
from worker.remittance.model import Item
from worker.remittance.numbers import squeezed

_STANDING = (AdviceState.REVIEW.value, AdviceState.ANNOUNCED.value)


def by_id(session: Session, business: BusinessKey, advice_id: str) -> Advice | None:
    """One advice."""
    return store.get(session, Advice, business, advice_id)


def of_mail(session: Session, business: BusinessKey, mail_id: str) -> Sequence[Advice]:
    """What a mail told of, in its order."""
    return store.every(session, Advice, order="position", business=business, mail_id=mail_id)


def of_payment(session: Session, business: BusinessKey, payment_id: str) -> Sequence[Advice]:
    """The advices that a payment stands for, the first first."""
    return store.every(
        session, Advice, order="read_at, id", business=business, payment_id=payment_id
    )


def of_customer(session: Session, business: BusinessKey, customer_id: str) -> Sequence[Advice]:
    """All that a customer told of, the first first."""
    about = {"business": business, "customer_id": customer_id}
    return store.every(session, Advice, order="read_at, id", **about)


def waiting_of(session: Session, business: BusinessKey, customer_id: str) -> Sequence[Advice]:
    """The claims of a customer that wait for money, the first first."""
    about = {"customer_id": customer_id, "state": AdviceState.ANNOUNCED.value}
    return store.every(session, Advice, order="read_at, id", business=business, **about)


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Advice]:
    """The last advices, newest first."""
    return session.scalars(
        select(Advice)
        .where(Advice.business == business)
        .order_by(Advice.read_at.desc(), Advice.id)
        .limit(limit)
    ).all()


def announced(session: Session, business: BusinessKey) -> Sequence[Advice]:
    """Claims that wait for evidence, the first first."""
    return session.scalars(
        select(Advice)
        .where(Advice.business == business, Advice.state == AdviceState.ANNOUNCED.value)
        .order_by(Advice.read_at, Advice.id)
    ).all()


def to_lapse(session: Session, *, at: datetime, limit: int) -> Sequence[Advice]:
    """Claims of every business that nothing proved in time."""
    return session.scalars(
        select(Advice)
        .where(Advice.state == AdviceState.ANNOUNCED.value, Advice.lapses_at <= at)
        .order_by(Advice.lapses_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def lines_of(session: Session, advice: Advice) -> Sequence[ProposedLine]:
    """What is proposed for an advice."""
    about = {"business": advice.business, "advice_id": advice.id}
    return store.every(session, ProposedLine, order="position", **about)


def line_id(line: ProposedLine) -> str:
    """What a question about one line is about."""
    return f"{line.advice_id}:{line.position}"


def line_called(session: Session, business: BusinessKey, name: str) -> ProposedLine | None:
    """The line that a question is about."""
    advice_id, _, position = name.partition(":")
    if not position.isdecimal():
        return None
    return session.get(ProposedLine, (business, advice_id, int(position)))


def is_standing(advice: Advice) -> bool:
    """Whether nothing has become of it yet."""
    return advice.state in _STANDING


def items_of(
    session: Session, business: BusinessKey, customer_id: str
) -> list[tuple[Invoice, Item]]:
    """Everything a customer was issued and that is in force, with what is open of each."""
    found = session.scalars(
        select(Invoice)
        .where(
            Invoice.business == business,
            Invoice.customer_id == customer_id,
            Invoice.issued_at.is_not(None),
            Invoice.voided_at.is_(None),
            Invoice.corrected_at.is_(None),
        )
        # The reading is large, and matching does not look at it.
        .options(defer(Invoice.reading))
        .order_by(Invoice.due_on, Invoice.issued_at, Invoice.id)
    ).all()
    held: dict[str, Money] = {}
    for code in {invoice.currency for invoice in found}:
        held |= ledger.held_by_items(session, business, Account.RECEIVABLE, customer_id, code)
    return [(i, _item(i, held.get(i.id, zero(i.currency)))) for i in found]


def owners(session: Session, business: BusinessKey, numbers: Iterable[str]) -> dict[str, set[str]]:
    """Whose invoices bear these numbers exactly: customers' ids by the number as it is squeezed."""
    found: dict[str, set[str]] = {}
    for number in numbers:
        for invoice in invoices.called(session, business, number):
            if invoice.customer_id is not None and invoice.issued_at is not None:
                found.setdefault(squeezed(number), set()).add(invoice.customer_id)
    return found


def _item(invoice: Invoice, owed: Money) -> Item:
    return Item(
        number=invoice.number,
        open=owed,
        issued_on=invoice.issue_on,
        due_on=invoice.due_on,
        is_settled=owed.is_zero,
    )
