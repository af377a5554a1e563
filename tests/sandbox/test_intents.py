"""PaymentIntents: one wish to take one amount, which succeeds at most once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from tests.servers.stripe import HTTP, StripeSandbox

PAYS = "pm_card_visa"
ASKS = "pm_card_authenticationRequired"
DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
def intent(client: stripe.StripeClient) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": 500, "currency": "eur", "metadata": {"request": "7"}}
    )


def taken(sandbox: StripeSandbox, intent: stripe.PaymentIntent) -> list[int]:
    return [one["amount"] for one in sandbox.charges() if one["payment_intent"] == intent.id]


def test_it_succeeds_once_whatever_is_asked_again(
    client: stripe.StripeClient, intent: stripe.PaymentIntent, sandbox: StripeSandbox
) -> None:
    confirmed = client.v1.payment_intents.confirm(intent.id, {"payment_method": PAYS})
    assert (confirmed.status, confirmed.amount_received) == ("succeeded", 500)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": PAYS})
    assert refused.value.code == "payment_intent_unexpected_state"
    assert taken(sandbox, intent) == [500]
    charge = client.v1.charges.list({"payment_intent": intent.id}).data[0]
    assert (charge.paid, charge.metadata.to_dict()) == (True, {"request": "7"})


def test_a_declined_one_may_be_confirmed_again(
    client: stripe.StripeClient, intent: stripe.PaymentIntent, sandbox: StripeSandbox
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": DECLINED})
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "generic_decline"
    now = client.v1.payment_intents.retrieve(intent.id)
    assert (now.status, now.payment_method) == ("requires_payment_method", None)
    assert now.last_payment_error is not None
    client.v1.payment_intents.confirm(intent.id, {"payment_method": PAYS})
    assert taken(sandbox, intent) == [500]


def test_without_the_customer_a_card_that_asks_is_declined(
    client: stripe.StripeClient, intent: stripe.PaymentIntent, sandbox: StripeSandbox
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": ASKS, "off_session": True})
    assert declined.value.code == "authentication_required"
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    assert taken(sandbox, intent) == []


def test_with_the_customer_a_card_that_asks_waits_for_the_answer(
    client: stripe.StripeClient, intent: stripe.PaymentIntent, sandbox: StripeSandbox
) -> None:
    waiting = client.v1.payment_intents.confirm(intent.id, {"payment_method": ASKS})
    assert waiting.status == "requires_action"
    assert waiting.next_action is not None
    assert waiting.next_action.redirect_to_url is not None
    url = waiting.next_action.redirect_to_url.url or ""
    assert urlsplit(url).hostname == "127.0.0.1"
    assert HTTP.post(url, data={"answer": "yes"}).status_code == 200
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert taken(sandbox, intent) == [500]


def test_a_cancelled_one_takes_nothing(
    client: stripe.StripeClient, intent: stripe.PaymentIntent, sandbox: StripeSandbox
) -> None:
    client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": PAYS})
    assert taken(sandbox, intent) == []


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"amount": 500, "currency": "eur", "confirm": True}, "payment_method"),
        ({"amount": 500, "currency": "eur", "off_session": True}, "off_session"),
        ({"amount": 49, "currency": "eur"}, "amount"),
        ({"amount": -500, "currency": "eur"}, "amount"),
        ({"amount": 500, "currency": "euro"}, "currency"),
        ({"amount": 500, "currency": "eur", "capture_method": "nope"}, "capture_method"),
        ({"currency": "eur"}, "amount"),
    ],
)
def test_a_wrong_one_is_refused_by_name(
    client: stripe.StripeClient, params: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(params)
    assert refused.value.param == param
