"""What is owed, found."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session, defer

from worker import ledger, store
from worker.invoices.model import Invoice, State, state_of
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.ledger import Account

# The reading is large, and a list does not show it.
_LISTED = (
    select(Invoice)
    .where(
        Invoice.business == bindparam("business"),
        Invoice.id.in_(bindparam("ids", expanding=True)),
    )
    .options(defer(Invoice.reading))
    .order_by(Invoice.due_on, Invoice.issued_at, Invoice.id)
)


def by_id(session: Session, business: BusinessKey, invoice_id: str) -> Invoice | None:
    """One invoice."""
    return store.get(session, Invoice, business, invoice_id)


def lock(session: Session, business: BusinessKey, invoice_id: str) -> Invoice | None:
    """One invoice as it stands now, locked; take the customer's lock first."""
    return store.lock(session, Invoice, business, invoice_id)


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
        .where(Invoice.business == business)
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


def open_of(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> list[tuple[Invoice, Money]]:
    """What a customer has to pay in a currency and how much of it, the first due first."""
    owed = ledger.held_by_items(session, business, Account.RECEIVABLE, customer_id, currency)
    due = [item_id for item_id, amount in owed.items() if amount.is_positive]
    found = session.scalars(_LISTED, {"business": business, "ids": due})
    payable = {State.OPEN, State.PART_PAID}
    return [
        (item, owed[item.id])
        for item in found
        if not item.is_credit and state_of(item, owed[item.id]) in payable
    ]


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
