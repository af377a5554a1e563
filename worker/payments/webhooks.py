"""Keeping the gateway's signed events once, before they are answered. They settle nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.kernel.events import CheckoutHeard, ReversalHeard
from worker.kernel.ids import BusinessKey
from worker.payments import records
from worker.payments.applying import STRIPE_EVIDENCE
from worker.payments.model import Webhook
from worker.payments.ports import GatewayEvent
from worker.store import blobs, tell


def keep(
    session: Session, business: BusinessKey, event: GatewayEvent, raw: bytes, *, at: datetime
) -> str:
    """What became of the event: `heard`, `unknown_object`, `other_type` or `again`."""
    if session.get(Webhook, (business, event.event_id)) is not None:
        return "again"
    outcome = "other_type"
    if event.session_id is not None:
        checkout = records.checkout_of_session(session, business, event.session_id)
        outcome = "unknown_object" if checkout is None else "heard"
        if checkout is not None:
            tell(session, CheckoutHeard(business, checkout.id))
    elif event.reversed_intent_id is not None:
        intent = event.reversed_intent_id
        payment = records.settled_by(session, business, STRIPE_EVIDENCE, intent)
        outcome = "unknown_object" if payment is None else "heard"
        if payment is not None:
            tell(session, ReversalHeard(business, payment.id))
    session.add(
        Webhook(
            business=business,
            event_id=event.event_id,
            type=event.type,
            object_id=event.object_id,
            created_at=event.created_at,
            received_at=at,
            body_sha256=blobs.keep(session, business, raw, at=at),
            outcome=outcome,
        )
    )
    return outcome
