"""Payments, allocations and checkouts, found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.kernel.ids import BusinessKey
from worker.payments.model import Allocation, Checkout, CheckoutState, Payment

_LIVE = (CheckoutState.OPENING.value, CheckoutState.OPEN.value)


def by_id(session: Session, business: BusinessKey, payment_id: str) -> Payment | None:
    """One payment."""
    return session.get(Payment, (business, payment_id))


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Payment]:
    """The last payments registered, newest first."""
    return session.scalars(
        select(Payment)
        .where(Payment.business == business)
        .order_by(Payment.registered_at.desc(), Payment.id)
        .limit(limit)
    ).all()


def settled_by(
    session: Session, business: BusinessKey, evidence_type: str, evidence_id: str
) -> Payment | None:
    """The payment that this evidence settled."""
    return session.scalar(
        select(Payment).where(
            Payment.business == business,
            Payment.evidence_type == evidence_type,
            Payment.evidence_id == evidence_id,
        )
    )


def allocations_of(
    session: Session, business: BusinessKey, payment_id: str
) -> Sequence[Allocation]:
    """What a payment was applied to, as it stands."""
    return session.scalars(
        select(Allocation).where(
            Allocation.business == business,
            Allocation.payment_id == payment_id,
            Allocation.undone_at.is_(None),
        )
    ).all()


def allocated_to(session: Session, business: BusinessKey, item_id: str) -> Sequence[Allocation]:
    """What was applied to an item, as it stands."""
    return session.scalars(
        select(Allocation)
        .where(
            Allocation.business == business,
            Allocation.item_id == item_id,
            Allocation.undone_at.is_(None),
        )
        .order_by(Allocation.allocated_at)
    ).all()


def ever_allocated_to(
    session: Session, business: BusinessKey, item_id: str
) -> Sequence[Allocation]:
    """Whatever was applied to an item, what was undone again included, the first first."""
    return session.scalars(
        select(Allocation)
        .where(Allocation.business == business, Allocation.item_id == item_id)
        .order_by(Allocation.allocated_at, Allocation.id)
    ).all()


def checkouts_of(session: Session, business: BusinessKey, item_id: str) -> Sequence[Checkout]:
    """Every checkout that was begun for an item, the first first."""
    return session.scalars(
        select(Checkout)
        .where(Checkout.business == business, Checkout.item_id == item_id)
        .order_by(Checkout.opened_at, Checkout.id)
    ).all()


def checkout(session: Session, business: BusinessKey, checkout_id: str) -> Checkout | None:
    """One checkout."""
    return session.get(Checkout, (business, checkout_id))


def checkout_of_session(
    session: Session, business: BusinessKey, session_id: str
) -> Checkout | None:
    """The checkout whose hosted page this is."""
    return session.scalar(
        select(Checkout).where(Checkout.business == business, Checkout.session_id == session_id)
    )


def live_checkout(session: Session, business: BusinessKey, item_id: str) -> Checkout | None:
    """The checkout under way for an item."""
    return session.scalar(
        select(Checkout)
        .where(
            Checkout.business == business,
            Checkout.item_id == item_id,
            Checkout.state.in_(_LIVE),
        )
        .order_by(Checkout.opened_at.desc())
        .limit(1)
    )


def checkouts_to_look_at(session: Session, *, at: datetime, limit: int) -> Sequence[Checkout]:
    """Live checkouts that are due to be looked up, of every business."""
    return session.scalars(
        select(Checkout)
        .where(Checkout.state.in_(_LIVE), Checkout.look_at <= at)
        .order_by(Checkout.look_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
