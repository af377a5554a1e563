"""What Checkout does when a payment or a setup it made comes to an end."""

from __future__ import annotations

from worker.sandbox.call import Call
from worker.sandbox.events import emit
from worker.sandbox.state import Object

_STATUS = {"succeeded": "paid", "processing": "unpaid"}


def session_of(call: Call, made: Object | None) -> Object | None:
    """The session that made this PaymentIntent or SetupIntent."""
    if made is None or not made.get("_session"):
        return None
    return call.get("checkout.session", made["_session"])


def complete(call: Call, session: Object, made: Object) -> Object:
    """The session, whose customer is done; a bank debit is still unpaid then."""
    if session["status"] != "open":
        return session
    session |= {"status": "complete", "url": None}
    if made["object"] == "payment_intent":
        session["payment_status"] = _STATUS[made["status"]]
    call.save(session)
    emit(call, "checkout.session.completed", session)
    return session


def tell_later(call: Call, intent: Object) -> None:
    """The news of a bank debit, once it has succeeded or failed."""
    session = session_of(call, intent)
    if session is None:
        return
    if intent["status"] == "succeeded":
        session["payment_status"] = "paid"
        call.save(session)
        emit(call, "checkout.session.async_payment_succeeded", session)
    else:
        emit(call, "checkout.session.async_payment_failed", session)
