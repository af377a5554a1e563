"""How a try at a PaymentIntent comes out: the money is taken, or the bank has said no."""

from __future__ import annotations

from worker.sandbox import charges, methods
from worker.sandbox.call import Call
from worker.sandbox.declines import Decline
from worker.sandbox.events import emit
from worker.sandbox.state import Object

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def take(call: Call, intent: Object) -> Object:
    """The money is taken. An intent that succeeded or was cancelled is given back as it stands."""
    if intent["status"] not in OPEN:
        return intent
    method = call.get("payment_method", intent["payment_method"])
    charge = charges.succeed(call, charges.new_charge(call, intent, method, "succeeded"))
    intent = taken(call, intent, charge)
    card = methods.card_of(method)
    if card.dispute:
        call.later(0, "dispute", charge["id"], card.dispute)
    return intent


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
    keep_method(call, intent)
    emit(call, "charge.succeeded", charge)
    emit(call, "payment_intent.succeeded", intent)
    return intent


def fail(call: Call, intent: Object, why: Decline) -> Object:
    """The bank said no; the intent may be tried again."""
    method = call.get("payment_method", intent["payment_method"])
    charge = charges.refuse(call, charges.new_charge(call, intent, method, "failed"), why)
    return failed(call, intent, why, charge)


def failed(call: Call, intent: Object, why: Decline, charge: Object) -> Object:
    """The intent, whose charge has failed."""
    emit(call, "charge.failed", charge)
    intent["latest_charge"] = charge["id"]
    return give_up(call, intent, {**why.error, "charge": charge["id"]})


def give_up(call: Call, intent: Object, error: Object) -> Object:
    """The intent without its method, for this error."""
    intent |= {
        "last_payment_error": {
            **error,
            "payment_method": methods.shown(call, intent["payment_method"]),
        },
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    call.save(intent)
    emit(call, "payment_intent.payment_failed", intent)
    return intent


def keep_method(call: Call, intent: Object) -> None:
    """Keeps the method with the customer, where the payment was to set up later ones."""
    usage = intent["setup_future_usage"]
    if not (usage and intent["customer"]):
        return
    method = call.get("payment_method", intent["payment_method"])
    if method.get("_detached"):
        # Its owner took it away while the bank debit was under way.
        return
    methods.keep(call, method, intent["customer"], for_later=usage == "off_session")
