"""The desk's questions: advices found, and what a customer owes as matching wants it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session, aliased

from worker import ledger, store
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, zero
from worker.ledger import Account
from worker.payments import Allocation
from worker.remittance.advices import Advice, AdviceState, ProposedLine
from worker.remittance.model import Item
from worker.remittance.netting import SetAgainst
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


# Columns and no objects: a large customer has a thousand items, and every advice looks at them all.
_invoice = store.table_of(Invoice).c
_ISSUED = (
    select(_invoice.id, _invoice.number, _invoice.currency, _invoice.issue_on, _invoice.due_on)
    .where(
        _invoice.business == bindparam("business"),
        _invoice.customer_id == bindparam("who"),
        _invoice.issued_at.is_not(None),
        _invoice.voided_at.is_(None),
        _invoice.corrected_at.is_(None),
    )
    .order_by(_invoice.due_on, _invoice.issued_at, _invoice.id)
)
_OWNERS = select(_invoice.number_key, _invoice.customer_id).where(
    _invoice.business == bindparam("business"),
    _invoice.number_key.in_(bindparam("keys", expanding=True)),
    _invoice.customer_id.is_not(None),
    _invoice.issued_at.is_not(None),
)


def items_of(session: Session, business: BusinessKey, customer_id: str) -> list[tuple[str, Item]]:
    """Everything a customer was issued and that is in force, with what is open of each, by id."""
    found = session.execute(_ISSUED, {"business": business, "who": customer_id}).all()
    held: dict[str, Money] = {}
    for code in {row.currency for row in found}:
        held |= ledger.held_by_items(session, business, Account.RECEIVABLE, customer_id, code)
    return [(row.id, _item(row, held.get(row.id, zero(row.currency)))) for row in found]


def notes_set_against(session: Session, customer: Customer) -> dict[str, SetAgainst]:
    """The customer's credit notes that were set whole against one invoice, by their numbers."""
    note, item = aliased(Invoice), aliased(Invoice)
    rows = session.execute(
        select(note.number, item.number, Allocation.amount_minor, note.total_minor, note.currency)
        .join(note, (note.business == Allocation.business) & (note.id == Allocation.credit_note_id))
        .join(item, (item.business == Allocation.business) & (item.id == Allocation.item_id))
        .where(
            Allocation.business == customer.business,
            Allocation.undone_at.is_(None),
            note.customer_id == customer.id,
            item.customer_id == customer.id,
        )
    )
    return {
        number: SetAgainst(number, of, Money(minor, code))
        for number, of, minor, whole, code in rows
        if minor == abs(whole)
    }


def owners(session: Session, business: BusinessKey, numbers: Iterable[str]) -> dict[str, set[str]]:
    """Whose invoices bear these numbers exactly: customers' ids by the number as it is squeezed."""
    written = {number: "".join(number.split()).upper() for number in numbers}
    asked = {"business": business, "keys": sorted(set(written.values()))}
    bearing: dict[str, set[str]] = {}
    for key, customer_id in session.execute(_OWNERS, asked) if written else ():
        bearing.setdefault(key, set()).add(customer_id)
    found: dict[str, set[str]] = {}
    for number, key in written.items():
        if key in bearing:
            found.setdefault(squeezed(number), set()).update(bearing[key])
    return found


def _item(invoice: Row[*tuple[Any, ...]], owed: Money) -> Item:
    return Item(
        number=invoice.number,
        open=owed,
        issued_on=invoice.issue_on,
        due_on=invoice.due_on,
        is_settled=owed.is_zero,
    )
