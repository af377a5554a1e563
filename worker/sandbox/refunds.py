"""Refunds: money given back, whole or in part, never more than was taken.

A card's refund succeeds at once, or as its test card says; a bank debit's is pending first. One
that fails later gives the money back to the account's balance (docs.stripe.com/refunds).
"""

from __future__ import annotations

from typing import Any

from worker.sandbox import balance, cards
from worker.sandbox.call import Call, check_metadata, only
from worker.sandbox.currencies import written
from worker.sandbox.events import emit
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

LATER_S = 60
_SHOWN = 10
_FAILURES = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)


def create(call: Call, params: dict[str, Any]) -> Object:
    """A refund of the amount, or of all that is left."""
    only(params, "amount", "charge", "metadata", "payment_intent", "reason")
    charge = _charge_of(call, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    _check(charge, amount, left)
    refund = _new_refund(call, charge, amount, params)
    fate = _fate(call, charge)
    if fate in ("pays", "fails_later"):
        refund["status"] = "succeeded"
    type_ = "refund" if balance.is_card(charge) else "payment_refund"
    refund["balance_transaction"] = balance.post(call, type_, -amount, refund)
    call.save(refund)
    _count(call, charge, refund, amount)
    emit(call, "refund.created", refund)
    emit(call, "charge.refunded", charge)
    if fate != "pays":
        wanted = "failed" if fate == "fails_later" else "succeeded"
        call.later(LATER_S, "refund", refund["id"], wanted)
    return refund


def update(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "metadata")
    refund = call.get("refund", id_)
    if "metadata" in params:
        merged = {**refund["metadata"], **(params["metadata"] or {})}
        refund["metadata"] = check_metadata(merged) if params["metadata"] else {}
    call.save(refund)
    _tell(call, refund)
    return refund


def cancel(call: Call, params: dict[str, Any], id_: str) -> Object:
    """Only a refund that waits for the customer can be cancelled; cards and debits never do."""
    only(params)
    refund = call.get("refund", id_)
    raise ApiError(
        400,
        "Only refunds with a status of requires_action can be canceled."
        f" This one has a status of {refund['status']}.",
        stored=True,
    )


def list_refunds(call: Call, params: dict[str, Any]) -> Object:
    only(params, "charge", "created", "payment_intent", "limit", "starting_after", "ending_before")
    return call.listed("refund", params, "/v1/refunds", "charge", "payment_intent")


def settle(call: Call, id_: str, status: str, reason: str = "unknown") -> Object:
    """The refund, once the bank has said what became of it: `succeeded` or `failed`. One that
    failed stays so; one that succeeded may still fail."""
    if status not in ("succeeded", "failed") or reason not in _FAILURES:
        raise ValueError(f"A refund is succeeded or failed, for a reason of {_FAILURES}.")
    refund = call.get("refund", id_)
    if refund["status"] in ("failed", status):
        return refund
    refund["status"] = status
    charge = call.get("charge", refund["charge"])
    if status == "failed":
        is_card = balance.is_card(charge)
        type_ = "refund_failure" if is_card else "payment_failure_refund"
        txn = balance.post(call, type_, refund["amount"], refund)
        refund |= {"failure_balance_transaction": txn, "failure_reason": reason}
    refund.pop("pending_reason", None)
    call.save(refund)
    _count(call, charge, refund, -refund["amount"] if status == "failed" else 0)
    _tell(call, refund)
    if status == "failed":
        emit(call, "refund.failed", refund)
    return refund


def _charge_of(call: Call, params: dict[str, Any]) -> Object:
    """The charge meant; of an intent, the one that succeeded."""
    if ("charge" in params) == ("payment_intent" in params):
        raise ApiError(
            400,
            "Give one of: charge, payment_intent.",
            code="parameter_missing" if "charge" not in params else "parameters_exclusive",
            param="charge",
        )
    if "charge" in params:
        return call.get("charge", params["charge"])
    intent = call.get("payment_intent", params["payment_intent"])
    if intent["status"] not in ("succeeded", "processing") or not intent["latest_charge"]:
        raise ApiError(
            400,
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return call.get("charge", intent["latest_charge"])


def _check(charge: Object, amount: int, left: int) -> None:
    id_ = charge["id"]
    if not charge["paid"]:
        raise invalid(
            "charge", f"Charge {id_} did not succeed: nothing to refund.", "charge_not_refundable"
        )
    if charge["disputed"] and not charge.get("_refundable"):
        raise invalid("charge", f"Charge {id_} has been charged back.", "charge_disputed")
    if left == 0:
        raise ApiError(
            400, f"Charge {id_} has already been refunded.", code="charge_already_refunded"
        )
    if amount < 1:
        raise invalid("amount", "Invalid positive integer.", "parameter_invalid_integer")
    if amount > left:
        what = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        asked, most = (written(one, charge["currency"], "en") for one in (amount, left))
        raise ApiError(
            400, f"Refund amount ({asked}) is greater than {what} ({most})", param="amount"
        )


def _new_refund(call: Call, charge: Object, amount: int, params: dict[str, Any]) -> Object:
    kind = charge["payment_method_details"]["type"]
    destination: Object = {"type": kind, kind: {}}
    if kind == "card":
        destination[kind] = {"reference_status": "pending", "type": "refund"}
    return call.new(
        "refund" if kind == "card" else "payment_refund",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details=destination,
        metadata=check_metadata(params.get("metadata") or {}),
        payment_intent=charge["payment_intent"],
        pending_reason="processing",
        reason=params.get("reason"),
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending",
        transfer_reversal=None,
    )


def _fate(call: Call, charge: Object) -> str:
    """`pays` at once, `pays_later` or `fails_later`."""
    if not balance.is_card(charge):
        return "pays_later"
    method = call.get("payment_method", charge["payment_method"])
    card = cards.by_number(method["_number"])
    return card.refund if card else "pays"


def _count(call: Call, charge: Object, refund: Object, amount: int) -> None:
    """The charge, with this much more refunded and the refund as it now stands."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    if refund["status"] != "pending":
        refund.pop("pending_reason", None)
        call.save(refund)
    listed = charge["_expandable"]["refunds"]
    others = [one for one in listed["data"] if one["id"] != refund["id"]]
    shown = sorted([refund, *others], key=lambda one: one["created"], reverse=True)
    listed |= {"data": shown[:_SHOWN], "has_more": listed["has_more"] or len(shown) > _SHOWN}
    call.save(charge)


def _tell(call: Call, refund: Object) -> None:
    emit(call, "refund.updated", refund)
    # The older name of the same news, which Stripe still sends.
    emit(call, "charge.refund.updated", refund)
