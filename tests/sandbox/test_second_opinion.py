"""The same calls on our sandbox and on localstripe, written by others: they must agree.

Only what localstripe has: customers, and PaymentIntents without a payment method. It has no
Checkout Sessions, no idempotency and no events, names no error codes and no `canceled_at`; there
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
