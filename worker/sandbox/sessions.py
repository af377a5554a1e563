"""Checkout Sessions in payment mode: made by the API, paid on the hosted page, or expired.

Since API version 2022-08-01 the PaymentIntent is made when the customer confirms, not with the
session; before that `payment_intent` is null.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from worker.sandbox import cards, intents, methods, tries
from worker.sandbox.call import Call, check_metadata, only, random_text
from worker.sandbox.currencies import check_amount, check_currency
from worker.sandbox.events import emit
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MIN_LIFE_S = 30 * 60
MAX_LIFE_S = 24 * 60 * 60
_CREATE = (
    "adaptive_pricing",
    "allowed_payment_method_types",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "submit_type",
    "success_url",
    "ui_mode",
)


def create(call: Call, params: dict[str, Any]) -> Object:
    """A session with a hosted page that can be paid until it expires."""
    only(params, *_CREATE)
    _check_mode(params)
    if "customer" in params:
        call.get("customer", params["customer"])
    lines, currency = _line_items(params)
    total = check_amount(sum(line["amount_total"] for line in lines), currency, "line_items")
    session = _new_session(call, params, lines, total, currency)
    session["url"] = f"{call.base_url}/c/pay/{session['id']}"
    session["_expandable"]["line_items"]["url"] = (
        f"/v1/checkout/sessions/{session['id']}/line_items"
    )
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
    """The session, which can no longer be paid."""
    session |= {"status": "expired", "url": None}
    call.save(session)
    if session["payment_intent"]:
        intent = call.get("payment_intent", session["payment_intent"])
        if intent["status"] in tries.OPEN:
            intents.close(call, intent, "expired")
    emit(call, "checkout.session.expired", session)
    return session


def line_items(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "limit", "starting_after", "ending_before")
    found: Object = call.get("checkout.session", id_)["_expandable"]["line_items"]
    return found


def pay(call: Call, session: Object, card: cards.Card, payer: dict[str, str]) -> Object:
    """The PaymentIntent after the customer pressed pay with this card. `payer`: name and email."""
    if session["payment_intent"]:
        intent = call.get("payment_intent", session["payment_intent"])
    else:
        intent = _intent_for(call, session)
    if intent["status"] not in tries.OPEN:
        return intent
    method = methods.new_card(call, card, payer)
    intent["payment_method"] = method["id"]
    session["customer_details"] |= payer
    call.save(session)
    intent = tries.attempt(call, intent, method)
    if intent["status"] == "succeeded":
        complete(call, session)
    return intent


def authenticate(call: Call, intent: Object, *, agreed: bool) -> Object:
    """The intent after the customer's bank was asked."""
    was_asked = intent["status"] == "requires_action"
    intent = tries.authenticated(call, intent, agreed=agreed)
    session = session_of(call, intent["id"])
    if was_asked and session and intent["status"] == "succeeded":
        complete(call, session)
    return intent


def complete(call: Call, session: Object) -> Object:
    session |= {"status": "complete", "payment_status": "paid", "url": None}
    call.save(session)
    emit(call, "checkout.session.completed", session)
    return session


def session_of(call: Call, intent_id: str) -> Object | None:
    """The session a PaymentIntent was made by."""
    intent = call.state.find(call.account, "payment_intent", intent_id)
    if intent is None or not intent.get("_session"):
        return None
    return call.get("checkout.session", intent["_session"])


def _intent_for(call: Call, session: Object) -> Object:
    data = session["_intent_data"]
    intent = intents.new_intent(
        call,
        session["amount_total"],
        session["currency"],
        customer=session["customer"],
        description=data.get("description"),
        metadata=data.get("metadata", {}),
        receipt_email=data.get("receipt_email"),
        statement_descriptor_suffix=data.get("statement_descriptor_suffix"),
        _session=session["id"],
    )
    session["payment_intent"] = intent["id"]
    return intent


def _check_mode(params: dict[str, Any]) -> None:
    if params.get("mode") is None:
        raise ApiError(400, "Missing required param: mode.", code="parameter_missing", param="mode")
    if params["mode"] != "payment" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise ApiError(
            400,
            "The sandbox has mode=payment with ui_mode=hosted_page; Stripe has more.",
            code="sandbox_unsupported",
            param="mode",
        )
    for name in ("success_url", "line_items"):
        if not params.get(name):
            raise ApiError(
                400, f"Missing required param: {name}.", code="parameter_missing", param=name
            )
    for name in ("success_url", "cancel_url"):
        if name in params and urlsplit(params[name]).scheme not in ("http", "https"):
            raise invalid(name, "Not a valid URL: it must begin with https://.", "url_invalid")
    if not EMAIL.fullmatch(params.get("customer_email", "a@b.example")):
        raise invalid("customer_email", "Invalid email address.", "email_invalid")
    if "customer" in params and "customer_email" in params:
        raise invalid("customer_email", "Give customer or customer_email, not both.")
    if set(params.get("allowed_payment_method_types", ["card"])) != {"card"}:
        raise ApiError(
            400,
            "The sandbox takes cards only.",
            code="sandbox_unsupported",
            param="allowed_payment_method_types",
        )


def _line_items(params: dict[str, Any]) -> tuple[list[Object], str]:
    lines: list[Object] = []
    for i, item in enumerate(params["line_items"]):
        at = f"line_items[{i}]"
        only(item, "price_data", "quantity")
        price = item.get("price_data")
        if price is None or "unit_amount" not in price or "product_data" not in price:
            raise invalid(at, "The sandbox needs price_data with unit_amount and product_data.")
        if item.get("quantity", 0) < 1:
            raise invalid(f"{at}[quantity]", "Quantity is required and at least 1.")
        if price["unit_amount"] < 0:
            raise invalid(f"{at}[price_data][unit_amount]", "unit_amount is not negative.")
        amount = price["unit_amount"] * item["quantity"]
        lines.append(
            {
                "id": f"li_{random_text(24)}",
                "object": "item",
                "amount_discount": 0,
                "amount_subtotal": amount,
                "amount_tax": 0,
                "amount_total": amount,
                "currency": check_currency(price["currency"], f"{at}[price_data][currency]"),
                "description": price["product_data"]["name"],
                "quantity": item["quantity"],
            }
        )
    if len({line["currency"] for line in lines}) > 1:
        raise invalid("line_items", "All line items have one currency.")
    return lines, lines[0]["currency"]


def _expiry(call: Call, params: dict[str, Any]) -> int:
    expires_at = int(params.get("expires_at", call.now + MAX_LIFE_S))
    if not call.now + MIN_LIFE_S <= expires_at <= call.now + MAX_LIFE_S:
        raise invalid(
            "expires_at",
            "expires_at must be between 30 minutes and 24 hours after the session is made.",
        )
    return expires_at


def _new_session(
    call: Call, params: dict[str, Any], lines: list[Object], total: int, currency: str
) -> Object:
    data = params.get("payment_intent_data") or {}
    only(data, "description", "metadata", "receipt_email", "statement_descriptor_suffix")
    check_metadata(data.get("metadata") or {}, "payment_intent_data[metadata]")
    email = params.get("customer_email")
    return call.new(
        "checkout.session",
        adaptive_pricing=params.get("adaptive_pricing"),
        after_expiration=None,
        allow_promotion_codes=None,
        amount_subtotal=total,
        amount_total=total,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        billing_address_collection=None,
        cancel_url=params.get("cancel_url"),
        client_reference_id=params.get("client_reference_id"),
        client_secret=None,
        consent=None,
        consent_collection=None,
        currency=currency,
        currency_conversion=None,
        custom_fields=[],
        custom_text={},
        customer=params.get("customer"),
        customer_creation=params.get("customer_creation", "if_required"),
        customer_details={"email": email, "name": None},
        customer_email=email,
        discounts=[],
        expires_at=_expiry(call, params),
        invoice=None,
        invoice_creation=None,
        locale=params.get("locale"),
        metadata=check_metadata(params.get("metadata") or {}),
        mode="payment",
        payment_intent=None,
        payment_link=None,
        payment_method_collection="if_required",
        payment_method_options={},
        payment_method_types=["card"],
        payment_status="unpaid",
        permissions=None,
        recovered_from=None,
        redirect_on_completion=None,
        return_url=None,
        setup_intent=None,
        shipping_address_collection=None,
        shipping_cost=None,
        shipping_options=[],
        status="open",
        submit_type=params.get("submit_type"),
        subscription=None,
        success_url=params["success_url"],
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        ui_mode="hosted_page",
        url=None,
        _intent_data=data,
        _expandable={"line_items": {"object": "list", "has_more": False, "data": lines}},
    )
