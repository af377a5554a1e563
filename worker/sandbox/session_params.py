"""What a request for a Checkout Session must be, and the session it makes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from worker.sandbox import accounts
from worker.sandbox.call import Call, check_metadata, only, random_text
from worker.sandbox.currencies import check_amount, check_currency
from worker.sandbox.intents import check_types
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MIN_LIFE_S = 30 * 60
MAX_LIFE_S = 24 * 60 * 60
_MAX_LINES = 100
_BOTH = (
    "adaptive_pricing",
    "allowed_payment_method_types",
    "cancel_url",
    "client_reference_id",
    "currency",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_email",
    "expires_at",
    "locale",
    "metadata",
    "mode",
    "success_url",
    "ui_mode",
)
_PAYMENT = ("line_items", "payment_intent_data", "saved_payment_method_options", "submit_type")
_SETUP = ("setup_intent_data",)
_INTENT_DATA = (
    "description",
    "metadata",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)
_TYPES = "allowed_payment_method_types"


def new_session(call: Call, params: dict[str, Any]) -> Object:
    """The session asked for, not yet saved."""
    _check_mode(params)
    _check_parties(call, params)
    if params["mode"] == "setup":
        return _for_setup(call, params)
    return _for_payment(call, params)


def _for_payment(call: Call, params: dict[str, Any]) -> Object:
    lines, currency = _line_items(params)
    total = check_amount(sum(line["amount_total"] for line in lines), currency, "line_items")
    data = params.get("payment_intent_data") or {}
    only(data, *_INTENT_DATA)
    check_metadata(data.get("metadata") or {}, "payment_intent_data[metadata]")
    options = params.get("saved_payment_method_options")
    if options is not None and "customer" not in params and "customer_creation" not in params:
        raise invalid("saved_payment_method_options", "Saved payment methods need a customer.")
    return _session(
        call,
        params,
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        payment_method_types=check_types(params.get(_TYPES), currency, _TYPES),
        payment_status="unpaid",
        saved_payment_method_options=_saved_options(options),
        submit_type=params.get("submit_type"),
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        _intent_data=data,
        _expandable={"line_items": {"object": "list", "has_more": False, "data": lines}},
    )


def _for_setup(call: Call, params: dict[str, Any]) -> Object:
    data = params.get("setup_intent_data") or {}
    only(data, "description", "metadata")
    check_metadata(data.get("metadata") or {}, "setup_intent_data[metadata]")
    currency = params.get("currency")
    types = params.get(_TYPES)
    if currency:
        types = check_types(types, check_currency(currency, "currency"), "currency")
    elif types is None:
        raise invalid("currency", "Setup mode needs currency, or the types.", "parameter_missing")
    return _session(
        call,
        params,
        amount_subtotal=None,
        amount_total=None,
        currency=currency,
        payment_method_types=_known(types),
        payment_status="no_payment_required",
        saved_payment_method_options=None,
        submit_type=None,
        total_details=None,
        _intent_data=data,
        _expandable={},
    )


def _known(types: list[str]) -> list[str]:
    for type_ in types:
        if type_ != "card" and type_ not in accounts.CURRENCIES:
            raise ApiError(
                400,
                f"The sandbox has no {type_}; Stripe would.",
                code="sandbox_unsupported",
                param=_TYPES,
            )
    return types


def _saved_options(options: Object | None) -> Object | None:
    if options is None:
        return None
    only(options, "allow_redisplay_filters", "payment_method_remove", "payment_method_save")
    if options.get("payment_method_remove", "disabled") != "disabled":
        raise ApiError(
            400,
            "The sandbox's page removes no payment methods; Stripe's would.",
            code="sandbox_unsupported",
            param="saved_payment_method_options[payment_method_remove]",
        )
    return {
        "allow_redisplay_filters": options.get("allow_redisplay_filters", ["always"]),
        "payment_method_remove": "disabled",
        "payment_method_save": options.get("payment_method_save", "disabled"),
    }


def _check_mode(params: dict[str, Any]) -> None:
    mode = params.get("mode")
    if mode is None:
        raise ApiError(400, "Missing required param: mode.", code="parameter_missing", param="mode")
    if mode not in ("payment", "setup") or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise ApiError(
            400,
            "The sandbox has mode=payment and mode=setup with ui_mode=hosted_page; Stripe has"
            " more.",
            code="sandbox_unsupported",
            param="mode",
        )
    only(params, *_BOTH, *_PAYMENT, *_SETUP)
    needed, foreign = (("line_items",), _SETUP) if mode == "payment" else ((), _PAYMENT)
    for name in ("success_url", *needed):
        if not params.get(name):
            raise ApiError(
                400, f"Missing required param: {name}.", code="parameter_missing", param=name
            )
    for name in foreign:
        if name in params:
            raise invalid(name, f"You cannot use {name} in {mode} mode.")


def _check_parties(call: Call, params: dict[str, Any]) -> None:
    if "customer" in params:
        call.get("customer", params["customer"])
    for name in ("success_url", "cancel_url"):
        if name in params and urlsplit(params[name]).scheme not in ("http", "https"):
            raise invalid(name, "Not a valid URL: it must begin with https://.", "url_invalid")
    if not EMAIL.fullmatch(params.get("customer_email", "a@b.example")):
        raise invalid("customer_email", "Invalid email address.", "email_invalid")
    for name in ("customer_email", "customer_creation"):
        if "customer" in params and name in params:
            raise invalid(name, f"Give customer or {name}, not both.")


def _line_items(params: dict[str, Any]) -> tuple[list[Object], str]:
    if len(params["line_items"]) > _MAX_LINES:
        raise invalid("line_items", f"A session has at most {_MAX_LINES} line items.")
    lines = [_line(item, f"line_items[{i}]") for i, item in enumerate(params["line_items"])]
    if len({line["currency"] for line in lines}) > 1:
        raise invalid("line_items", "All line items have one currency.")
    return lines, lines[0]["currency"]


def _line(item: dict[str, Any], at: str) -> Object:
    only(item, "price_data", "quantity")
    price = item.get("price_data")
    if price is None or "unit_amount" not in price or "product_data" not in price:
        raise invalid(at, "The sandbox needs price_data with unit_amount and product_data.")
    if item.get("quantity", 0) < 1:
        raise invalid(f"{at}[quantity]", "Quantity is required and at least 1.")
    if price["unit_amount"] < 0:
        raise invalid(f"{at}[price_data][unit_amount]", "unit_amount is not negative.")
    amount = price["unit_amount"] * item["quantity"]
    return {
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


def _expiry(call: Call, params: dict[str, Any]) -> int:
    expires_at = int(params.get("expires_at", call.now + MAX_LIFE_S))
    if not call.now + MIN_LIFE_S <= expires_at <= call.now + MAX_LIFE_S:
        raise invalid(
            "expires_at",
            "expires_at must be between 30 minutes and 24 hours after the session is made.",
        )
    return expires_at


def _session(call: Call, params: dict[str, Any], **fields: Any) -> Object:
    email = params.get("customer_email")
    known = call.get("customer", params["customer"])["email"] if "customer" in params else email
    return call.new(
        "checkout.session",
        adaptive_pricing=params.get("adaptive_pricing"),
        after_expiration=None,
        allow_promotion_codes=None,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        billing_address_collection=None,
        cancel_url=params.get("cancel_url"),
        client_reference_id=params.get("client_reference_id"),
        client_secret=None,
        consent=None,
        consent_collection=None,
        currency_conversion=None,
        custom_fields=[],
        custom_text=params.get("custom_text") or {},
        customer=params.get("customer"),
        customer_creation=None
        if "customer" in params
        else params.get("customer_creation", "if_required"),
        customer_details={"email": known, "name": None},
        customer_email=email,
        discounts=[],
        expires_at=_expiry(call, params),
        invoice=None,
        invoice_creation=None,
        locale=params.get("locale"),
        metadata=check_metadata(params.get("metadata") or {}),
        mode=params["mode"],
        payment_intent=None,
        payment_link=None,
        payment_method_collection="if_required",
        payment_method_options={},
        permissions=None,
        recovered_from=None,
        redirect_on_completion=None,
        return_url=None,
        setup_intent=None,
        shipping_address_collection=None,
        shipping_cost=None,
        shipping_options=[],
        status="open",
        subscription=None,
        success_url=params["success_url"],
        ui_mode="hosted_page",
        url=None,
        **fields,
    )
