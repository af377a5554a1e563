"""Every request the gateway sends, against the SDK's own typed parameters, without a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.stripe import KEY, SECRET
from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.kernel.money import Money
from worker.payments.ports import CheckoutOrder
from worker.sandbox import shapes
from worker.sandbox.routes import find
from worker.sandbox.wire import decode

AT = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
ORDER = CheckoutOrder(
    reference="chk_1",
    business="acme",
    amount=Money(124050, "EUR"),
    title="Invoice 2026-0042",
    customer_email="pat@example.org",
    language="de-CH",
    success_url="https://pay.example.com/thanks?session={CHECKOUT_SESSION_ID}",
    cancel_url="https://pay.example.com/back",
    asked_at=AT,
    expires_at=AT + timedelta(hours=2),
)
SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "amount_total": 124050,
    "currency": "eur",
    "created": 1795000000,
    "expires_at": 1795345200,
    "livemode": False,
    "metadata": {},
    "mode": "payment",
    "payment_intent": None,
    "payment_status": "unpaid",
    "status": "open",
    "url": "https://checkout.example.com/1",
}
LIST = {"object": "list", "url": "/v1/checkout/sessions", "has_more": False, "data": []}
ACCOUNT = {"id": "acct_1", "object": "account", "charges_enabled": True}


@dataclass
class Sent:
    """One request, its parameters typed as the SDK types them."""

    method: str
    path: str
    params: dict[str, Any]
    headers: dict[str, str]
    body: str


class Recorder(stripe.HTTPClient):
    """Keeps what is sent, refuses what Stripe does not know, and answers something plausible."""

    name = "recorder"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_others: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        parts = urlsplit(url)
        body = (post_data or "") if method == "post" else parts.query
        route, _ = find(method.upper(), parts.path)
        params = shapes.check(route.params, decode(body))
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        self.sent.append(Sent(method, parts.path, params, lowered, body))
        answer: dict[str, Any] = SESSION
        if parts.path == "/v1/account":
            answer = ACCOUNT
        elif method == "get" and parts.path == "/v1/checkout/sessions":
            answer = LIST
        return json.dumps(answer), 200, {}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gateway(recorder: Recorder) -> StripeGateway:
    return gateway_on(recorder)


def gateway_on(recorder: Recorder) -> StripeGateway:
    access = StripeAccess(KEY, (SECRET,), expects_livemode=False, expected_account="acct_1")
    return StripeGateway(access, http=recorder)


def test_every_request_is_one_that_stripe_knows(gateway: StripeGateway, recorder: Recorder) -> None:
    gateway.open_checkout(ORDER, key="k1")
    gateway.look_up("cs_test_1")
    gateway.expire("cs_test_1", key="k2")
    gateway.recent(since=AT)
    gateway.account()
    assert [(one.method, one.path) for one in recorder.sent] == [
        ("get", "/v1/account"),
        ("post", "/v1/checkout/sessions"),
        ("get", "/v1/checkout/sessions/cs_test_1"),
        ("post", "/v1/checkout/sessions/cs_test_1/expire"),
        ("get", "/v1/checkout/sessions"),
        ("get", "/v1/account"),
    ]


def test_each_change_carries_its_own_key_and_every_request_the_version(
    gateway: StripeGateway, recorder: Recorder
) -> None:
    gateway.open_checkout(ORDER, key="k1")
    gateway.expire("cs_test_1", key="k2")
    keys = [one.headers["idempotency-key"] for one in recorder.sent if one.method == "post"]
    assert keys == ["k1", "k2"]
    assert {one.headers["stripe-version"] for one in recorder.sent} == {"2026-10-28.endive"}


def test_the_order_is_sent_to_the_letter(gateway: StripeGateway, recorder: Recorder) -> None:
    gateway.open_checkout(ORDER, key="k1")
    metadata = {"tillmail_checkout": "chk_1", "tillmail_business": "acme"}
    assert recorder.sent[-1].params == {
        "mode": "payment",
        "adaptive_pricing": {"enabled": False},
        "allowed_payment_method_types": ["card"],
        "cancel_url": ORDER.cancel_url,
        "client_reference_id": "chk_1",
        "customer_email": "pat@example.org",
        "expires_at": int(ORDER.expires_at.timestamp()),
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 124050,
                    "product_data": {"name": "Invoice 2026-0042"},
                },
            }
        ],
        "locale": "de",
        "metadata": metadata,
        "payment_intent_data": {"description": "Invoice 2026-0042", "metadata": metadata},
        "submit_type": "pay",
        "success_url": ORDER.success_url,
    }


@settings(deadline=None, max_examples=50)
@given(
    title=st.text(min_size=1, max_size=400),
    language=st.sampled_from(["de", "en-GB", "xx", "", "zh-Hant-TW"]),
    minor=st.integers(min_value=50, max_value=99_999_999),
    email=st.none() | st.emails(),
    lasts=st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=400)),
)
def test_the_same_order_is_the_same_request(
    title: str, language: str, minor: int, email: str | None, lasts: timedelta
) -> None:
    wanted = replace(
        ORDER,
        title=title,
        language=language,
        amount=Money(minor, "EUR"),
        customer_email=email,
        expires_at=AT + lasts,
    )
    bodies = set()
    for _ in range(2):
        recorder = Recorder()
        gateway_on(recorder).open_checkout(wanted, key="k")
        bodies.add(recorder.sent[-1].body)
        assert recorder.sent[-1].params["line_items"][0]["price_data"]["unit_amount"] == minor
    assert len(bodies) == 1


def test_nothing_about_this_machine_is_told(gateway: StripeGateway, recorder: Recorder) -> None:
    gateway.look_up("cs_test_1")
    about = json.loads(recorder.sent[-1].headers["x-stripe-client-user-agent"])
    assert "platform" not in about
    assert "telemetry_id" not in about
