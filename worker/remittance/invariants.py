"""What always holds of advices (RELIABILITY: invariants 5, 7, 8 and 20)."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from worker.ledger import Entry
from worker.payments import Payment, PaymentState, ProposedAllocation
from worker.remittance.advices import Advice, AdviceState

SHOWN = 50
_STANDS_FOR = {
    AdviceState.ANNOUNCED: (PaymentState.ANNOUNCED,),
    AdviceState.SETTLED: (PaymentState.SETTLED,),
}
_WAITING = (AdviceState.REVIEW.value, AdviceState.ANNOUNCED.value)


def claims_are_what_their_payments_are(session: Session) -> list[str]:
    """An announced claim has an announced payment, a settled one money that came."""
    of_payment = and_(Payment.business == Advice.business, Payment.id == Advice.payment_id)
    wrong = [
        and_(
            Advice.state == state.value,
            or_(Payment.id.is_(None), Payment.state.not_in([p.value for p in fitting])),
        )
        for state, fitting in _STANDS_FOR.items()
    ]
    rows = session.execute(
        select(Advice.business, Advice.id)
        .outerjoin(Payment, of_payment)
        .where(or_(*wrong))
        .limit(SHOWN)
    )
    return [f"{business}: {advice} is not what its payment is." for business, advice in rows]


def nothing_is_posted_for_a_claim(session: Session) -> list[str]:
    """No entry stands for money that was only announced, or that never came."""
    rows = session.execute(
        select(Payment.business, Payment.id)
        .join(
            Entry,
            and_(
                Entry.business == Payment.business,
                Entry.source == "payment-settled:" + Payment.id,
            ),
        )
        .where(Payment.state.in_((PaymentState.ANNOUNCED.value, PaymentState.WITHDRAWN.value)))
        .limit(SHOWN)
    )
    return [f"{business}: {payment} is posted on a claim." for business, payment in rows]


def a_claim_resolves_once(session: Session) -> list[str]:
    """A claim has an end exactly when it waits for nobody, and one memo is one claim's."""
    is_waiting = Advice.state.in_(_WAITING)
    rows = session.execute(
        select(Advice.business, Advice.id)
        .where(
            or_(
                and_(is_waiting, Advice.ended_at.is_not(None)),
                and_(~is_waiting, Advice.ended_at.is_(None)),
            )
        )
        .limit(SHOWN)
    )
    shared = session.execute(
        select(Advice.business, Advice.payment_id)
        .where(Advice.payment_id.is_not(None))
        .where(Advice.state.in_([state.value for state in _STANDS_FOR]))
        .group_by(Advice.business, Advice.payment_id)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: {advice} has ended and has not." for business, advice in rows] + [
        f"{business}: {payment} stands for several claims." for business, payment in shared
    ]


def no_more_is_proposed_than_was_paid(session: Session) -> list[str]:
    """What an announced payment is to pay is no more than it is."""
    rows = session.execute(
        select(Payment.business, Payment.id)
        .join(
            ProposedAllocation,
            and_(
                ProposedAllocation.business == Payment.business,
                ProposedAllocation.payment_id == Payment.id,
            ),
        )
        .group_by(Payment.business, Payment.id, Payment.amount_minor)
        .having(func.sum(ProposedAllocation.amount_minor) > Payment.amount_minor)
        .limit(SHOWN)
    )
    return [f"{business}: {payment} is to pay more than it is." for business, payment in rows]


INVARIANTS = (
    claims_are_what_their_payments_are,
    nothing_is_posted_for_a_claim,
    a_claim_resolves_once,
    no_more_is_proposed_than_was_paid,
)
