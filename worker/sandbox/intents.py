"""PaymentIntents: one wish to take one amount, which succeeds at most once.

States and moves follow docs.stripe.com/payments/paymentintents/lifecycle; money is captured at
once. What a try does is in `tries.py`.
"""

from __future__ import annotations

from typing import Any

from worker.sandbox import accounts, debits, methods, tries
from worker.sandbox.call import Call, check_metadata, only, public, random_text
from worker.sandbox.currencies import check_amount, check_currency
from worker.sandbox.events import emit
from worker.sandbox.outcomes import OPEN
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

_CREATE = (
    "allowed_payment_method_types",
    "amount",
    "automatic_payment_methods",
    "confirm",
    "currency",
    "customer",
    "description",
    "error_on_requires_action",
    "mandate_data",
    "metadata",
    "off_session",
    "payment_method",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)
_CONFIRM = (
    "error_on_requires_action",
    "mandate_data",
    "off_session",
    "payment_method",
    "receipt_email",
    "return_url",
    "setup_future_usage",
)
_UPDATE = (
    "amount",
    "customer",
    "description",
    "metadata",
    "payment_method",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)
_COPIED = (
    "customer",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)


def create(call: Call, params: dict[str, Any]) -> Object:
    """A PaymentIntent, confirmed in the same step if asked."""
    only(params, *_CREATE)
    currency = check_currency(params["currency"], "currency")
    if "customer" in params:
        call.get("customer", params["customer"])
    if params.get("off_session") and not params.get("confirm"):
        raise invalid("off_session", "off_session needs confirm=true.")
    if params.get("confirm") and "payment_method" not in params:
        raise invalid("payment_method", "A payment_method is needed to confirm.")
    method = None
    if "payment_method" in params:
        method = methods.used(call, params["payment_method"], params.get("customer"))
    intent = new_intent(
        call,
        check_amount(params["amount"], currency, "amount"),
        currency,
        metadata=check_metadata(params.get("metadata") or {}),
        payment_method_types=check_types(
            params.get("allowed_payment_method_types"), currency, "allowed_payment_method_types"
        ),
        **{name: params.get(name) for name in _COPIED},
    )
    if method is None:
        return intent
    intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.save(intent)
    return _confirmed(call, intent, method, params) if params.get("confirm") else intent


def update(call: Call, params: dict[str, Any], id_: str) -> Object:
    """The intent with other fields; the amount changes only before it is confirmed."""
    only(params, *_UPDATE)
    intent = call.get("payment_intent", id_)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "update")
    if "amount" in params:
        intent["amount"] = check_amount(params["amount"], intent["currency"], "amount")
    if "customer" in params:
        call.get("customer", params["customer"])
    if "metadata" in params:
        merged = {**intent["metadata"], **(params["metadata"] or {})}
        intent["metadata"] = check_metadata(merged) if params["metadata"] else {}
    intent |= {name: params[name] or None for name in _COPIED if name in params}
    if "payment_method" in params:
        method = methods.used(call, params["payment_method"], intent["customer"])
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return call.save(intent)


def confirm(call: Call, params: dict[str, Any], id_: str) -> Object:
    """One try at taking the money. A decline is a 402 that Stripe keeps for the key."""
    only(params, *_CONFIRM)
    intent = call.get("payment_intent", id_)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "confirm")
    token = params.get("payment_method", intent["payment_method"])
    if token is None:
        raise invalid("payment_method", "A payment_method is needed to confirm.")
    method = methods.used(call, token, intent["customer"])
    return _confirmed(call, intent, method, params)


def cancel(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "cancellation_reason")
    intent = call.get("payment_intent", id_)
    if intent["status"] not in OPEN and not debits.can_stop(call, intent):
        raise _unexpected(intent, "cancel")
    if intent.get("_session"):
        raise ApiError(
            400,
            "A PaymentIntent made by Checkout cannot be cancelled: expire its session instead.",
            code="payment_intent_unexpected_state",
            stored=True,
        )
    if intent["status"] == "processing":
        debits.stop(call, intent)
    return close(call, intent, params.get("cancellation_reason"))


def close(call: Call, intent: Object, reason: str | None) -> Object:
    """The intent, which will never take money."""
    intent |= {"status": "canceled", "canceled_at": call.now, "cancellation_reason": reason}
    intent["next_action"] = None
    call.save(intent)
    emit(call, "payment_intent.canceled", intent)
    return intent


def check_types(wanted: list[str] | None, currency: str, param: str) -> list[str]:
    """The kinds of payment method that may pay: those named, or all that suit the currency."""
    possible = accounts.types_for(currency)
    for type_ in wanted or []:
        if type_ != "card" and type_ not in accounts.CURRENCIES:
            raise ApiError(
                400,
                f"The sandbox has no {type_}; Stripe would.",
                code="sandbox_unsupported",
                param=param,
            )
        if type_ not in possible:
            raise invalid(param, f"The currency {currency} is not supported for the type {type_}.")
    return wanted or possible


def list_intents(call: Call, params: dict[str, Any]) -> Object:
    only(params, "created", "customer", "limit", "starting_after", "ending_before")
    return call.listed("payment_intent", params, "/v1/payment_intents", "customer")


def new_intent(call: Call, amount: int, currency: str, **fields: Any) -> Object:
    """An intent that waits for a payment method."""
    intent = call.new("payment_intent")
    intent |= {
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent['id']}_secret_{random_text(24)}",
        "confirmation_method": "automatic",
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    call.save(intent)
    emit(call, "payment_intent.created", intent)
    return intent


def _confirmed(call: Call, intent: Object, method: Object, params: dict[str, Any]) -> Object:
    for name in ("receipt_email", "setup_future_usage"):
        intent[name] = params.get(name, intent[name]) or None
    intent["_return_url"] = params.get("return_url")
    off_session = bool(params.get("off_session"))
    agreed = bool(params.get("mandate_data"))
    intent = tries.attempt(call, intent, method, off_session=off_session, agreed=agreed)
    if intent["status"] == "requires_action" and params.get("error_on_requires_action"):
        intent = tries.unanswered(call, intent)
    if intent["status"] != "requires_payment_method":
        return intent
    raise tries.refused(intent["last_payment_error"], payment_intent=public(intent))


def _unexpected(intent: Object, verb: str) -> ApiError:
    return ApiError(
        400,
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=public(intent),
        stored=True,
    )
