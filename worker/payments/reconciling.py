"""Finding what no webhook told: live checkouts are looked up, and the gateway's list is compared.

Webhooks are a matter of speed; this is what the books rest on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from worker import review, store
from worker.kernel.events import CheckoutHeard, ReversalHeard
from worker.kernel.ids import BusinessKey
from worker.payments import finding_checkouts, records
from worker.payments.applying import STRIPE_EVIDENCE
from worker.payments.checkout import look_later, wait_for_bank
from worker.payments.model import CheckoutState
from worker.payments.ports import CheckoutFacts, RefundFacts, Reversals
from worker.payments.refunding import STATES
from worker.store import tell


def look_up_due(session: Session, *, at: datetime, limit: int = 200) -> int:
    """Have every live checkout that nobody told us of looked up; gives how many."""
    due = finding_checkouts.checkouts_to_look_at(session, at=at, limit=limit)
    for checkout in due:
        # A bank is asked less often, but its answer may still be there before a webhook is.
        (wait_for_bank if checkout.state == CheckoutState.PROCESSING else look_later)(
            checkout, at=at
        )
        tell(session, CheckoutHeard(BusinessKey(checkout.business), checkout.id))
    return len(due)


def compare(
    session: Session, business: BusinessKey, listed: Sequence[CheckoutFacts], *, at: datetime
) -> int:
    """Ask about money that the gateway took and the books do not know; gives how many.

    Sessions of other programs on the same account carry no reference of ours and are left alone.
    """
    found = 0
    for facts in listed:
        if not facts.is_paid or facts.reference is None or facts.business != business:
            continue
        evidence = facts.intent_id or facts.session_id
        there = records.settled_by(session, business, STRIPE_EVIDENCE, evidence)
        if there is not None and there.was_ours:
            continue
        found += 1
        checkout = finding_checkouts.checkout(session, business, facts.reference)
        if checkout is not None:
            tell(session, CheckoutHeard(business, checkout.id))
        else:
            _ask(session, business, facts, at=at)
    return found


def compare_reversals(
    session: Session, business: BusinessKey, listed: Reversals, *, at: datetime
) -> int:
    """Ask about payments of which money went back and the books do not know it; gives how many.

    `listed` is what was made lately. A bank decides in months, so what has not ended in the books
    is asked about once a day as well.
    """
    stale = {f.intent_id for f in listed.refunds if not _is_booked(session, business, f)}
    for fact in listed.disputes:
        dispute = records.dispute_at_gateway(session, business, fact.dispute_id)
        if dispute is None or dispute.status != fact.status:
            stale.add(fact.intent_id)
    found = [
        payment
        for intent in sorted(stale)
        if (payment := records.settled_by(session, business, STRIPE_EVIDENCE, intent))
    ]
    stale_ids = {payment.id for payment in found}
    stale_ids |= {
        payment_id
        for payment_id in records.going_back(session, business)
        if store.once.is_first(session, business, f"going-back:{payment_id}:{at.date()}", at=at)
    }
    for payment_id in sorted(stale_ids):
        tell(session, ReversalHeard(business, payment_id))
    return len(stale_ids)


def _is_booked(session: Session, business: BusinessKey, fact: RefundFacts) -> bool:
    refund = records.refund_at_gateway(session, business, fact.refund_id)
    return refund is not None and refund.state == STATES.get(fact.status)


def _ask(session: Session, business: BusinessKey, facts: CheckoutFacts, *, at: datetime) -> None:
    review.ask(
        session,
        business,
        review.Question(
            kind="gateway_unknown_payment",
            subject=facts.session_id,
            text=(
                f"Stripe took {facts.amount} in session {facts.session_id} and the books know "
                "nothing of it. Was a backup restored? Find the payment at Stripe and register it."
            ),
            evidence={"reference": facts.reference, "intent": facts.intent_id},
        ),
        at=at,
    )
