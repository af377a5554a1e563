"""One sandbox for all tests of this folder; each test has an account of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import stripe

from tests.servers.stripe import StripeSandbox, WebhookEndpoint, running_sandbox

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def running() -> Iterator[StripeSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: StripeSandbox) -> Iterator[StripeSandbox]:
    yield running
    running.heal()


@pytest.fixture
def key() -> str:
    """A key that opens an account nobody used before."""
    return f"sk_test_{next(_NUMBERS)}"


@pytest.fixture
def client(sandbox: StripeSandbox, key: str) -> stripe.StripeClient:
    return client_of(sandbox, key)


def client_of(sandbox: StripeSandbox, key: str) -> stripe.StripeClient:
    # A client of its own: the default one prepares TLS that nobody needs here.
    return stripe.StripeClient(
        key,
        base_addresses={"api": sandbox.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(),
    )


@pytest.fixture
def endpoint(client: stripe.StripeClient) -> Iterator[WebhookEndpoint]:
    """A listener that hears all events of the test's account."""
    with WebhookEndpoint() as listener:
        made = client.v1.webhook_endpoints.create({"url": listener.url, "enabled_events": ["*"]})
        listener.secret = made.secret
        yield listener
        client.v1.webhook_endpoints.delete(made.id)
