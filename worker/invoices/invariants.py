"""What always holds of invoices (RELIABILITY: invariants 5 and 6)."""

from __future__ import annotations

from sqlalchemy import Subquery, and_, case, func, or_, select
from sqlalchemy.orm import Session

from worker.invoices.model import CREDIT_REQUEST, EFFECT_MINOR, Invoice
from worker.ledger import Account, Entry, Posting

SHOWN = 50


def issued_invoices_are_posted(session: Session) -> list[str]:
    """An issued invoice was posted once with its total; one that is not issued never was."""
    posted = (
        select(Entry.business, Entry.source, func.sum(Posting.amount_minor).label("minor"))
        .join(Entry.postings)
        .where(Posting.account == Account.RECEIVABLE.value)
        .group_by(Entry.business, Entry.source)
        .subquery()
    )
    should_be = case((Invoice.issued_at.is_not(None), EFFECT_MINOR), else_=0)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .outerjoin(
            posted,
            and_(
                posted.c.business == Invoice.business,
                posted.c.source == "invoice-issued:" + Invoice.id,
            ),
        )
        .where(func.coalesce(posted.c.minor, 0) != should_be)
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} is not posted as issued." for business, invoice in rows]


def nobody_owes_less_than_nothing(session: Session) -> list[str]:
    """What is still to pay lies between nothing and the total; of a corrected one it is nothing.

    What a credit note is still good for lies below nothing in the same way.
    """
    owed = _owed()
    whole = case((Invoice.corrected_at.is_not(None), 0), else_=EFFECT_MINOR)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .join(owed, and_(owed.c.business == Invoice.business, owed.c.item_id == Invoice.id))
        .where(
            or_(
                owed.c.minor * case((whole < 0, -1), else_=1) < 0,
                func.abs(owed.c.minor) > func.abs(whole),
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} owes what it cannot." for business, invoice in rows]


def one_version_of_a_number_is_in_force(session: Session) -> list[str]:
    """Of all versions of an invoice number, one at most is owed."""
    rows = session.execute(
        select(Invoice.business, Invoice.number_key)
        .where(Invoice.issued_at.is_not(None), Invoice.corrected_at.is_(None))
        .group_by(Invoice.business, Invoice.number_key)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: invoice {number} is owed twice." for business, number in rows]


def issued_invoices_say_who_owes(session: Session) -> list[str]:
    """An issued invoice has a customer and an address, and was never void."""
    incomplete = or_(
        Invoice.customer_id.is_(None),
        Invoice.recipient.is_(None),
        # A credit request is no claim: it may be ended when it is out.
        and_(Invoice.voided_at.is_not(None), Invoice.doc_type != CREDIT_REQUEST),
    )
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .where(Invoice.issued_at.is_not(None), incomplete)
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} is issued to nobody, or void." for business, invoice in rows]


def _owed() -> Subquery:
    return (
        select(Posting.business, Posting.item_id, func.sum(Posting.amount_minor).label("minor"))
        .where(Posting.account == Account.RECEIVABLE.value)
        .group_by(Posting.business, Posting.item_id)
        .subquery()
    )


INVARIANTS = (
    issued_invoices_are_posted,
    nobody_owes_less_than_nothing,
    one_version_of_a_number_is_in_force,
    issued_invoices_say_who_owes,
)
