"""The gateway's list of our charges against the books: what no webhook told, and no look found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from worker import payments, review
from worker.autocharge import records
from worker.autocharge.ports import ChargeFacts
from worker.kernel.events import ChargeHeard
from worker.kernel.ids import BusinessKey
from worker.store import tell


def compare(
    session: Session, business: BusinessKey, listed: Sequence[ChargeFacts], *, at: datetime
) -> int:
    """Ask about money that was taken and the books do not know; gives how many."""
    found = 0
    for facts in listed:
        if facts.status != "succeeded" or facts.business != business:
            continue
        there = payments.settled_by(session, business, payments.STRIPE_EVIDENCE, facts.intent_id)
        if there is not None:
            continue
        found += 1
        if records.charge(session, business, facts.reference or "") is not None:
            tell(session, ChargeHeard(business, facts.reference or ""))
        else:
            _ask(session, business, facts, at=at)
    return found


def _ask(session: Session, business: BusinessKey, facts: ChargeFacts, *, at: datetime) -> None:
    review.ask(
        session,
        business,
        review.Question(
            kind="gateway_unknown_payment",
            subject=facts.intent_id,
            text=(
                f"Stripe took {facts.amount} from a stored card ({facts.intent_id}) and the books "
                "know nothing of it. Was a backup restored? Find it at Stripe and register it."
            ),
            evidence={"reference": facts.reference, "intent": facts.intent_id},
        ),
        at=at,
    )
