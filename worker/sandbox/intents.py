"""PaymentIntents: one wish to take one amount, which succeeds at most once, and its charges.

States and moves follow docs.stripe.com/payments/paymentintents/lifecycle. Only cards, captured at
once.
"""

from __future__ import annotations

from typing import Any

from worker.sandbox import cards
from worker.sandbox.call import Call, check_metadata, only, public, random_text
from worker.sandbox.currencies import check_amount, check_currency
from worker.sandbox.events import emit
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CREATE = (
    "amount",
    "currency",
    "customer",
    "description",
    "metadata",
    "payment_method",
    "confirm",
    "off_session",
    "receipt_email",
    "return_url",
    "payment_method_types",
    "automatic_payment_methods",
)
_CONFIRM = ("payment_method", "off_session", "return_url", "receipt_email")


def create(call: Call, params: dict[str, Any]) -> Object:
    """A PaymentIntent, confirmed in the same step if asked."""
    only(params, *_CREATE)
    currency = check_currency(params["currency"], "currency")
    if "customer" in params:
        call.get("customer", params["customer"])
    if params.get("off_session") and not params.get("confirm"):
        raise invalid("off_session", "off_session needs confirm=true.")
    card = _card_of(call, params["payment_method"]) if "payment_method" in params else None
    if params.get("confirm") and card is None:
        raise invalid("payment_method", "A payment_method is needed to confirm.")
    intent = new_intent(
        call,
        check_amount(params["amount"], currency, "amount"),
        currency,
        customer=params.get("customer"),
        description=params.get("description"),
        metadata=check_metadata(params.get("metadata") or {}),
        receipt_email=params.get("receipt_email"),
    )
    if card is None:
        return intent
    intent |= {"payment_method": new_method(call, card)["id"], "status": "requires_confirmation"}
    call.save(intent)
    if not params.get("confirm"):
        return intent
    return _confirmed(call, intent, card, off_session=bool(params.get("off_session")))


def confirm(call: Call, params: dict[str, Any], id_: str) -> Object:
    """One try at taking the money. A decline is a 402 that Stripe keeps for the key."""
    only(params, *_CONFIRM)
    intent = call.get("payment_intent", id_)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "confirm")
    token = params.get("payment_method", intent["payment_method"])
    if token is None:
        raise invalid("payment_method", "A payment_method is needed to confirm.")
    card = _card_of(call, token)
    if token != intent["payment_method"]:
        intent["payment_method"] = new_method(call, card)["id"]
    return _confirmed(call, intent, card, off_session=bool(params.get("off_session")))


def cancel(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "cancellation_reason")
    intent = call.get("payment_intent", id_)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "cancel")
    if intent.get("_session"):
        raise ApiError(
            400,
            "A PaymentIntent made by Checkout cannot be cancelled: expire its session instead.",
            code="payment_intent_unexpected_state",
            stored=True,
        )
    return close(call, intent, params.get("cancellation_reason"))


def close(call: Call, intent: Object, reason: str | None) -> Object:
    """The intent, which will never take money."""
    intent |= {"status": "canceled", "canceled_at": call.now, "cancellation_reason": reason}
    intent["next_action"] = None
    call.save(intent)
    emit(call, "payment_intent.canceled", intent)
    return intent


def list_intents(call: Call, params: dict[str, Any]) -> Object:
    only(params, "created", "customer", "limit", "starting_after", "ending_before")
    return call.listed("payment_intent", params, "/v1/payment_intents", "customer")


def list_charges(call: Call, params: dict[str, Any]) -> Object:
    only(params, "created", "payment_intent", "limit", "starting_after", "ending_before")
    return call.listed("charge", params, "/v1/charges", "payment_intent")


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


def new_method(call: Call, card: cards.Card, name: str | None = None) -> Object:
    """What is kept of a card."""
    method = call.new(
        "payment_method",
        billing_details={"address": None, "email": None, "name": name, "phone": None},
        card={
            "brand": card.brand,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": card.fingerprint,
            "last4": card.last4,
        },
        customer=None,
        metadata={},
        type="card",
        _number=card.number,
    )
    return call.save(method)


def try_card(call: Call, intent: Object, card: cards.Card) -> Object:
    """The intent after one try: succeeded, waiting for authentication, or without a method."""
    if card.authenticates:
        return_url = f"{call.base_url}/c/auth/{intent['id']}"
        intent |= {
            "status": "requires_action",
            "next_action": {
                "type": "redirect_to_url",
                "redirect_to_url": {"return_url": None, "url": return_url},
            },
        }
        call.save(intent)
        emit(call, "payment_intent.requires_action", intent)
        return intent
    if card.code:
        return _declined(call, intent, card)
    return take(call, intent, card)


def take(call: Call, intent: Object, card: cards.Card) -> Object:
    """The money is taken. An intent that succeeded or was cancelled is given back as it stands."""
    if intent["status"] not in OPEN:
        return intent
    charge = _new_charge(call, intent, card, paid=True)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "status": "succeeded",
    }
    call.save(intent)
    emit(call, "charge.succeeded", charge)
    emit(call, "payment_intent.succeeded", intent)
    return intent


def fail(call: Call, intent: Object, error: Object, charge: Object | None = None) -> Object:
    """The try failed; the intent may be tried again."""
    method = intent["payment_method"]
    shown = public(call.get("payment_method", method)) if method else None
    intent |= {
        "last_payment_error": {**error, "payment_method": shown},
        "latest_charge": charge["id"] if charge else intent["latest_charge"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    call.save(intent)
    if charge:
        emit(call, "charge.failed", charge)
    emit(call, "payment_intent.payment_failed", intent)
    return intent


def _declined(call: Call, intent: Object, card: cards.Card) -> Object:
    charge = _new_charge(call, intent, card, paid=False)
    error = {
        "type": "card_error",
        "code": card.code,
        "decline_code": card.decline,
        "message": cards.REASONS[card.decline or "generic_decline"],
        "charge": charge["id"],
    }
    return fail(call, intent, error, charge)


def _confirmed(call: Call, intent: Object, card: cards.Card, *, off_session: bool) -> Object:
    if off_session and card.authenticates:
        error = {
            "type": "card_error",
            "code": "authentication_required",
            "decline_code": "authentication_required",
            "message": "Your card was declined. This transaction requires authentication.",
        }
        intent = fail(call, intent, error)
    else:
        intent = try_card(call, intent, card)
    if intent["status"] != "requires_payment_method":
        return intent
    failure = intent["last_payment_error"]
    raise ApiError(
        402,
        failure["message"],
        kind="card_error",
        stored=True,
        code=failure["code"],
        decline_code=failure["decline_code"],
        charge=failure.get("charge"),
        payment_intent=public(intent),
    )


def _new_charge(call: Call, intent: Object, card: cards.Card, *, paid: bool) -> Object:
    charge = call.new(
        "charge",
        amount=intent["amount"],
        amount_captured=intent["amount"] if paid else 0,
        amount_refunded=0,
        balance_transaction=None,
        billing_details={"address": None, "email": None, "name": None, "phone": None},
        captured=paid,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=None if paid else card.code,
        failure_message=None if paid else cards.REASONS[card.decline or "generic_decline"],
        metadata=intent["metadata"],
        outcome={
            "network_status": "approved_by_network" if paid else "declined_by_network",
            "reason": None if paid else card.decline,
            "type": "authorized" if paid else "issuer_declined",
        },
        paid=paid,
        payment_intent=intent["id"],
        payment_method=intent["payment_method"],
        payment_method_details={
            "type": "card",
            "card": {"brand": card.brand, "last4": card.last4, "fingerprint": card.fingerprint},
        },
        receipt_email=intent["receipt_email"],
        refunded=False,
        status="succeeded" if paid else "failed",
    )
    return call.save(charge)


def card_of(call: Call, intent: Object) -> cards.Card:
    """The card an intent holds."""
    return _card_of(call, intent["payment_method"])


def _card_of(call: Call, token: str) -> cards.Card:
    number = None
    found = cards.by_token(token)
    if found is None:
        number = call.get("payment_method", token)["_number"]
        found = cards.by_number(number)
    if found is None:
        raise ApiError(404, f"No such PaymentMethod: '{token}'", code="resource_missing")
    return found


def _unexpected(intent: Object, verb: str) -> ApiError:
    return ApiError(
        400,
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=public(intent),
        stored=True,
    )
