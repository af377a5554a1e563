"""One try at a PaymentIntent: asked, declined, taken; what Stripe does when it asks the bank."""

from __future__ import annotations

from worker.sandbox import charges
from worker.sandbox.call import Call, public
from worker.sandbox.declines import Decline, decline
from worker.sandbox.events import emit
from worker.sandbox.methods import card_of
from worker.sandbox.state import Object

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_UNAUTHENTICATED = {
    "type": "card_error",
    "code": "payment_intent_authentication_failure",
    "decline_code": None,
    "message": "The payment was not authenticated.",
}


def attempt(call: Call, intent: Object, method: Object, *, off_session: bool = False) -> Object:
    """The intent after one try: succeeded, waiting for the payer, or without a method again."""
    _mark_used(call, method)
    card = card_of(method)
    if card.asks_now(off_session=off_session, saved=bool(method.get("_saved"))):
        if off_session:
            return fail(call, intent, decline("authentication_required"), method)
        return _ask(call, intent)
    if card.decline:
        return fail(call, intent, card.decline, method)
    return take(call, intent)


def authenticated(call: Call, intent: Object, *, agreed: bool) -> Object:
    """The intent after the payer's bank was asked."""
    if intent["status"] != "requires_action":
        return intent
    if not agreed:
        return _failed(call, intent, dict(_UNAUTHENTICATED))
    method = call.get("payment_method", intent["payment_method"])
    refused = card_of(method).decline
    return fail(call, intent, refused, method) if refused else take(call, intent)


def take(call: Call, intent: Object) -> Object:
    """The money is taken. An intent that succeeded or was cancelled is given back as it stands."""
    if intent["status"] not in OPEN:
        return intent
    method = call.get("payment_method", intent["payment_method"])
    charge = charges.succeed(call, charges.new_charge(call, intent, method, "succeeded"))
    return taken(call, intent, charge)


def taken(call: Call, intent: Object, charge: Object) -> Object:
    """The intent, whose charge has succeeded."""
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


def fail(call: Call, intent: Object, why: Decline, method: Object) -> Object:
    """The bank said no; the intent may be tried again."""
    charge = charges.refuse(call, charges.new_charge(call, intent, method, "failed"), why)
    return failed(call, intent, why, charge)


def failed(call: Call, intent: Object, why: Decline, charge: Object) -> Object:
    """The intent, whose charge has failed."""
    emit(call, "charge.failed", charge)
    intent["latest_charge"] = charge["id"]
    return _failed(call, intent, {**why.error, "charge": charge["id"]})


def _failed(call: Call, intent: Object, error: Object) -> Object:
    method = intent["payment_method"]
    shown = public(call.get("payment_method", method)) if method else None
    intent |= {
        "last_payment_error": {**error, "payment_method": shown},
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    call.save(intent)
    emit(call, "payment_intent.payment_failed", intent)
    return intent


def _ask(call: Call, intent: Object) -> Object:
    url = f"{call.base_url}/c/auth/{intent['id']}"
    back = intent.get("_return_url")
    intent |= {
        "status": "requires_action",
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": back, "url": url},
        },
    }
    call.save(intent)
    emit(call, "payment_intent.requires_action", intent)
    return intent


def _mark_used(call: Call, method: Object) -> None:
    if not method["_used"]:
        method["_used"] = True
        call.save(method)
