"""Payment methods: what is kept of a card or a bank account, alone or with its customer.

One that was used without a customer, or was detached from its customer, is used up
(docs.stripe.com/api/payment_methods/attach).
"""

from __future__ import annotations

from worker.sandbox import cards
from worker.sandbox.call import Call
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError, invalid


def new_card(call: Call, card: cards.Card, payer: Object | None = None) -> Object:
    """What is kept of a test card. `payer`: name and email, as far as known."""
    return _new(
        call,
        "card",
        card.number,
        {
            "brand": card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": card.fingerprint,
            "funding": "credit",
            "last4": card.last4,
        },
        payer or {},
    )


def _new(call: Call, type_: str, number: str, details: Object, payer: Object) -> Object:
    method = call.new("payment_method")
    method |= {
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": None,
            "email": payer.get("email"),
            "name": payer.get("name"),
            "phone": None,
        },
        type_: details,
        "customer": None,
        "metadata": {},
        "type": type_,
        "_number": number,
        "_used": False,
    }
    return call.save(method)


def used(call: Call, token: str, customer: str | None) -> Object:
    """The method that a request names by id or by a test token, for a payment of this customer."""
    card = cards.by_token(token)
    if card:
        return new_card(call, card)
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
        raise used_up()
    return method


def card_of(method: Object) -> cards.Card:
    """The test card behind a method of type card."""
    card = cards.by_number(method["_number"])
    if card is None:
        raise LookupError(f"{method['id']} is no test card.")
    return card


def used_up() -> ApiError:
    return invalid(
        "payment_method",
        "This PaymentMethod was used without a customer before, or was detached from its customer,"
        " and may not be used again.",
        "payment_method_unexpected_state",
    )
