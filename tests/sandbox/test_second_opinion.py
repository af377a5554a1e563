"""The same calls on our sandbox and on localstripe, written by others: they must agree.

Only what localstripe has: customers, their cards, PaymentIntents, refunds within the charge and
SetupIntents. It has no Checkout Sessions, no idempotency, no disputes and no events, pays bank
debits at once, lets refunds exceed the charge, and names no error codes and no `canceled_at`; there
the sandbox is checked against the SDK's types and Stripe's pages alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.servers.stripe import StripeSandbox, running_localstripe


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    with running_localstripe() as address:
        yield address


@pytest.fixture(params=["sandbox", "localstripe"])
def either(request: pytest.FixtureRequest) -> stripe.StripeClient:
    server = request.getfixturevalue(request.param)
    url = server.url if isinstance(server, StripeSandbox) else server
    return stripe.StripeClient("sk_test_x", base_addresses={"api": url})


def test_a_customer_is_made_changed_and_listed(either: stripe.StripeClient) -> None:
    made = either.v1.customers.create(
        {"name": "Pat", "email": "pat@example.org", "metadata": {"number": "7"}}
    )
    changed = either.v1.customers.update(made.id, {"name": "Pat Payer", "metadata": {"b": "1"}})
    found = either.v1.customers.retrieve(made.id)
    assert found.id.startswith("cus_")
    assert (found.object, found.name, found.email) == ("customer", "Pat Payer", made.email)
    assert found.metadata is not None
    assert found.metadata.to_dict() == {"number": "7", "b": "1"}
    assert changed.created == found.created
    assert made.id in {one.id for one in either.v1.customers.list().data}


def test_an_intent_waits_for_a_method_and_is_cancelled(either: stripe.StripeClient) -> None:
    made = either.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    assert made.id.startswith("pi_")
    assert (made.status, made.amount, made.currency) == ("requires_payment_method", 500, "eur")
    assert made.latest_charge is None
    cancelled = either.v1.payment_intents.cancel(made.id)
    assert cancelled.status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        either.v1.payment_intents.cancel(made.id)
    assert refused.value.http_status == 400


@pytest.mark.parametrize("kind", ["customers", "payment_intents"])
def test_what_is_not_there_is_missing(either: stripe.StripeClient, kind: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(either.v1, kind).retrieve("xy_nothing")
    assert refused.value.http_status == 404


def test_an_unknown_parameter_is_refused(either: stripe.StripeClient) -> None:
    wrong: Any = {"nme": "Pat"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        either.v1.customers.create(wrong)
    assert refused.value.http_status == 400


def card(client: stripe.StripeClient, customer: str, number: str) -> str:
    """A card that is kept with the customer."""
    typed: Any = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    method = client.v1.payment_methods.create({"type": "card", "card": typed})
    kept = client.v1.payment_methods.attach(method.id, {"customer": customer})
    assert kept.customer == customer
    return kept.id


def test_a_kept_card_is_charged_and_the_money_given_back(either: stripe.StripeClient) -> None:
    customer = either.v1.customers.create({"name": "Pat"}).id
    method = card(either, customer, "4242424242424242")
    intent = either.v1.payment_intents.create(
        {"amount": 500, "currency": "eur", "customer": customer, "payment_method": method}
    )
    assert intent.status == "requires_confirmation"
    confirmed = either.v1.payment_intents.confirm(intent.id)
    assert (confirmed.status, confirmed.amount, confirmed.payment_method) == (
        "succeeded",
        500,
        method,
    )
    for amount in (200, 300):
        refund = either.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
        assert (refund.status, refund.amount, refund.currency) == ("succeeded", amount, "eur")
        assert refund.payment_intent == intent.id
    listed = either.v1.refunds.list({"payment_intent": intent.id}).data
    assert sorted(one.amount for one in listed) == [200, 300]


def test_a_card_is_listed_with_its_customer_until_it_is_detached(
    either: stripe.StripeClient,
) -> None:
    customer = either.v1.customers.create({"name": "Pat"}).id
    method = card(either, customer, "5555555555554444")
    wanted: Any = {"customer": customer, "type": "card"}
    (found,) = either.v1.payment_methods.list(wanted).data
    assert found.card is not None
    assert (found.id, found.card.last4) == (method, "4444")
    assert either.v1.payment_methods.detach(method).customer is None
    assert either.v1.payment_methods.list(wanted).data == []


def test_a_refused_card_is_a_card_error_when_it_is_kept(either: stripe.StripeClient) -> None:
    customer = either.v1.customers.create({"name": "Pat"}).id
    with pytest.raises(stripe.CardError) as declined:
        card(either, customer, "4000000000000002")
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")


def test_a_card_may_be_kept_and_declined_when_it_is_charged(either: stripe.StripeClient) -> None:
    customer = either.v1.customers.create({"name": "Pat"}).id
    method = card(either, customer, "4000000000000341")
    intent = either.v1.payment_intents.create(
        {"amount": 500, "currency": "eur", "customer": customer, "payment_method": method}
    )
    with pytest.raises(stripe.CardError) as declined:
        either.v1.payment_intents.confirm(intent.id)
    assert declined.value.code == "card_declined"
    assert either.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


def test_a_setup_makes_a_card_ready(either: stripe.StripeClient) -> None:
    customer = either.v1.customers.create({"name": "Pat"}).id
    method = card(either, customer, "4242424242424242")
    setup = either.v1.setup_intents.create({"customer": customer, "usage": "off_session"})
    assert setup.status == "requires_payment_method"
    done = either.v1.setup_intents.confirm(setup.id, {"payment_method": method})
    assert (done.status, done.payment_method) == ("succeeded", method)
