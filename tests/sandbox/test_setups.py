"""Cards made ready for later: SetupIntents, setup mode, saved methods, detaching."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
import stripe

from tests.sandbox.orders import line, order
from tests.servers.stripe import ASKS, DECLINED, HTTP, PAYS, StripeSandbox, WebhookEndpoint, pay

SAVES_THEN_DECLINES = "4000000000000341"


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return client.v1.customers.create({"name": "Pat Payer", "email": "pat@example.org"}).id


def setup_page(client: stripe.StripeClient, customer: str | None) -> stripe.checkout.Session:
    wanted = order(
        mode="setup",
        line_items=None,
        customer=customer,
        currency="eur",
        allowed_payment_method_types=["card"],
        setup_intent_data={"metadata": {"contract": "7"}},
    )
    return client.v1.checkout.sessions.create(wanted)


def saved(client: stripe.StripeClient, customer: str, number: str = PAYS) -> str:
    """The id of a card that was saved on the hosted page."""
    session = setup_page(client, customer)
    answer = pay(session.url or "", number)
    assert answer.status_code == 303
    if "/c/auth/" in answer.headers["location"]:
        HTTP.post(urljoin(session.url or "", answer.headers["location"]), data={"answer": "yes"})
    setup = client.v1.setup_intents.retrieve(str(session.setup_intent))
    return str(setup.payment_method)


def charge(client: stripe.StripeClient, customer: str, method: str) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "customer": customer,
            "payment_method": method,
            "off_session": True,
            "confirm": True,
        }
    )


def test_a_card_is_saved_on_the_hosted_page(
    client: stripe.StripeClient, customer: str, endpoint: WebhookEndpoint
) -> None:
    session = setup_page(client, customer)
    assert (session.amount_total, session.payment_status) == (None, "no_payment_required")
    assert pay(session.url or "").headers["location"].endswith(session.id)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    assert (done.status, done.setup_intent.status) == ("complete", "succeeded")
    assert done.setup_intent.metadata is not None
    assert done.setup_intent.metadata.to_dict() == {"contract": "7"}
    (method,) = client.v1.customers.payment_methods.list(customer).data
    assert (method.id, method.customer) == (done.setup_intent.payment_method, customer)
    endpoint.await_types(
        "setup_intent.created",
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    )


@pytest.mark.parametrize("number", [PAYS, ASKS])
def test_a_saved_card_is_charged_without_its_owner(
    client: stripe.StripeClient, customer: str, sandbox: StripeSandbox, number: str
) -> None:
    method = saved(client, customer, number)
    intent = charge(client, customer, method)
    assert (intent.status, intent.payment_method) == ("succeeded", method)
    (taken,) = [one for one in sandbox.charges() if one["payment_intent"] == intent.id]
    assert taken["amount"] == 700


def test_a_card_may_be_saved_and_then_declined(client: stripe.StripeClient, customer: str) -> None:
    method = saved(client, customer, SAVES_THEN_DECLINES)
    with pytest.raises(stripe.CardError) as declined:
        charge(client, customer, method)
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "generic_decline"


def test_a_refused_card_is_not_saved(client: stripe.StripeClient, customer: str) -> None:
    session = setup_page(client, customer)
    assert pay(session.url or "", DECLINED).status_code == 402
    setup = client.v1.setup_intents.retrieve(str(session.setup_intent))
    assert (setup.status, setup.payment_method) == ("requires_payment_method", None)
    assert setup.last_setup_error is not None
    assert setup.last_setup_error.decline_code == "generic_decline"
    assert client.v1.customers.payment_methods.list(customer).data == []
    assert pay(session.url or "").status_code == 303


def test_an_expired_setup_page_saves_nothing(client: stripe.StripeClient, customer: str) -> None:
    session = setup_page(client, customer)
    client.v1.checkout.sessions.expire(session.id)
    assert pay(session.url or "").status_code == 410
    assert client.v1.setup_intents.retrieve(str(session.setup_intent)).status == "canceled"


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("pm_card_visa", "succeeded"),
        ("pm_card_authenticationRequiredOnSetup", "requires_action"),
        ("pm_card_authenticationRequired", "requires_action"),
        ("pm_card_authenticationRequiredSetupForOffSession", "succeeded"),
        ("pm_card_chargeCustomerFail", "succeeded"),
    ],
)
def test_a_setup_intent_is_confirmed_by_the_api(
    client: stripe.StripeClient, customer: str, token: str, status: str
) -> None:
    setup = client.v1.setup_intents.create({"customer": customer})
    confirmed = client.v1.setup_intents.confirm(setup.id, {"payment_method": token})
    assert confirmed.status == status
    if status == "succeeded":
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.setup_intents.cancel(setup.id)
        assert refused.value.code == "setup_intent_unexpected_state"
    else:
        assert client.v1.setup_intents.cancel(setup.id).status == "canceled"


def test_a_setup_that_the_bank_refuses_is_a_card_error(
    client: stripe.StripeClient, customer: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        client.v1.setup_intents.create(
            {
                "customer": customer,
                "payment_method": "pm_card_visa_chargeDeclinedLostCard",
                "confirm": True,
            }
        )
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "lost_card"
    assert declined.value.error.advice_code == "do_not_try_again"


def test_a_detached_card_is_used_up(
    client: stripe.StripeClient, customer: str, endpoint: WebhookEndpoint
) -> None:
    method = saved(client, customer)
    settings: Any = {"invoice_settings": {"default_payment_method": method}}
    updated = client.v1.customers.update(customer, settings)
    assert updated.invoice_settings is not None
    assert updated.invoice_settings.default_payment_method == method
    assert client.v1.payment_methods.detach(method).customer is None
    now = client.v1.customers.retrieve(customer)
    assert now.invoice_settings is not None
    assert now.invoice_settings.default_payment_method is None
    for refused in (
        lambda: charge(client, customer, method),
        lambda: client.v1.payment_methods.attach(method, {"customer": customer}),
        lambda: client.v1.payment_methods.detach(method),
        lambda: client.v1.customers.update(customer, settings),
    ):
        with pytest.raises(stripe.InvalidRequestError):
            refused()
    endpoint.await_types("payment_method.detached")


def test_a_card_belongs_to_its_customer_alone(client: stripe.StripeClient, customer: str) -> None:
    method = saved(client, customer)
    other = client.v1.customers.create({"name": "Another"}).id
    for whose in (other, ""):
        wanted: Any = {
            "amount": 700,
            "currency": "eur",
            "payment_method": method,
            "confirm": True,
            "customer": whose,
        }
        if not whose:
            del wanted["customer"]
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.create(wanted)
        assert refused.value.param == "payment_method"


def test_the_network_updates_a_card(
    client: stripe.StripeClient, customer: str, sandbox: StripeSandbox, endpoint: WebhookEndpoint
) -> None:
    method = saved(client, customer)
    told = {"payment_method": method, "exp_year": 2039, "number": "5555555555554444"}
    sandbox.control("cards", told)
    card = client.v1.payment_methods.retrieve(method).card
    assert card is not None
    assert (card.exp_year, card.last4, card.brand) == (2039, "4444", "mastercard")
    endpoint.await_types("payment_method.automatically_updated")
    assert charge(client, customer, method).status == "succeeded"
    for wrong in ({}, {"number": "4111111111111111"}, {"cvc": "123"}):
        with pytest.raises(httpx.HTTPStatusError):
            sandbox.control("cards", {"payment_method": method, **wrong})


def test_a_card_whose_time_is_over_is_declined(client: stripe.StripeClient, customer: str) -> None:
    old: Any = {"type": "card", "card": {"number": PAYS, "exp_month": 1, "exp_year": 2020}}
    method = client.v1.payment_methods.create(old).id
    client.v1.payment_methods.attach(method, {"customer": customer})
    with pytest.raises(stripe.CardError) as declined:
        charge(client, customer, method)
    assert declined.value.code == "expired_card"
    client.v1.payment_methods.update(method, {"card": {"exp_year": 2039}})
    assert charge(client, customer, method).status == "succeeded"


def test_paying_may_save_the_card_for_later(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(
        order(payment_intent_data={"setup_future_usage": "off_session"})
    )
    assert "allow the seller to charge this card" in HTTP.get(session.url or "").text
    pay(session.url or "")
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer"]})
    assert isinstance(done.customer, stripe.Customer)
    assert done.customer.email == "payer@example.org"
    (method,) = client.v1.customers.payment_methods.list(done.customer.id).data
    assert charge(client, done.customer.id, method.id).status == "succeeded"


def test_a_card_kept_by_choice_pays_the_next_time_with_one_press(
    client: stripe.StripeClient, customer: str, sandbox: StripeSandbox
) -> None:
    wanted = order(
        customer=customer,
        line_items=[line(), line(600, name="Convenience fee")],
        saved_payment_method_options={"payment_method_save": "enabled"},
    )
    first = client.v1.checkout.sessions.create(wanted)
    assert "Save this for my next payment" in HTTP.get(first.url or "").text
    assert pay(first.url or "", save="yes").status_code == 303
    second = client.v1.checkout.sessions.create(wanted)
    (method,) = client.v1.customers.payment_methods.list(customer).data
    assert "Pay with Visa •••• 4242" in HTTP.get(second.url or "").text
    assert HTTP.post(second.url or "", data={"saved": "pm_of_nobody"}).status_code == 422
    assert HTTP.post(second.url or "", data={"saved": method.id}).status_code == 303
    amounts = [one["amount"] for one in sandbox.charges() if one["session"] == second.id]
    assert amounts == [124650]
    assert len(client.v1.customers.payment_methods.list(customer).data) == 1


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"mode": "setup"}, "line_items"),
        ({"mode": "setup", "line_items": None, "submit_type": "pay"}, "submit_type"),
        ({"mode": "setup", "line_items": None}, "currency"),
        ({"setup_intent_data": {"description": "x"}}, "setup_intent_data"),
        (
            {"saved_payment_method_options": {"payment_method_save": "enabled"}},
            "saved_payment_method_options",
        ),
        ({"after_expiration": {"recovery": {"enabled": True}}}, "after_expiration"),
    ],
)
def test_what_does_not_go_together_is_refused(
    client: stripe.StripeClient, changed: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(order(**changed))
    assert refused.value.param == param
