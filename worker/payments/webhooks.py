"""Keeping the gateway's signed events once, before they are answered. They settle nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.kernel.events import (
    CardChanged,
    CardLinkHeard,
    ChargeHeard,
    CheckoutHeard,
    ReversalHeard,
)
from worker.kernel.ids import BusinessKey
from worker.payments import finding_checkouts, records
from worker.payments.applying import STRIPE_EVIDENCE
from worker.payments.model import Webhook
from worker.payments.ports import GatewayEvent
from worker.store import blobs, insert_once, tell


def keep(
    session: Session, business: BusinessKey, event: GatewayEvent, raw: bytes, *, at: datetime
) -> str:
    """What became of the event: `heard`, `unknown_object`, `other_type` or `again`."""
    heard, outcome = _about(session, business, event)
    row = {
        "business": business,
        "event_id": event.event_id,
        "type": event.type,
        "object_id": event.object_id,
        "created_at": event.created_at,
        "received_at": at,
        "body_sha256": blobs.hash_of(raw),
        "outcome": outcome,
    }
    # Of two that come in one moment the second waits here, and is then told that it is there.
    if not insert_once(session, Webhook, row):
        return "again"
    blobs.keep(session, business, raw, at=at)
    if heard is not None:
        tell(session, heard)
    return outcome


_Heard = CardChanged | CardLinkHeard | ChargeHeard | CheckoutHeard | ReversalHeard


def _about(
    session: Session, business: BusinessKey, event: GatewayEvent
) -> tuple[_Heard | None, str]:
    """What there is to look at again because of the event, and the word for it."""
    if event.card_link_id is not None:
        return CardLinkHeard(business, event.card_link_id), "heard"
    if event.method_id is not None:
        return CardChanged(business, event.method_id), "heard"
    if event.charge_id is not None:
        return ChargeHeard(business, event.charge_id), "heard"
    if event.session_id is not None:
        checkout = finding_checkouts.checkout_of_session(session, business, event.session_id)
        return _heard(CheckoutHeard(business, checkout.id) if checkout else None)
    if event.reversed_intent_id is not None:
        intent = event.reversed_intent_id
        payment = records.settled_by(session, business, STRIPE_EVIDENCE, intent)
        return _heard(ReversalHeard(business, payment.id) if payment else None)
    return None, "other_type"


def _heard(fact: _Heard | None) -> tuple[_Heard | None, str]:
    return fact, "unknown_object" if fact is None else "heard"
