"""Checkout Sessions through the API, as Stripe documents them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import client_of
from tests.sandbox.orders import line, order
from tests.servers.stripe import StripeSandbox, WebhookEndpoint, pay, running_sandbox

HOUR = 3_600


def test_a_session_is_open_and_has_a_page(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order(metadata={"invoice": "42"}))
    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.currency) == (124050, "eur")
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"invoice": "42"}
    assert session.livemode is False
    assert session.payment_intent is None, "since 2022-08-01 it is made when the customer pays"
    assert session.url is not None
    assert session.url.endswith(f"/c/pay/{session.id}")


def test_a_session_lasts_a_day_unless_told(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order())
    assert session.expires_at - session.created == 24 * HOUR


@pytest.mark.parametrize(
    ("seconds", "is_taken"),
    [(29 * 60, False), (31 * 60, True), (23 * HOUR, True), (25 * HOUR, False)],
)
def test_a_session_lasts_between_30_minutes_and_24_hours(
    client: stripe.StripeClient, sandbox: StripeSandbox, seconds: int, is_taken: bool
) -> None:
    wanted = order(expires_at=sandbox.now() + seconds)
    if is_taken:
        client.v1.checkout.sessions.create(wanted)
        return
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(wanted)
    assert refused.value.param == "expires_at"


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        (order(sucess_url="http://x"), "parameter_unknown", "sucess_url"),
        (order(mode=None), "parameter_missing", "mode"),
        (order(success_url=None), "parameter_missing", "success_url"),
        (order(line_items=None), "parameter_missing", "line_items"),
        (order(mode="pay"), "parameter_invalid", "mode"),
        (order(expires_at="soon"), "parameter_invalid_integer", "expires_at"),
        (order(success_url="javascript:alert(1)"), "url_invalid", "success_url"),
        (order(metadata={"k" * 41: "v"}), "parameter_invalid", f"metadata[{'k' * 41}]"),
        (order(line_items=[line(amount=49)]), "amount_too_small", "line_items"),
        (
            order(line_items=[{"quantity": 1, "price_data": {"unit_amount": 5}}]),
            "parameter_missing",
            "line_items[0][price_data][currency]",
        ),
        (
            order(line_items=[line(5050, "isk")]),
            "invalid_charge_amount_no_decimal_compatible",
            "line_items",
        ),
        (order(line_items=[line(5124, "kwd")]), "parameter_invalid", "line_items"),
        (order(line_items=[line(), line(currency="usd")]), "parameter_invalid", "line_items"),
        (order(customer_email="nobody"), "email_invalid", "customer_email"),
        (order(customer="cus_of_nobody"), "resource_missing", "id"),
        (order(discounts=[{"coupon": "x"}]), "sandbox_unsupported", "discounts"),
        (order(mode="subscription"), "sandbox_unsupported", "mode"),
    ],
)
def test_a_wrong_request_is_refused_by_name(
    client: stripe.StripeClient, params: Any, code: str, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(params)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_an_expired_session_stays_expired(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order())
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)


def test_a_paid_session_cannot_be_expired(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order())
    assert pay(session.url or "").status_code == 303
    with pytest.raises(stripe.InvalidRequestError, match="complete"):
        client.v1.checkout.sessions.expire(session.id)


def test_a_session_expires_by_itself_and_cancels_its_declined_intent() -> None:
    with running_sandbox() as sandbox:
        client = client_of(sandbox, "sk_test_x")
        session = client.v1.checkout.sessions.create(order())
        pay(session.url or "", "4000000000000002")
        sandbox.forward(24 * HOUR + 1)
        assert pay(session.url or "").status_code == 410
        now = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
        assert now.status == "expired"
        assert isinstance(now.payment_intent, stripe.PaymentIntent)
        assert now.payment_intent.status == "canceled"
        assert sandbox.charges() == []


def test_a_session_expires_by_business_time_and_says_so() -> None:
    with running_sandbox("--clock", "clock.ahead") as sandbox:
        client = client_of(sandbox, "sk_test_x")
        session = client.v1.checkout.sessions.create(order())
        with WebhookEndpoint() as endpoint:
            client.v1.webhook_endpoints.create({"url": endpoint.url, "enabled_events": ["*"]})
            (sandbox.directory / "clock.ahead").write_text(str(25 * HOUR))
            endpoint.await_types("checkout.session.expired")
        assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
        assert client.v1.checkout.sessions.create(order()).created > session.created + 24 * HOUR


def test_what_is_expandable_is_expanded(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order())
    pay(session.url or "")
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert isinstance(paid.payment_intent.latest_charge, stripe.Charge)
    assert paid.payment_intent.amount_received == 124050
    assert paid.payment_intent.latest_charge.paid
    assert paid.line_items is not None
    assert [one.description for one in paid.line_items.data] == ["Invoice 2026-0042"]


@pytest.mark.parametrize(
    "path", ["paiment_intent", "id", "currency", "a.b.c.d.e", "", "data", "payment_intent.x"]
)
def test_what_is_not_expandable_is_refused(client: stripe.StripeClient, path: str) -> None:
    session = client.v1.checkout.sessions.create(order())
    pay(session.url or "")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.retrieve(session.id, {"expand": [path]})
    assert refused.value.http_status == 400
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.list({"expand": [path]})


def test_sessions_are_listed_newest_first_page_by_page(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    made = [client.v1.checkout.sessions.create(order()).id for _ in range(5)]
    listed = client.v1.checkout.sessions.list({"limit": 2, "created": {"gte": 1}})
    assert [one.id for one in listed.data] == made[:2:-1]
    assert listed.has_more
    assert [one.id for one in listed.auto_paging_iter()] == made[::-1]
    in_a_minute = sandbox.now() + 60
    assert client.v1.checkout.sessions.list({"created": {"gte": in_a_minute}}).data == []


def test_an_account_sees_nothing_of_another(sandbox: StripeSandbox) -> None:
    session = client_of(sandbox, "sk_test_mine").v1.checkout.sessions.create(order())
    other = client_of(sandbox, "sk_test_theirs")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        other.v1.checkout.sessions.retrieve(session.id)
    assert refused.value.code == "resource_missing"
    assert other.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize("key", ["sk_live_x", "pk_test_x", "nonsense"])
def test_an_unknown_key_is_refused(sandbox: StripeSandbox, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client_of(sandbox, key).v1.balance.retrieve()


def test_with_a_list_of_keys_no_other_is_known() -> None:
    with running_sandbox("--key", "sk_test_known") as sandbox:
        client_of(sandbox, "sk_test_known").v1.accounts.retrieve_current()
        with pytest.raises(stripe.AuthenticationError):
            client_of(sandbox, "sk_test_unknown").v1.accounts.retrieve_current()


def test_a_connected_account_is_its_platforms_alone(sandbox: StripeSandbox) -> None:
    ours = client_of(sandbox, "sk_test_platform").v1.accounts
    theirs = client_of(sandbox, "sk_test_stranger").v1.accounts
    connected: stripe.RequestOptions = {"stripe_account": "acct_connected"}
    assert ours.retrieve_current(None, connected).id == "acct_connected"
    with pytest.raises(stripe.PermissionError):
        theirs.retrieve_current(None, connected)


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        (lambda c: c.v1.checkout.sessions.create(order()), stripe.checkout.Session),
        (
            lambda c: c.v1.payment_intents.create(
                {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa"}
            ),
            stripe.PaymentIntent,
        ),
        (lambda c: c.v1.customers.create({"name": "Pat"}), stripe.Customer),
        (lambda c: c.v1.refunds.create({"charge": _taken(c)}), stripe.Refund),
        (lambda c: c.v1.charges.retrieve(_taken(c)), stripe.Charge),
        (
            lambda c: c.v1.balance_transactions.list({"source": _taken(c)}).data[0],
            stripe.BalanceTransaction,
        ),
        (lambda c: c.v1.disputes.retrieve(_disputed(c)), stripe.Dispute),
        (
            lambda c: c.v1.setup_intents.create(
                {"payment_method": "pm_card_visa", "confirm": True}
            ),
            stripe.SetupIntent,
        ),
        (
            lambda c: c.v1.payment_methods.create(
                {"type": "card", "card": {"number": "4242424242424242"}}
            ),
            stripe.PaymentMethod,
        ),
        (lambda c: c.v1.mandates.retrieve(_mandate(c)), stripe.Mandate),
    ],
)
def test_objects_have_only_fields_that_the_sdk_knows(
    client: stripe.StripeClient, shown: Any, kind: type
) -> None:
    assert set(shown(client).to_dict()) <= set(kind.__annotations__)


def _disputed(client: stripe.StripeClient) -> str:
    client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "eur",
            "payment_method": "pm_card_createDispute",
            "confirm": True,
        }
    )
    return client.v1.disputes.list().data[0].id


def _mandate(client: stripe.StripeClient) -> str:
    """Consent to debit an account again and again."""
    setup = client.v1.setup_intents.create(
        {
            "payment_method": "pm_sepaDebit_success_at",
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
            "confirm": True,
        }
    )
    return str(setup.mandate)


def _taken(client: stripe.StripeClient) -> str:
    """A charge that succeeded."""
    intent = client.v1.payment_intents.create(
        {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    )
    return str(intent.latest_charge)
