"""What always holds of payment pages, the fees that they add, and what the gateway told."""

from __future__ import annotations

from sqlalchemy import and_, exists, func, or_, select, union_all
from sqlalchemy.orm import Session

from worker.ledger import Account, Posting
from worker.payments.model import LIVE, Checkout, CheckoutState, Payment, Share, Webhook
from worker.payments.reversals import Dispute, Refund, RefundState
from worker.store.blobs import Blob

SHOWN = 50
# A page whose payer is done takes nothing more: its bank is at work.
_MAY_BE_USED = (CheckoutState.OPENING.value, CheckoutState.OPEN.value)


def fees_are_income_to_the_cent(session: Session) -> list[str]:
    """Fee income is the fees of what was paid, less those that went back."""
    of_payments = select(
        Payment.business, Payment.currency, Payment.fee_minor.label("minor")
    ).where(Payment.settled_at.is_not(None))
    booked = and_(Refund.booked_at.is_not(None), Refund.state != RefundState.FAILED.value)
    back = select(Refund.business, Refund.currency, -Refund.fee_minor).where(booked)
    lost = select(Dispute.business, Dispute.currency, -Dispute.fee_minor)
    posted = select(Posting.business, Posting.currency, Posting.amount_minor).where(
        Posting.account == Account.FEE_INCOME.value
    )
    every = union_all(of_payments, back, lost, posted).subquery()
    rows = session.execute(
        select(every.c.business, every.c.currency, func.sum(every.c.minor))
        .group_by(every.c.business, every.c.currency)
        .having(func.sum(every.c.minor) != 0)
    )
    return [f"{business}: fee income is off by {minor} {code}." for business, code, minor in rows]


def one_payment_page_at_a_time(session: Session) -> list[str]:
    """An item has one live checkout at most, so two tabs cannot take its money twice."""
    rows = session.execute(
        select(Share.business, Share.item_id)
        .join(Checkout, and_(Checkout.business == Share.business, Checkout.id == Share.checkout_id))
        .where(Checkout.state.in_(_MAY_BE_USED))
        .group_by(Share.business, Share.item_id)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: {item} has two live payment pages." for business, item in rows]


def shares_add_up(session: Session) -> list[str]:
    """What a checkout asks for its items is what it asks for altogether."""
    rows = session.execute(
        select(Checkout.business, Checkout.id)
        .outerjoin(
            Share, and_(Share.business == Checkout.business, Share.checkout_id == Checkout.id)
        )
        .group_by(Checkout.business, Checkout.id, Checkout.amount_minor)
        .having(func.coalesce(func.sum(Share.amount_minor), 0) != Checkout.amount_minor)
        .limit(SHOWN)
    )
    return [f"{business}: the shares of {checkout} do not add up." for business, checkout in rows]


def ended_checkouts_stay_ended(session: Session) -> list[str]:
    """A checkout has an end exactly when it is complete or expired."""
    is_live = Checkout.state.in_(LIVE)
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


INVARIANTS = (
    fees_are_income_to_the_cent,
    one_payment_page_at_a_time,
    shares_add_up,
    ended_checkouts_stay_ended,
    webhooks_keep_their_bytes,
)
