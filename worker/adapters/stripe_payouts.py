"""Payouts and their balance transactions as Stripe writes them, in our words.

Sources: docs.stripe.com/api/payouts/object, docs.stripe.com/api/balance_transactions/object. Only
of automatic payouts Stripe says what they are made of (`reconciliation_status` is `completed`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import stripe

from worker.adapters.stripe_amounts import from_stripe
from worker.payments.ports import PayoutFacts, PayoutPart

# Until then it is under way and may still be called off.
_PAID = "paid"
_FAILED = ("failed", "canceled")
_ITSELF = "payout"


def payout(found: stripe.Payout) -> PayoutFacts:
    """One payout."""
    values: dict[str, Any] = found.to_dict()
    traced = values.get("trace_id") or {}
    return PayoutFacts(
        payout_id=values["id"],
        amount=from_stripe(values["amount"], values["currency"]),
        is_paid=values["status"] == _PAID,
        is_itemised=values.get("reconciliation_status") == "completed",
        arrives_on=datetime.fromtimestamp(values["arrival_date"], UTC).date(),
        reference=traced.get("value"),
        has_failed=values["status"] in _FAILED,
        is_being_itemised=values.get("reconciliation_status") == "in_progress",
        failure=values.get("failure_message") or values.get("failure_code"),
    )


def parts(found: list[stripe.BalanceTransaction]) -> list[PayoutPart]:
    """What a payout is made of; the movement that is the payout itself is left out."""
    every = (one.to_dict() for one in found)
    return [_part(values) for values in every if values["type"] != _ITSELF]


def _part(values: dict[str, Any]) -> PayoutPart:
    code, source = values["currency"], values.get("source")
    of = source if isinstance(source, dict) else {"id": source}
    intent = of.get("payment_intent")
    return PayoutPart(
        part_id=values["id"],
        type=values["type"],
        amount=from_stripe(values["amount"], code),
        fee=from_stripe(values["fee"], code),
        net=from_stripe(values["net"], code),
        source_id=of.get("id"),
        intent_id=intent.get("id") if isinstance(intent, dict) else intent,
        is_exchanged=values.get("exchange_rate") is not None,
    )
