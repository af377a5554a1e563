"""Refunds and disputes as Stripe writes them, in our words.

Sources: docs.stripe.com/api/refunds/object, docs.stripe.com/api/disputes/object. A refund without
our metadata was made at the dashboard; it is told all the same, for the money is gone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import stripe
from stripe.params import RefundCreateParams

from worker.adapters.stripe_amounts import from_stripe, to_stripe
from worker.payments.ports import DisputeFacts, RefundFacts, RefundOrder, Reversals

REFUND, BUSINESS = "tillmail_refund", "tillmail_business"


def refund_params(order: RefundOrder) -> RefundCreateParams:
    """The request for an order: a function of the order alone."""
    return {
        "payment_intent": order.intent_id,
        "amount": to_stripe(order.amount),
        "metadata": {REFUND: order.reference, BUSINESS: order.business},
    }


def reversals(refunds: list[stripe.Refund], disputes: list[stripe.Dispute]) -> Reversals:
    """What was given back and what is disputed, of payments that have an intent."""
    gone = (_refund(one.to_dict()) for one in refunds)
    disputed = (_dispute(one.to_dict()) for one in disputes)
    return Reversals(tuple(r for r in gone if r), tuple(d for d in disputed if d))


def _refund(values: dict[str, Any]) -> RefundFacts | None:
    intent = _id(values.get("payment_intent"))
    if intent is None:
        return None
    return RefundFacts(
        refund_id=values["id"],
        status=values["status"],
        amount=from_stripe(values["amount"], values["currency"]),
        intent_id=intent,
        reference=(values.get("metadata") or {}).get(REFUND),
        created_at=_instant(values["created"]),
    )


def _dispute(values: dict[str, Any]) -> DisputeFacts | None:
    intent = _id(values.get("payment_intent"))
    if intent is None:
        return None
    answer_by = (values.get("evidence_details") or {}).get("due_by")
    return DisputeFacts(
        dispute_id=values["id"],
        status=values["status"],
        amount=from_stripe(values["amount"], values["currency"]),
        intent_id=intent,
        reason=values.get("reason"),
        created_at=_instant(values["created"]),
        answer_by=_instant(answer_by) if answer_by else None,
        fees=tuple(
            (movement["id"], from_stripe(movement["fee"], movement["currency"]))
            for movement in values.get("balance_transactions") or ()
        ),
    )


def _id(value: Any) -> str | None:
    """An id, also where the object itself stands in its place."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _instant(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
