"""Who takes part: the account behind a key, and its customers."""

from __future__ import annotations

from typing import Any

from worker.sandbox import methods
from worker.sandbox.call import Call, check_metadata, only
from worker.sandbox.events import emit
from worker.sandbox.state import Object

_CUSTOMER_FIELDS = ("name", "email", "phone", "description")


def retrieve_account(call: Call, params: dict[str, Any]) -> Object:
    """The account the key belongs to, or the connected one that the request names."""
    only(params)
    return {
        "id": call.account,
        "object": "account",
        "business_profile": {"name": "Sandbox – no real money"},
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "DE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Sandbox"}},
        "type": "standard",
    }


def create_customer(call: Call, params: dict[str, Any]) -> Object:
    only(params, *_CUSTOMER_FIELDS, "metadata", "preferred_locales", "address", "payment_method")
    customer = call.new(
        "customer",
        address=params.get("address"),
        balance=0,
        currency=None,
        default_source=None,
        delinquent=False,
        discount=None,
        invoice_settings={"default_payment_method": None},
        metadata=check_metadata(params.get("metadata") or {}),
        preferred_locales=params.get("preferred_locales", []),
        shipping=None,
        tax_exempt="none",
        **{name: params.get(name) for name in _CUSTOMER_FIELDS},
    )
    call.save(customer)
    emit(call, "customer.created", customer)
    if "payment_method" in params:
        methods.attach(call, {"customer": customer["id"]}, params["payment_method"])
    return customer


def update_customer(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, *_CUSTOMER_FIELDS, "metadata", "preferred_locales", "address", "invoice_settings")
    customer = call.get("customer", id_)
    if "invoice_settings" in params:
        _set_default(call, customer, params["invoice_settings"] or {})
    changed = {name: params[name] or None for name in params if name in _CUSTOMER_FIELDS}
    if "metadata" in params:
        merged = {**customer["metadata"], **(params["metadata"] or {})}
        changed["metadata"] = check_metadata(merged) if params["metadata"] else {}
    for name in ("preferred_locales", "address"):
        if name in params:
            changed[name] = params[name]
    customer |= changed
    call.save(customer)
    emit(call, "customer.updated", customer)
    return customer


def delete_customer(call: Call, params: dict[str, Any], id_: str) -> Object:
    """The customer is gone, and with it what was saved of its cards."""
    only(params)
    customer = call.get("customer", id_)
    while kept := methods.list_of_customer(call, {"limit": 100}, id_)["data"]:
        for method in kept:
            methods.detach(call, {}, method["id"])
    call.state.remove(id_)
    emit(call, "customer.deleted", customer)
    return {"id": id_, "object": "customer", "deleted": True}


def _set_default(call: Call, customer: Object, settings: dict[str, Any]) -> None:
    """Which method is charged when none is named."""
    only(settings, "default_payment_method")
    wanted = settings.get("default_payment_method") or None
    if wanted:
        methods.one_of_customer(call, {}, customer["id"], wanted)
    customer["invoice_settings"]["default_payment_method"] = wanted


def list_customers(call: Call, params: dict[str, Any]) -> Object:
    only(params, "created", "email", "limit", "starting_after", "ending_before")
    return call.listed("customer", params, "/v1/customers", "email")
