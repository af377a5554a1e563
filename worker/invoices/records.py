"""What is owed, found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from worker import ledger, store
from worker.invoices.model import CREDIT_REQUEST, Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.ledger import Account, Posting
from worker.readers.model import DocType

_invoice, _held = store.table_of(Invoice).c, ledger.HELD_BY_ITEMS.subquery()
# A page asks this with every look at it: built once, columns and no objects. `state_of` says the
# same of one invoice: open or part paid. A desk that shows more of each adds its columns.
OPEN = (
    select(
        _invoice.id,
        _invoice.number,
        _invoice.issue_on,
        _invoice.due_on,
        _invoice.total_minor,
        _held.c.minor,
        _invoice.doc_type,
        _invoice.promised_on,
    )
    .join_from(store.table_of(Invoice), _held, _held.c.item_id == _invoice.id)
    .where(
        _invoice.business == bindparam("business"),
        _invoice.issued_at.is_not(None),
        _invoice.voided_at.is_(None),
        _invoice.corrected_at.is_(None),
        _invoice.doc_type != DocType.CREDIT_NOTE.value,
        _invoice.total_minor >= 0,
        _held.c.minor > 0,
    )
    .order_by(_invoice.due_on, _invoice.issued_at, _invoice.id)
)
_OPEN_ROWS = store.Prepared(OPEN)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What a list shows of an invoice that is to be paid."""

    id: str
    number: str
    issue_on: date | None
    due_on: date | None
    total: Money
    still_to_pay: Money
    is_credit_request: bool
    promised_on: date | None


def by_id(session: Session, business: BusinessKey, invoice_id: str) -> Invoice | None:
    """One invoice."""
    return store.get(session, Invoice, business, invoice_id)


def lock(session: Session, business: BusinessKey, invoice_id: str) -> Invoice | None:
    """One invoice as it stands now, locked; take the customer's lock first."""
    return store.lock(session, Invoice, business, invoice_id)


def lock_all(
    session: Session, business: BusinessKey, invoice_ids: Iterable[str]
) -> dict[str, Invoice]:
    """As `lock`, for many, in the order of their ids; what is not there is left out."""
    return store.lock_all(session, Invoice, business, invoice_ids)


def called(session: Session, business: BusinessKey, name: str) -> Sequence[Invoice]:
    """Invoices that a person means by an id or a number, newest version first."""
    key = "".join(name.split()).upper()
    return session.scalars(
        select(Invoice)
        .where(Invoice.business == business, or_(Invoice.id == name, Invoice.number_key == key))
        .order_by(Invoice.version.desc())
    ).all()


def versions(session: Session, business: BusinessKey, key: str) -> Sequence[Invoice]:
    """Every version of a number, the oldest first."""
    return store.every(session, Invoice, order="version", business=business, number_key=key)


def of_mail(session: Session, business: BusinessKey, mail_id: str) -> Sequence[Invoice]:
    """What a mail brought."""
    return session.scalars(
        select(Invoice).where(Invoice.business == business, Invoice.mail_id == mail_id)
    ).all()


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Invoice]:
    """The last invoices received, newest first."""
    return session.scalars(
        select(Invoice)
        .where(Invoice.business == business, Invoice.doc_type != CREDIT_REQUEST)
        .order_by(Invoice.received_at.desc(), Invoice.id)
        .limit(limit)
    ).all()


def of_customer(session: Session, business: BusinessKey, customer_id: str) -> Sequence[Invoice]:
    """Everything a customer was issued, the first due first."""
    return session.scalars(
        select(Invoice)
        .where(
            Invoice.business == business,
            Invoice.customer_id == customer_id,
            Invoice.issued_at.is_not(None),
        )
        .order_by(Invoice.due_on, Invoice.issued_at, Invoice.id)
    ).all()


def contracts_of(session: Session, business: BusinessKey, customer_id: str) -> list[str]:
    """The contracts that a customer's invoices name (BT-12), in the order of the alphabet."""
    named = Invoice.reading["contract"].as_string()
    found = session.scalars(
        select(named)
        .where(
            Invoice.business == business,
            Invoice.customer_id == customer_id,
            Invoice.issued_at.is_not(None),
            Invoice.voided_at.is_(None),
            named.is_not(None),
        )
        .distinct()
    )
    return sorted(number for number in found if number)


def currencies_of(session: Session, business: BusinessKey, customer_id: str) -> list[str]:
    """The currencies that a customer was ever issued something in."""
    found = session.scalars(
        select(Invoice.currency)
        .where(
            Invoice.business == business,
            Invoice.customer_id == customer_id,
            Invoice.issued_at.is_not(None),
        )
        .distinct()
    )
    return sorted(found)


def open_of(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> list[OpenItem]:
    """What a customer has to pay in a currency, the first due first."""
    about = open_for(business, customer_id, currency)
    return [open_item(row, currency) for row in _OPEN_ROWS.rows(session, about)]


def open_for(business: BusinessKey, customer_id: str, currency: str) -> dict[str, str]:
    """What `OPEN` asks to be told."""
    held = {"account": Account.RECEIVABLE.value, "who": customer_id, "code": currency}
    return {"business": business, **held}


def open_item(row: Sequence[Any], currency: str) -> OpenItem:
    """What a row of `OPEN` says; columns that were added stand behind its own."""
    id, number, issue_on, due_on, asked, left, doc_type, promised_on = row[:8]
    return OpenItem(
        id,
        number,
        issue_on,
        due_on,
        Money(asked, currency),
        Money(int(left), currency),
        doc_type == CREDIT_REQUEST,
        promised_on,
    )


def overdue(session: Session, business: BusinessKey, *, on: date) -> Sequence[Invoice]:
    """What should have been paid before this day and is owed still, the longest due first."""
    owing = (
        select(Posting.item_id)
        .where(Posting.business == business, Posting.account == Account.RECEIVABLE.value)
        .group_by(Posting.item_id)
        .having(func.sum(Posting.amount_minor) > 0)
    )
    return session.scalars(
        select(Invoice)
        .where(
            Invoice.business == business,
            Invoice.due_on < on,
            Invoice.issued_at.is_not(None),
            Invoice.voided_at.is_(None),
            Invoice.corrected_at.is_(None),
            Invoice.id.in_(owing),
        )
        .order_by(Invoice.due_on, Invoice.number, Invoice.id)
    ).all()


def still_to_pay(session: Session, invoice: Invoice) -> Money:
    """What the customer owes of this invoice now: its receivable in the ledger."""
    return ledger.held_for_item(
        session,
        BusinessKey(invoice.business),
        Account.RECEIVABLE,
        invoice.id,
        invoice.currency,
    )


def replaces_sent(session: Session, invoice: Invoice) -> bool:
    """Whether it took the place of an earlier version that the customer was sent."""
    if invoice.version == 1:
        return False
    earlier = versions(session, BusinessKey(invoice.business), invoice.number_key)
    return any(v.corrected_at is not None and v.version < invoice.version for v in earlier)


def credits_waiting(session: Session, business: BusinessKey, item_id: str) -> Sequence[Invoice]:
    """Credit notes of an invoice that are not set against it yet, the first issued first."""
    found = session.scalars(
        select(Invoice)
        .where(
            Invoice.business == business,
            Invoice.credits_id == item_id,
            Invoice.issued_at.is_not(None),
        )
        .order_by(Invoice.issued_at, Invoice.id)
    ).all()
    return [note for note in found if not still_to_pay(session, note).is_zero]
