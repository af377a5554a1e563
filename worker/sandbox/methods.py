"""Payment methods: what is kept of a card or a bank account, alone or with its customer.

One that was used without a customer, or was detached from its customer, is used up
(docs.stripe.com/api/payment_methods/attach).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from worker.sandbox import accounts, cards, mandates
from worker.sandbox.accounts import Account
from worker.sandbox.call import Call, check_metadata, only, public
from worker.sandbox.events import emit
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid

_TYPES = ("card", *accounts.CURRENCIES)


def create(call: Call, params: dict[str, Any]) -> Object:
    """A method of a test card or account, not yet any customer's."""
    only(params, "allow_redisplay", "billing_details", "metadata", "type", *_TYPES)
    kind = params.get("type")
    if kind not in _TYPES or kind not in params:
        raise invalid("type", f"The sandbox has the types {', '.join(_TYPES)}, with their details.")
    metadata = check_metadata(params.get("metadata") or {})
    payer = params.get("billing_details") or {}
    method = _card(call, params["card"], payer) if kind == "card" else _debit(call, params, payer)
    method |= {"metadata": metadata}
    method["allow_redisplay"] = params.get("allow_redisplay", "unspecified")
    return call.save(method)


def new_card(
    call: Call, card: cards.Card, payer: Object | None = None, expiry: tuple[int, int] | None = None
) -> Object:
    """What is kept of a test card. `payer`: name and email, as known; `expiry`: month and year."""
    month, year = expiry or (12, 2034)
    details = {
        "brand": card.brand,
        "country": "US",
        "exp_month": month,
        "exp_year": year,
        "fingerprint": card.fingerprint,
        "funding": "credit",
        "last4": card.last4,
    }
    return _new(call, "card", card.number, details, payer)


def new_debit(call: Call, account: Account, payer: Object | None = None) -> Object:
    """What is kept of a test account."""
    details: Object = {
        "fingerprint": cards.fingerprint(account.type + account.number),
        "last4": account.last4,
    }
    if account.type == "sepa_debit":
        bank = account.number[4:12] if account.number.startswith("DE") else account.number[4:9]
        details |= {"bank_code": bank, "branch_code": None, "country": account.number[:2]}
    elif account.type == "bacs_debit":
        details["sort_code"] = accounts.SORT_CODE
    else:
        details |= {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "routing_number": accounts.ROUTING,
        }
    return _new(call, account.type, account.number, details, payer)


def used(call: Call, token: str, customer: str | None) -> Object:
    """The method that a request names by id or by a test token, for a payment of this customer."""
    card, account = cards.by_token(token), accounts.by_token(token)
    if card:
        return new_card(call, card)
    if account:
        return new_debit(call, account, {"name": "Test Payer", "email": "payer@example.org"})
    method = call.state.find(call.account, "payment_method", token)
    if method is None:
        raise ApiError(
            404,
            f"No such PaymentMethod: '{token}'",
            code="resource_missing",
            param="payment_method",
        )
    if method["customer"] and method["customer"] != customer:
        raise invalid(
            "payment_method",
            f"The PaymentMethod {token} belongs to another customer: name that customer.",
            "payment_method_unexpected_state",
        )
    if method["_used"] and not method["customer"]:
        raise _used_up()
    return method


def attach(call: Call, params: dict[str, Any], id_: str) -> Object:
    """The method, now this customer's. A card its bank refuses is not attached."""
    only(params, "customer")
    if "customer" not in params:
        raise invalid("customer", "A customer is needed to attach to.", "parameter_missing")
    call.get("customer", params["customer"])
    method = used(call, id_, params["customer"])
    card = cards.by_number(method["_number"]) if method["type"] == "card" else None
    if card and card.decline and not card.saves:
        failure = {**card.decline.error}
        kind, message = failure.pop("type"), failure.pop("message")
        raise ApiError(402, message, kind=kind, stored=True, **failure)
    return keep(call, method, params["customer"])


def keep(call: Call, method: Object, customer: str, *, for_later: bool = False) -> Object:
    """The method as the customer's; `for_later` when its bank agreed to be charged without them."""
    method["_used"] = True
    method["_saved"] = for_later or method.get("_saved", False)
    is_new = method["customer"] is None
    method["customer"] = customer
    call.save(method)
    if is_new:
        emit(call, "payment_method.attached", method)
    return method


def detach(call: Call, params: dict[str, Any], id_: str) -> Object:
    """The method, nobody's any more and used up."""
    only(params)
    method = call.get("payment_method", id_)
    if method["customer"] is None:
        raise invalid(
            "payment_method",
            f"The payment method {id_} is not attached to a customer.",
            "payment_method_unexpected_state",
        )
    customer = call.get("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == id_:
        customer["invoice_settings"]["default_payment_method"] = None
        call.save(customer)
    method |= {"customer": None, "_detached": True, "_used": True}
    call.save(method)
    mandates.end(call, method.get("_mandate"))
    emit(call, "payment_method.detached", method)
    return method


def update(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "allow_redisplay", "billing_details", "card", "metadata")
    method = call.get("payment_method", id_)
    if "metadata" in params:
        merged = {**method["metadata"], **(params["metadata"] or {})}
        method["metadata"] = check_metadata(merged) if params["metadata"] else {}
    if "allow_redisplay" in params:
        method["allow_redisplay"] = params["allow_redisplay"]
    method["billing_details"] |= params.get("billing_details") or {}
    if "card" in params:
        only(params["card"], "exp_month", "exp_year")
        method["card"] |= params["card"]
    call.save(method)
    emit(call, "payment_method.updated", method)
    return method


def renew(call: Call, method: Object, changed: Object) -> Object:
    """The card as its network has updated it: another expiry, or another number."""
    if method["type"] != "card":
        raise ValueError(f"{method['id']} is no card: only cards are updated by their network.")
    unknown = changed.keys() - {"exp_month", "exp_year", "number"}
    if unknown or not changed:
        raise ValueError("A card's network changes exp_month, exp_year or number.")
    if number := changed.get("number"):
        card = cards.by_number(str(number))
        if card is None:
            raise ValueError("The new number is not one of the test cards.")
        method["_number"] = card.number
        method["card"] |= {"fingerprint": card.fingerprint, "last4": card.last4}
        method["card"]["brand"] = card.brand
    for name in ("exp_month", "exp_year"):
        method["card"][name] = int(changed.get(name, method["card"][name]))
    call.save(method)
    emit(call, "payment_method.automatically_updated", method)
    return method


def has_expired(method: Object, now: int) -> bool:
    """Whether the last month on the card is over."""
    today = datetime.fromtimestamp(now, UTC)
    ends = (method["card"]["exp_year"], method["card"]["exp_month"])
    return bool(ends < (today.year, today.month))


def list_methods(call: Call, params: dict[str, Any]) -> Object:
    only(params, "allow_redisplay", "customer", "limit", "type", "starting_after", "ending_before")
    if "customer" not in params:
        raise invalid("customer", "Name the customer whose methods to list.", "parameter_missing")
    call.get("customer", params["customer"])
    filters = ("customer", "type", "allow_redisplay")
    return call.listed("payment_method", params, "/v1/payment_methods", *filters)


def list_of_customer(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params, "allow_redisplay", "limit", "type", "starting_after", "ending_before")
    page = list_methods(call, {**params, "customer": id_})
    return {**page, "url": f"/v1/customers/{id_}/payment_methods"}


def one_of_customer(call: Call, params: dict[str, Any], id_: str, method_id: str) -> Object:
    only(params)
    call.get("customer", id_)
    method = call.get("payment_method", method_id)
    if method["customer"] != id_:
        raise ApiError(404, f"No such payment_method: '{method_id}'", code="resource_missing")
    return method


def card_of(method: Object) -> cards.Card:
    """The test card behind a method of type card."""
    card = cards.by_number(method["_number"])
    if card is None:
        raise LookupError(f"{method['id']} is no test card.")
    return card


def shown(call: Call, id_: str | None) -> Object | None:
    """The method as an error shows it."""
    return public(call.get("payment_method", id_)) if id_ else None


def _card(call: Call, given: dict[str, Any], payer: Object) -> Object:
    only(given, "cvc", "exp_month", "exp_year", "number", "token")
    card = cards.by_number(str(given.get("number", ""))) or cards.by_token(
        str(given.get("token", ""))
    )
    if card is None:
        raise ApiError(
            402,
            "Your card number is incorrect, or is not one of the test cards.",
            kind="card_error",
            code="incorrect_number",
            param="card[number]",
        )
    expiry = (int(given.get("exp_month", 12)), int(given.get("exp_year", 2034)))
    return new_card(call, card, payer, expiry)


def _debit(call: Call, params: dict[str, Any], payer: Object) -> Object:
    kind = params["type"]
    given = params[kind]
    only(
        given,
        "account_holder_type",
        "account_number",
        "account_type",
        "iban",
        "routing_number",
        "sort_code",
    )
    number = str(given.get("iban") or given.get("account_number") or "")
    account = accounts.by_number(kind, number)
    if account is None:
        raise invalid(kind, "This is not one of the test accounts.", "account_number_invalid")
    if not payer.get("name") or (kind != "us_bank_account" and not payer.get("email")):
        raise invalid(
            "billing_details", "A bank debit needs the payer's name and email.", "parameter_missing"
        )
    return new_debit(call, account, payer)


def _new(call: Call, type_: str, number: str, details: Object, payer: Object | None) -> Object:
    method = call.new("payment_method")
    known = {name: (payer or {}).get(name) for name in ("address", "email", "name", "phone")}
    method |= {
        "allow_redisplay": "unspecified",
        "billing_details": known,
        type_: details,
        "customer": None,
        "metadata": {},
        "type": type_,
        "_number": number,
        "_used": False,
    }
    return call.save(method)


def _used_up() -> ApiError:
    return invalid(
        "payment_method",
        "This PaymentMethod was used without a customer before, or was detached from its customer,"
        " and may not be used again.",
        "payment_method_unexpected_state",
    )
