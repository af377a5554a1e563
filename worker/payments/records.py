"""Payments, allocations, refunds and disputes, found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from worker import store
from worker.invoices import CREDIT_REQUEST, Invoice
from worker.kernel.ids import BusinessKey
from worker.payments.model import (
    Allocation,
    Checkout,
    Payment,
    PaymentState,
    Share,
)
from worker.payments.reversals import Dispute, Refund, RefundState

_UNDER_WAY = store.Question(
    Payment,
    select(Payment)
    .where(
        Payment.business == bindparam("business"),
        Payment.customer_id == bindparam("who"),
        Payment.currency == bindparam("code"),
        store.one_of(Payment.state, (PaymentState.ANNOUNCED.value, PaymentState.PENDING.value)),
    )
    .order_by(Payment.registered_at, Payment.id),
)


def by_id(session: Session, business: BusinessKey, payment_id: str) -> Payment | None:
    """One payment."""
    return store.get(session, Payment, business, payment_id)


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
    about = {"evidence_type": evidence_type, "evidence_id": evidence_id}
    return store.one(session, Payment, business=business, **about)


def allocations_of(
    session: Session, business: BusinessKey, payment_id: str
) -> Sequence[Allocation]:
    """What a payment was applied to, as it stands."""
    about = {"payment_id": payment_id, "undone_at": None}
    return store.every(session, Allocation, order="allocated_at, id", business=business, **about)


def undone_of(session: Session, business: BusinessKey, payment_id: str) -> Sequence[Allocation]:
    """What a payment was applied to once and is no more."""
    return session.scalars(
        select(Allocation).where(
            Allocation.business == business,
            Allocation.payment_id == payment_id,
            Allocation.undone_at.is_not(None),
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


def brought_by(session: Session, checkout: Checkout) -> Payment | None:
    """The payment that a checkout brought, or is bringing."""
    return session.scalar(
        select(Payment)
        .where(Payment.business == checkout.business, Payment.checkout_id == checkout.id)
        .order_by(Payment.registered_at.desc())
        .limit(1)
    )


def under_way(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> Sequence[Payment]:
    """What a customer has announced, or a bank is still at, the first first."""
    about = {"business": business, "who": customer_id, "code": currency}
    return _UNDER_WAY.ask(session, about)


def items_behind(session: Session, payment: Payment, *, since: datetime) -> Sequence[Invoice]:
    """What a payment paid and pays no more, since then; of a bank debit that never was ours, what
    its page asked for."""
    business = BusinessKey(payment.business)
    of_page = select(Share.item_id).where(
        Share.business == business, Share.checkout_id == payment.checkout_id
    )
    undone = select(Allocation.item_id).where(
        Allocation.business == business,
        Allocation.payment_id == payment.id,
        Allocation.undone_at >= since,
    )
    wanted = undone if payment.was_ours else of_page
    return session.scalars(
        select(Invoice)
        .where(Invoice.business == business, Invoice.id.in_(wanted))
        .order_by(Invoice.number)
    ).all()


def refunds_of(session: Session, business: BusinessKey, payment_id: str) -> Sequence[Refund]:
    """What of a payment was asked to go back, or went, the first first."""
    return session.scalars(
        select(Refund)
        .where(Refund.business == business, Refund.payment_id == payment_id)
        .order_by(Refund.asked_at, Refund.id)
    ).all()


def refund(session: Session, business: BusinessKey, refund_id: str) -> Refund | None:
    """One refund."""
    return session.get(Refund, (business, refund_id))


def refund_at_gateway(session: Session, business: BusinessKey, stripe_id: str) -> Refund | None:
    """The refund that the gateway knows by this id."""
    return session.scalar(
        select(Refund).where(Refund.business == business, Refund.stripe_id == stripe_id)
    )


def disputes_of(session: Session, business: BusinessKey, payment_id: str) -> Sequence[Dispute]:
    """The disputes about a payment, the first first."""
    return session.scalars(
        select(Dispute)
        .where(Dispute.business == business, Dispute.payment_id == payment_id)
        .order_by(Dispute.opened_at, Dispute.id)
    ).all()


def dispute_at_gateway(session: Session, business: BusinessKey, stripe_id: str) -> Dispute | None:
    """The dispute that the gateway knows by this id."""
    return session.scalar(
        select(Dispute).where(Dispute.business == business, Dispute.stripe_id == stripe_id)
    )


def going_back(session: Session, business: BusinessKey) -> set[str]:
    """The payments with a refund or a dispute that has not come to its end in the books."""
    refunded = select(Refund.payment_id).where(
        Refund.business == business,
        Refund.state.in_((RefundState.ASKED.value, RefundState.UNDER_WAY.value)),
    )
    disputed = select(Dispute.payment_id).where(
        Dispute.business == business, Dispute.ended_at.is_(None)
    )
    return {*session.scalars(refunded), *session.scalars(disputed)}


def allocation(session: Session, business: BusinessKey, allocation_id: str) -> Allocation | None:
    """One allocation."""
    return session.get(Allocation, (business, allocation_id))


def credited_by(session: Session, business: BusinessKey, note_id: str) -> Sequence[Allocation]:
    """What a credit note was set against."""
    return session.scalars(
        select(Allocation).where(
            Allocation.business == business, Allocation.credit_note_id == note_id
        )
    ).all()


def paid_by_balance(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> Sequence[Allocation]:
    """What a customer's balance pays, as it stands, the last first."""
    from_nothing = (Allocation.payment_id, Allocation.credit_note_id, Allocation.bearer)
    of_balance = and_(*(column.is_(None) for column in from_nothing))
    return session.scalars(_standing(business, customer_id, currency).where(of_balance)).all()


def paid_on(
    session: Session, business: BusinessKey, customer_id: str, currency: str, evidence_type: str
) -> Sequence[Allocation]:
    """What the customer's payments on one kind of evidence pay, the last first."""
    return session.scalars(
        _standing(business, customer_id, currency)
        .join(
            Payment,
            (Payment.business == Allocation.business) & (Payment.id == Allocation.payment_id),
        )
        .where(Payment.evidence_type == evidence_type)
    ).all()


def unapplied(
    session: Session, business: BusinessKey, evidence_types: Sequence[str]
) -> Sequence[Payment]:
    """Settled payments on these kinds of evidence, the oldest first: some may have a rest."""
    return session.scalars(
        select(Payment)
        .where(
            Payment.business == business,
            Payment.evidence_type.in_(evidence_types),
            Payment.state == PaymentState.SETTLED.value,
        )
        .order_by(Payment.registered_at, Payment.id)
    ).all()


def is_prepayment(session: Session, business: BusinessKey, item_id: str) -> bool:
    """Whether an item is a credit request: what is paid of it is balance."""
    item = store.get(session, Invoice, business, item_id)
    return item is not None and item.is_credit_request


def _standing(business: BusinessKey, customer_id: str, currency: str) -> Select[Allocation]:
    item = (Invoice.business == Allocation.business) & (Invoice.id == Allocation.item_id)
    return (
        select(Allocation)
        .join(Invoice, item)
        .where(
            Allocation.business == business,
            Allocation.undone_at.is_(None),
            Allocation.currency == currency,
            Invoice.customer_id == customer_id,
            Invoice.doc_type != CREDIT_REQUEST,
        )
        .order_by(Allocation.allocated_at.desc(), Allocation.id.desc())
    )
