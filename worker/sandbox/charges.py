"""Charges: each try at taking the money of a PaymentIntent, and what became of it."""

from __future__ import annotations

from typing import Any

from worker.sandbox import balance
from worker.sandbox.call import Call, check_metadata, only
from worker.sandbox.declines import APPROVED, Decline
from worker.sandbox.events import emit
from worker.sandbox.state import Object


def list_charges(call: Call, params: dict[str, Any]) -> Object:
    only(
        params, "created", "customer", "payment_intent", "limit", "starting_after", "ending_before"
    )
    return call.listed("charge", params, "/v1/charges", "payment_intent", "customer")


def update_charge(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "description", "metadata", "receipt_email")
    charge = call.get("charge", id_)
    charge |= {name: params[name] for name in ("description", "receipt_email") if name in params}
    if "metadata" in params:
        charge["metadata"] = check_metadata({**charge["metadata"], **(params["metadata"] or {})})
    call.save(charge)
    emit(call, "charge.updated", charge)
    return charge


def new_charge(call: Call, intent: Object, method: Object, status: str) -> Object:
    """A charge that succeeded, failed or is pending, not yet saved."""
    succeeded = status == "succeeded"
    charge = call.new("charge" if method["type"] == "card" else "payment")
    details = {**method[method["type"]]}
    if intent.get("_mandate"):
        details["mandate"] = intent["_mandate"]
    charge |= {
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if succeeded else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "captured": status != "failed",
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "metadata": intent["metadata"],
        "outcome": APPROVED if succeeded else None,
        "paid": succeeded,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": method["type"], method["type"]: details},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "status": status,
        "_session": intent.get("_session"),
        "_expandable": {"refunds": _no_refunds(charge["id"])},
    }
    return charge


def succeed(call: Call, charge: Object) -> Object:
    """The charge, whose money is ours less the fee."""
    charge |= {
        "amount_captured": charge["amount"],
        "balance_transaction": balance.post_charge(call, charge),
        "captured": True,
        "outcome": APPROVED,
        "paid": True,
        "status": "succeeded",
    }
    return call.save(charge)


def refuse(call: Call, charge: Object, decline: Decline) -> Object:
    """The charge, which brought nothing."""
    charge |= {
        "amount_captured": 0,
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": decline.outcome,
        "paid": False,
        "status": "failed",
    }
    return call.save(charge)


def _no_refunds(charge: str) -> Object:
    url = f"/v1/charges/{charge}/refunds"
    return {"object": "list", "data": [], "has_more": False, "url": url}
