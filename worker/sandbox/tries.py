"""One try at a PaymentIntent: what Stripe does when it asks the payer's bank."""

from __future__ import annotations

from worker.sandbox import debits, mandates, methods, outcomes
from worker.sandbox.call import Call, public
from worker.sandbox.declines import Decline, decline
from worker.sandbox.events import emit
from worker.sandbox.faults import Fault
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

_UNAUTHENTICATED = {
    "type": "card_error",
    "code": "payment_intent_authentication_failure",
    "decline_code": None,
    "message": "The payment was not authenticated.",
}


def attempt(
    call: Call, intent: Object, method: Object, *, off_session: bool = False, agreed: bool = False
) -> Object:
    """The intent after one try: succeeded, processing, waiting for the payer, or without a method
    again. `agreed`: the payer has just consented to a debit."""
    if method["type"] not in intent["payment_method_types"]:
        raise invalid(
            "payment_method",
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent.",
            "payment_intent_incompatible_payment_method",
        )
    intent["payment_method"] = method["id"]
    if method["type"] != "card":
        return _debit(call, intent, method, agreed=agreed)
    _mark_used(call, method)
    told = call.faults.strike(*names("card", method))
    refused = _refusal(call, method, told)
    if _asks(method, told, off_session=off_session):
        if off_session:
            return outcomes.fail(call, intent, decline("authentication_required"))
        return _ask(call, intent)
    return outcomes.fail(call, intent, refused) if refused else outcomes.take(call, intent)


def authenticated(call: Call, intent: Object, *, agreed: bool) -> Object:
    """The intent after the payer's bank was asked."""
    if intent["status"] != "requires_action":
        return intent
    if not agreed:
        return outcomes.give_up(call, intent, dict(_UNAUTHENTICATED))
    method = call.get("payment_method", intent["payment_method"])
    refused = _refusal(call, method, None)
    return outcomes.fail(call, intent, refused) if refused else outcomes.take(call, intent)


def unanswered(call: Call, intent: Object) -> Object:
    """The intent, whose payer was to be asked and is not there (error_on_requires_action)."""
    return outcomes.fail(call, intent, decline("authentication_required"))


def names(kind: str, method: Object) -> list[str]:
    """What a fault may call this method: its id, its number, its fingerprint, its customer."""
    fingerprint = method[method["type"]]["fingerprint"]
    known = (method["id"], method["_number"], fingerprint, method["customer"] or "nobody")
    return [f"{kind} {name}" for name in known]


def told_decline(told: Fault) -> Decline:
    """The decline that `/_sandbox/faults` asked for."""
    return decline(told.decline_code).advised(
        told.advice_code, told.network_decline_code, told.network_advice_code
    )


def ask_at(call: Call, intent: Object) -> Object:
    """Where the payer answers their bank."""
    url = f"{call.base_url}/c/auth/{intent['id']}"
    back = intent.get("_return_url")
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": url}}


def refused(failure: Object, **intent: Object) -> ApiError:
    """The 402 that tells of a failed try, with the intent; Stripe keeps it for the key."""
    shown = {name: value for name, value in failure.items() if name not in ("type", "message")}
    message, kind = failure["message"], failure["type"]
    return ApiError(402, message, kind=kind, stored=True, **shown, **intent)


def _debit(call: Call, intent: Object, method: Object, *, agreed: bool) -> Object:
    intent["_mandate"] = _mandate(call, intent, method, agreed=agreed)
    _mark_used(call, method)
    told = call.faults.strike(*names("debit", method))
    return debits.begin(call, intent, method, told.reason if told else None)


def _mandate(call: Call, intent: Object, method: Object, *, agreed: bool) -> str:
    kept: str | None = method.get("_mandate")
    if kept and mandates.is_active(call, kept):
        return kept
    if not agreed:
        intent["status"] = "requires_confirmation"
        call.save(intent)
        raise ApiError(
            400,
            "This PaymentIntent needs a mandate, and the payment method has none that is active:"
            " give mandate_data.",
            payment_intent=public(intent),
            stored=True,
        )
    return mandates.new_mandate(
        call,
        method,
        multi_use=intent["setup_future_usage"] == "off_session",
        amount=intent["amount"],
        currency=intent["currency"],
    )


def _asks(method: Object, told: Fault | None, *, off_session: bool) -> bool:
    if told:
        return told.do == "ask"
    saved = bool(method.get("_saved"))
    return methods.card_of(method).asks_now(off_session=off_session, saved=saved)


def _refusal(call: Call, method: Object, told: Fault | None) -> Decline | None:
    if told:
        return told_decline(told) if told.do == "decline" else None
    if methods.has_expired(method, call.now):
        return decline("expired_card")
    return methods.card_of(method).decline


def _ask(call: Call, intent: Object) -> Object:
    intent |= {"status": "requires_action", "next_action": ask_at(call, intent)}
    call.save(intent)
    emit(call, "payment_intent.requires_action", intent)
    return intent


def _mark_used(call: Call, method: Object) -> None:
    if not method["_used"]:
        method["_used"] = True
        call.save(method)
