"""Checkout Sessions: made by the API, paid or filled in on the hosted page, or expired.

Since API version 2022-08-01 the PaymentIntent is made when the customer confirms, not with the
session; before that `payment_intent` is null. In setup mode the SetupIntent is there at once.
"""

from __future__ import annotations

from typing import Any

from worker.sandbox import completion, intents, methods, outcomes, parties, setups, tries
from worker.sandbox.call import Call, only
from worker.sandbox.events import emit
from worker.sandbox.session_params import new_session
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError


def create(call: Call, params: dict[str, Any]) -> Object:
    """A session with a hosted page that can be used until it expires."""
    session = new_session(call, params)
    id_ = session["id"]
    session["url"] = f"{call.base_url}/c/pay/{id_}"
    if session["mode"] == "setup":
        setup = setups.new_setup(
            call,
            customer=session["customer"],
            payment_method_types=session["payment_method_types"],
            _session=id_,
            **session["_intent_data"],
        )
        session["setup_intent"] = setup["id"]
    else:
        session["_expandable"]["line_items"]["url"] = f"/v1/checkout/sessions/{id_}/line_items"
    return call.save(session)


def list_sessions(call: Call, params: dict[str, Any]) -> Object:
    only(
        params,
        "created",
        "customer",
        "limit",
        "payment_intent",
        "status",
        "starting_after",
        "ending_before",
    )
    filters = ("customer", "payment_intent", "status")
    return call.listed("checkout.session", params, "/v1/checkout/sessions", *filters)


def expire(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params)
    session = call.get("checkout.session", id_)
    if session["status"] != "open":
        raise ApiError(
            400,
            "Only Checkout Sessions with a status of open can be expired."
            f" This one has a status of {session['status']}.",
            stored=True,
        )
    return lapse(call, session)


def lapse(call: Call, session: Object) -> Object:
    """The session, which can no longer be used."""
    session |= {"status": "expired", "url": None}
    call.save(session)
    made = made_by(call, session)
    if made and made["status"] in outcomes.OPEN:
        close = intents.close if made["object"] == "payment_intent" else setups.close
        close(call, made, "expired" if made["object"] == "payment_intent" else "abandoned")
    emit(call, "checkout.session.expired", session)
    return session


def line_items(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "limit", "starting_after", "ending_before")
    hidden = call.get("checkout.session", id_)["_expandable"]
    found: Object = hidden.get("line_items") or {"object": "list", "has_more": False, "data": []}
    return found


def confirm(
    call: Call, session: Object, method: Object, payer: dict[str, str], *, save: bool = False
) -> Object:
    """The PaymentIntent or SetupIntent after the customer pressed the button with this method.
    `payer`: name and email; `save`: the customer wants the method shown again."""
    session["customer_details"] |= {name: text for name, text in payer.items() if text}
    _create_customer(call, session, save=save)
    made = made_by(call, session) or _intent_for(call, session)
    call.save(session)
    if made["status"] not in outcomes.OPEN:
        return made
    if save:
        method["allow_redisplay"] = "always"
        call.save(method)
    if made["object"] == "setup_intent":
        made = setups.attempt(call, made, method, agreed=True)
    else:
        if save and not made["setup_future_usage"]:
            made["setup_future_usage"] = "on_session"
        made = tries.attempt(call, made, method, agreed=True)
    return _complete_if_done(call, session, made)


def authenticate(call: Call, made: Object, *, agreed: bool) -> Object:
    """The intent after the customer's bank was asked."""
    answer = tries.authenticated if made["object"] == "payment_intent" else setups.authenticated
    made = answer(call, made, agreed=agreed)
    session = completion.session_of(call, made)
    return _complete_if_done(call, session, made) if session else made


def made_by(call: Call, session: Object) -> Object | None:
    """The intent a session has made so far."""
    if session["payment_intent"]:
        return call.get("payment_intent", session["payment_intent"])
    return call.get("setup_intent", session["setup_intent"]) if session["setup_intent"] else None


def saved_methods(call: Call, session: Object) -> list[Object]:
    """What the customer may pay with without typing it again."""
    options = session["saved_payment_method_options"] or {"allow_redisplay_filters": ["always"]}
    if session["mode"] != "payment" or not session["customer"]:
        return []
    found = methods.list_of_customer(call, {"limit": 20}, session["customer"])["data"]
    return [
        one
        for one in found
        if one["allow_redisplay"] in options["allow_redisplay_filters"]
        and one["type"] in session["payment_method_types"]
    ]


def _complete_if_done(call: Call, session: Object, made: Object) -> Object:
    if made["status"] in ("succeeded", "processing"):
        completion.complete(call, session, made)
    return made


def _create_customer(call: Call, session: Object, *, save: bool) -> None:
    """Makes the customer, where one is wanted or the method is to be kept."""
    usage = session["_intent_data"].get("setup_future_usage")
    wanted = session["customer_creation"] == "always" or usage or save
    if session["customer"] or not wanted:
        return
    details = session["customer_details"]
    known = {name: details[name] for name in ("email", "name") if details.get(name)}
    customer = parties.create_customer(call, known)
    session["customer"] = customer["id"]
    if setup_id := session["setup_intent"]:
        call.save(call.get("setup_intent", setup_id) | {"customer": customer["id"]})


def _intent_for(call: Call, session: Object) -> Object:
    intent = intents.new_intent(
        call,
        session["amount_total"],
        session["currency"],
        customer=session["customer"],
        payment_method_types=session["payment_method_types"],
        _session=session["id"],
        **session["_intent_data"],
    )
    session["payment_intent"] = intent["id"]
    return intent
