"""What always holds of payments and checkouts (RELIABILITY: invariants 5, 6, 7, 10, 15, 17)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Subquery, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.invoices import Invoice
from worker.ledger import Account, Entry, Posting
from worker.payments.model import (
    Allocation,
    Checkout,
    CheckoutState,
    Payment,
    PaymentState,
    Webhook,
)
from worker.store.blobs import Blob

SHOWN = 50
_CASH = (Account.GATEWAY_CLEARING.value, Account.BANK.value)
_SETTLED = "payment-settled:"
_LIVE = (CheckoutState.OPENING.value, CheckoutState.OPEN.value)


def no_payment_is_applied_twice(session: Session) -> list[str]:
    """What a payment was applied to is no more than it brought, and only settled money counts."""
    applied = _applied_by(Allocation.payment_id)
    rows = session.execute(
        select(Payment.business, Payment.id)
        .join(applied, and_(applied.c.business == Payment.business, applied.c.id == Payment.id))
        .where(
            or_(
                applied.c.minor > Payment.amount_minor,
                Payment.state != PaymentState.SETTLED.value,
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {payment} is applied beyond its amount." for business, payment in rows]


def no_item_is_paid_twice(session: Session) -> list[str]:
    """What was applied to an item is no more than its total."""
    applied = _applied_by(Allocation.item_id)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .join(applied, and_(applied.c.business == Invoice.business, applied.c.id == Invoice.id))
        .where(applied.c.minor > Invoice.total_minor)
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} is paid beyond its total." for business, invoice in rows]


def money_stays_in_its_currency(session: Session) -> list[str]:
    """Payment, allocation and item are in one currency."""
    rows = session.execute(
        select(Allocation.business, Allocation.id)
        .join(Payment, _same(Payment.business, Payment.id, Allocation.payment_id))
        .join(Invoice, _same(Invoice.business, Invoice.id, Allocation.item_id))
        .where(
            or_(
                Allocation.currency != Payment.currency,
                Allocation.currency != Invoice.currency,
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {allocation} changes currency." for business, allocation in rows]


def paid_follows_from_allocations(session: Session) -> list[str]:
    """What is still to pay of an invoice is its total less what was applied to it."""
    applied = _applied_by(Allocation.item_id)
    owed = (
        select(Posting.business, Posting.item_id, func.sum(Posting.amount_minor).label("minor"))
        .where(Posting.account == Account.RECEIVABLE.value)
        .group_by(Posting.business, Posting.item_id)
        .subquery()
    )
    rest = Invoice.total_minor - func.coalesce(applied.c.minor, 0)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .outerjoin(
            applied, and_(applied.c.business == Invoice.business, applied.c.id == Invoice.id)
        )
        .outerjoin(owed, and_(owed.c.business == Invoice.business, owed.c.item_id == Invoice.id))
        .where(
            Invoice.issued_at.is_not(None),
            Invoice.corrected_at.is_(None),
            func.coalesce(owed.c.minor, 0) != rest,
        )
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} owes another amount." for business, invoice in rows]


def settled_money_is_posted_on_evidence(session: Session) -> list[str]:
    """A settled payment names its evidence and is posted whole; an announced one is not posted."""
    posted = _cash_posted()
    is_settled = Payment.state.in_((PaymentState.SETTLED.value, PaymentState.RETURNED.value))
    lacks = or_(
        Payment.evidence_type.is_(None),
        Payment.evidence_id.is_(None),
        func.coalesce(posted.c.minor, 0) != Payment.amount_minor,
    )
    rows = session.execute(
        select(Payment.business, Payment.id)
        .outerjoin(
            posted,
            and_(
                posted.c.business == Payment.business,
                posted.c.source == _SETTLED + Payment.id,
            ),
        )
        .where(or_(and_(is_settled, lacks), and_(~is_settled, posted.c.minor.is_not(None))))
        .limit(SHOWN)
    )
    return [f"{business}: {payment} is not posted as proved." for business, payment in rows]


def posted_money_has_a_payment(session: Session) -> list[str]:
    """No cash stands in the ledger as settled without the payment that proves it."""
    # The id is cut out of the source, not the source put together, so that the key's index serves.
    payment_id = func.substr(Entry.source, len(_SETTLED) + 1)
    there = exists().where(Payment.business == Entry.business, Payment.id == payment_id)
    rows = session.execute(
        select(Entry.business, Entry.source)
        .where(Entry.source.startswith(_SETTLED), ~there)
        .limit(SHOWN)
    )
    return [f"{business}: {source} has no payment." for business, source in rows]


def one_payment_page_at_a_time(session: Session) -> list[str]:
    """An item has one live checkout at most, so two tabs cannot take its money twice."""
    rows = session.execute(
        select(Checkout.business, Checkout.item_id)
        .where(Checkout.state.in_(_LIVE))
        .group_by(Checkout.business, Checkout.item_id)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: {item} has two live payment pages." for business, item in rows]


def ended_checkouts_stay_ended(session: Session) -> list[str]:
    """A checkout has an end exactly when it is complete or expired."""
    is_live = Checkout.state.in_(_LIVE)
    rows = session.execute(
        select(Checkout.business, Checkout.id)
        .where(
            or_(
                and_(is_live, Checkout.ended_at.is_not(None)),
                and_(~is_live, Checkout.ended_at.is_(None)),
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {checkout} is ended and is not." for business, checkout in rows]


def webhooks_keep_their_bytes(session: Session) -> list[str]:
    """The signed bytes of every event that was heard are kept."""
    kept = exists().where(Blob.business == Webhook.business, Blob.sha256 == Webhook.body_sha256)
    rows = session.execute(select(Webhook.business, Webhook.event_id).where(~kept).limit(SHOWN))
    return [f"{business}: event {event} has lost its bytes." for business, event in rows]


def _applied_by(target: InstrumentedAttribute[str]) -> Subquery:
    return (
        select(
            Allocation.business,
            target.label("id"),
            func.sum(Allocation.amount_minor).label("minor"),
        )
        .where(Allocation.undone_at.is_(None))
        .group_by(Allocation.business, target)
        .subquery()
    )


def _cash_posted() -> Subquery:
    return (
        select(Entry.business, Entry.source, func.sum(Posting.amount_minor).label("minor"))
        .join(Entry.postings)
        .where(Posting.account.in_(_CASH), Entry.source.startswith(_SETTLED))
        .group_by(Entry.business, Entry.source)
        .subquery()
    )


def _same(
    business: InstrumentedAttribute[str],
    key: InstrumentedAttribute[str],
    target: InstrumentedAttribute[str],
) -> ColumnElement[bool]:
    return and_(business == Allocation.business, key == target)


INVARIANTS = (
    no_payment_is_applied_twice,
    no_item_is_paid_twice,
    money_stays_in_its_currency,
    paid_follows_from_allocations,
    settled_money_is_posted_on_evidence,
    posted_money_has_a_payment,
    one_payment_page_at_a_time,
    ended_checkouts_stay_ended,
    webhooks_keep_their_bytes,
)
