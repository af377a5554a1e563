"""Signed webhooks: sent, sent again, and the ways in which they go wrong."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import client_of
from tests.sandbox.orders import order
from tests.servers.stripe import SECRET, StripeSandbox, WebhookEndpoint, pay, running_sandbox

PAID = (
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
)
COMPLETED = "webhook checkout.session.completed"


def make_payment(client: stripe.StripeClient) -> str:
    session = client.v1.checkout.sessions.create(order())
    assert pay(session.url or "").status_code == 303
    return session.id


def test_a_payment_is_told_in_order_and_signed_as_stripe_signs(
    client: stripe.StripeClient, endpoint: WebhookEndpoint
) -> None:
    session_id = make_payment(client)
    heard = endpoint.await_types(*PAID)
    assert endpoint.types() == list(PAID)
    for one in heard:
        event = stripe.Webhook.construct_event(one.body, one.signature, endpoint.secret)
        assert event.livemode is False
        assert client.v1.events.retrieve(event.id).type == event.type
    assert heard[-1].event["data"]["object"]["id"] == session_id
    assert heard[-1].event["data"]["object"]["payment_status"] == "paid"
    assert "account" not in heard[-1].event


def test_events_are_listed_by_type(client: stripe.StripeClient) -> None:
    make_payment(client)
    listed = client.v1.events.list({"type": "checkout.session.completed"})
    assert [one.type for one in listed.data] == ["checkout.session.completed"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"type": "checkout.session.*"}, ["checkout.session.completed"]),
        ({"types": ["charge.succeeded", PAID[0]]}, ["charge.succeeded", PAID[0]]),
        ({"delivery_success": False}, ["charge.succeeded"]),
        ({"delivery_success": True, "limit": 1}, ["checkout.session.completed"]),
        ({"types": ["charge.succeeded"], "delivery_success": True}, []),
    ],
)
def test_events_are_listed_by_how_they_were_delivered(
    client: stripe.StripeClient,
    endpoint: WebhookEndpoint,
    sandbox: StripeSandbox,
    params: Any,
    expected: list[str],
) -> None:
    sandbox.fail("webhook charge.succeeded", "omit")
    make_payment(client)
    endpoint.await_types(PAID[0], PAID[2], PAID[3])
    sandbox.await_deliveries()
    assert [one.type for one in client.v1.events.list(params).data] == expected


def test_a_webhook_may_be_days_late(
    client: stripe.StripeClient, endpoint: WebhookEndpoint, sandbox: StripeSandbox
) -> None:
    sandbox.fail("webhook customer.created", "delay", seconds=3 * 86_400)
    first = client.v1.customers.create({}).id
    second = client.v1.customers.create({}).id
    (heard,) = endpoint.await_types("customer.created")
    assert heard.event["data"]["object"]["id"] == second
    sandbox.forward(3 * 86_400)
    _, late = endpoint.await_types("customer.created", "customer.created")
    assert late.event["data"]["object"]["id"] == first


def test_a_webhook_is_sent_again_until_it_is_taken(
    client: stripe.StripeClient, endpoint: WebhookEndpoint
) -> None:
    endpoint.answers = 500
    client.v1.customers.create({})
    endpoint.await_types("customer.created")
    endpoint.answers = 200
    first, second = endpoint.await_types("customer.created", "customer.created")
    assert first.event["id"] == second.event["id"]


def test_a_pause_is_cut_short_by_moving_the_clock() -> None:
    with WebhookEndpoint() as endpoint:
        told = f"sk_test_x={endpoint.url},{SECRET}"
        with running_sandbox("--webhook", told) as sandbox:
            endpoint.answers = 503
            client_of(sandbox, "sk_test_x").v1.customers.create({})
            endpoint.await_types("customer.created")
            for already in range(1, 4):
                sandbox.forward(600)
                endpoint.await_types(*["customer.created"] * (already + 1))
            endpoint.answers = 200
            sandbox.forward(3_600)
            last = endpoint.await_types(*["customer.created"] * 5)[-1]
            signed_at = int(last.signature.partition(",")[0].removeprefix("t="))
            assert abs(signed_at - time.time()) < 60, "signed by the machine's own clock"


def test_an_unsent_webhook_outlives_a_crash() -> None:
    with WebhookEndpoint() as endpoint:
        told = f"sk_test_x={endpoint.url},{SECRET}"
        with running_sandbox("--webhook", told) as sandbox:
            sandbox.fail("webhook customer.created", "delay", seconds=2)
            client_of(sandbox, "sk_test_x").v1.customers.create({})
            sandbox.stop()
            assert endpoint.heard == []
            sandbox.start()
            (one,) = endpoint.await_types("customer.created")
            stripe.Webhook.construct_event(one.body, one.signature, SECRET)


def test_an_omitted_webhook_never_comes_but_its_event_is_there(
    client: stripe.StripeClient, endpoint: WebhookEndpoint, sandbox: StripeSandbox
) -> None:
    sandbox.fail(COMPLETED, "omit")
    make_payment(client)
    client.v1.customers.create({})
    endpoint.await_types("customer.created")
    assert "checkout.session.completed" not in endpoint.types()
    (event,) = client.v1.events.list({"type": "checkout.session.completed"}).data
    sandbox.control("deliveries", {"event": event.id})
    endpoint.await_types("checkout.session.completed")


def test_a_duplicated_webhook_is_the_same_event(
    client: stripe.StripeClient, endpoint: WebhookEndpoint, sandbox: StripeSandbox
) -> None:
    sandbox.fail(COMPLETED, "duplicate", copies=3)
    make_payment(client)
    heard = endpoint.await_types(*["checkout.session.completed"] * 3)
    ids = {one.event["id"] for one in heard if one.event["type"] == PAID[-1]}
    assert len(ids) == 1


def test_a_reordered_webhook_is_overtaken(
    client: stripe.StripeClient, endpoint: WebhookEndpoint, sandbox: StripeSandbox
) -> None:
    sandbox.fail("webhook payment_intent.created", "reorder", seconds=0.5)
    make_payment(client)
    endpoint.await_types(*PAID)
    assert endpoint.types() == [*PAID[1:], PAID[0]]


@pytest.mark.parametrize("trouble", ["sign_badly", "sign_stale"])
def test_a_wrongly_signed_webhook_does_not_verify(
    client: stripe.StripeClient,
    endpoint: WebhookEndpoint,
    sandbox: StripeSandbox,
    trouble: str,
) -> None:
    sandbox.fail("webhook customer.created", trouble)
    client.v1.customers.create({})
    (one,) = endpoint.await_types("customer.created")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(one.body, one.signature, endpoint.secret)


def test_a_platform_hears_of_its_connected_accounts(sandbox: StripeSandbox) -> None:
    platform = client_of(sandbox, "sk_test_platform")
    with WebhookEndpoint() as listener:
        platform.v1.webhook_endpoints.create({"url": listener.url, "enabled_events": ["*"]})
        platform.v1.customers.create({}, {"stripe_account": "acct_of_the_platform"})
        (one,) = listener.await_types("customer.created")
        assert one.event["account"] == "acct_of_the_platform"


def test_an_endpoint_that_hangs_holds_up_nobody_else(sandbox: StripeSandbox) -> None:
    slow, quick = (client_of(sandbox, f"sk_test_{name}") for name in ("slow", "quick"))
    with WebhookEndpoint() as never, WebhookEndpoint() as listener:
        never.answers = 500
        slow.v1.webhook_endpoints.create({"url": never.url, "enabled_events": ["*"]})
        quick.v1.webhook_endpoints.create({"url": listener.url, "enabled_events": ["*"]})
        slow.v1.customers.create({})
        started = time.monotonic()
        quick.v1.customers.create({})
        listener.await_types("customer.created")
        assert time.monotonic() - started < 1


def test_an_unwanted_type_is_not_sent(client: stripe.StripeClient) -> None:
    with WebhookEndpoint() as listener:
        client.v1.webhook_endpoints.create(
            {"url": listener.url, "enabled_events": ["checkout.session.completed"]}
        )
        make_payment(client)
        listener.await_types("checkout.session.completed")
        assert listener.types() == ["checkout.session.completed"]
