"""SetupIntents: a payment method made ready to be charged later, without its owner.

States and moves follow docs.stripe.com/payments/setupintents/lifecycle.
"""

from __future__ import annotations

from typing import Any

from worker.sandbox import accounts, mandates, methods, tries
from worker.sandbox.call import Call, check_metadata, only, public, random_text
from worker.sandbox.declines import decline
from worker.sandbox.events import emit
from worker.sandbox.outcomes import OPEN
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

_CREATE = (
    "allowed_payment_method_types",
    "automatic_payment_methods",
    "confirm",
    "customer",
    "description",
    "mandate_data",
    "metadata",
    "payment_method",
    "return_url",
    "usage",
)
_UNAUTHENTICATED = {
    "type": "card_error",
    "code": "setup_intent_authentication_failure",
    "decline_code": None,
    "message": "The card was not authenticated.",
}


def create(call: Call, params: dict[str, Any]) -> Object:
    """A SetupIntent, confirmed in the same step if asked."""
    only(params, *_CREATE)
    if "customer" in params:
        call.get("customer", params["customer"])
    if params.get("confirm") and "payment_method" not in params:
        raise invalid("payment_method", "A payment_method is needed to confirm.")
    method = None
    if "payment_method" in params:
        method = methods.used(call, params["payment_method"], params.get("customer"))
    intent = new_setup(
        call,
        customer=params.get("customer"),
        description=params.get("description"),
        metadata=check_metadata(params.get("metadata") or {}),
        payment_method_types=params.get(
            "allowed_payment_method_types", ["card", *accounts.CURRENCIES]
        ),
        usage=params.get("usage", "off_session"),
    )
    if method is None:
        return intent
    intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.save(intent)
    return _confirmed(call, intent, method, params) if params.get("confirm") else intent


def confirm(call: Call, params: dict[str, Any], id_: str) -> Object:
    """One try at making the method ready. A decline is a 402 that Stripe keeps for the key."""
    only(params, "mandate_data", "payment_method", "return_url")
    intent = call.get("setup_intent", id_)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "confirm")
    token = params.get("payment_method", intent["payment_method"])
    if token is None:
        raise invalid("payment_method", "A payment_method is needed to confirm.")
    return _confirmed(call, intent, methods.used(call, token, intent["customer"]), params)


def cancel(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "cancellation_reason")
    intent = call.get("setup_intent", id_)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "cancel")
    if intent.get("_session"):
        raise ApiError(
            400,
            "A SetupIntent made by Checkout cannot be cancelled: expire its session instead.",
            code="setup_intent_unexpected_state",
            stored=True,
        )
    return close(call, intent, params.get("cancellation_reason"))


def close(call: Call, intent: Object, reason: str | None) -> Object:
    """The intent, which makes nothing ready any more."""
    intent |= {"status": "canceled", "cancellation_reason": reason, "next_action": None}
    call.save(intent)
    emit(call, "setup_intent.canceled", intent)
    return intent


def list_setups(call: Call, params: dict[str, Any]) -> Object:
    only(
        params,
        "created",
        "customer",
        "limit",
        "payment_method",
        "starting_after",
        "ending_before",
    )
    return call.listed("setup_intent", params, "/v1/setup_intents", "customer", "payment_method")


def new_setup(call: Call, **fields: Any) -> Object:
    """An intent that waits for a payment method."""
    intent = call.new("setup_intent")
    intent |= {
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{intent['id']}_secret_{random_text(24)}",
        "customer": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
        **fields,
    }
    call.save(intent)
    emit(call, "setup_intent.created", intent)
    return intent


def attempt(call: Call, intent: Object, method: Object, *, agreed: bool) -> Object:
    """The intent after one try: succeeded, waiting for the payer, or without a method again."""
    if method["type"] not in intent["payment_method_types"]:
        raise invalid(
            "payment_method",
            f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent.",
            "setup_intent_invalid_parameter",
        )
    intent["payment_method"] = method["id"]
    if method["type"] != "card":
        return _with_mandate(call, intent, method, agreed=agreed)
    card = methods.card_of(method)
    told = call.faults.strike(*tries.names("card", method))
    if told and told.do == "decline":
        return fail(call, intent, tries.told_decline(told).error)
    if methods.has_expired(method, call.now):
        return fail(call, intent, decline("expired_card").error)
    if told is None and card.decline and not card.saves:
        return fail(call, intent, card.decline.error)
    if (told and told.do == "ask") or (told is None and card.asks in ("always", "until_saved")):
        return _ask(call, intent)
    return succeed(call, intent)


def authenticated(call: Call, intent: Object, *, agreed: bool) -> Object:
    """The intent after the payer's bank was asked."""
    if intent["status"] != "requires_action":
        return intent
    return succeed(call, intent) if agreed else fail(call, intent, dict(_UNAUTHENTICATED))


def succeed(call: Call, intent: Object) -> Object:
    """The method is ready, and its customer's."""
    intent |= {"last_setup_error": None, "next_action": None, "status": "succeeded"}
    call.save(intent)
    method = call.get("payment_method", intent["payment_method"])
    if intent["customer"]:
        is_for_later = intent["usage"] == "off_session"
        methods.keep(call, method, intent["customer"], for_later=is_for_later)
    emit(call, "setup_intent.succeeded", intent)
    return intent


def fail(call: Call, intent: Object, error: Object) -> Object:
    """The intent without its method, for this error."""
    shown = methods.shown(call, intent["payment_method"])
    intent |= {
        "last_setup_error": {**error, "payment_method": shown},
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    call.save(intent)
    emit(call, "setup_intent.setup_failed", intent)
    return intent


def _with_mandate(call: Call, intent: Object, method: Object, *, agreed: bool) -> Object:
    if not agreed:
        raise ApiError(
            400,
            "A bank debit needs the payer's consent: give mandate_data.",
            code="setup_intent_mandate_invalid",
            param="mandate_data",
        )
    intent["mandate"] = mandates.new_mandate(call, method, multi_use=True)
    return succeed(call, intent)


def _ask(call: Call, intent: Object) -> Object:
    intent |= {
        "status": "requires_action",
        "next_action": tries.ask_at(call, intent),
    }
    call.save(intent)
    emit(call, "setup_intent.requires_action", intent)
    return intent


def _confirmed(call: Call, intent: Object, method: Object, params: dict[str, Any]) -> Object:
    intent["_return_url"] = params.get("return_url")
    intent = attempt(call, intent, method, agreed=bool(params.get("mandate_data")))
    if intent["status"] != "requires_payment_method":
        return intent
    raise tries.refused(intent["last_setup_error"], setup_intent=public(intent))


def _unexpected(intent: Object, verb: str) -> ApiError:
    return ApiError(
        400,
        f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}.",
        code="setup_intent_unexpected_state",
        setup_intent=public(intent),
        stored=True,
    )
