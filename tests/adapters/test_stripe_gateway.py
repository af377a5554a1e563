"""The gateway's contract, on every server that has the call.

The sandbox has all of it. localstripe, written by others, is the second opinion on the little that
it shares with the port, how an unknown path is answered and how webhooks are signed: it has no
Checkout, no /v1/account, no events, and does not honour idempotency keys. Stripe's own test mode
joins when TILLMAIL_TEST_STRIPE_KEY is set; nobody can pay on its hosted page from here, so what
needs a payment stays with the sandbox.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from tests.servers.stripe import (
    ASKS,
    DECLINED,
    HTTP,
    KEY,
    OTHER_KEY,
    SECRET,
    StripeSandbox,
    WebhookEndpoint,
    pay,
    running_localstripe,
    running_sandbox,
)
from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.kernel.errors import PermanentError
from worker.kernel.money import Money
from worker.payments.ports import CheckoutOrder, Gateway

STRIPE_KEY = os.environ.get("TILLMAIL_TEST_STRIPE_KEY", "")
WITH_CHECKOUT = ["sandbox", *(["stripe"] if STRIPE_KEY else [])]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    with running_localstripe() as address:
        yield address


@pytest.fixture(scope="module")
def accesses(request: pytest.FixtureRequest) -> Callable[[str], StripeAccess]:
    """How each server is reached; a server starts when it is first asked for."""

    def access(server: str) -> StripeAccess:
        if server == "stripe":
            return StripeAccess(STRIPE_KEY, (SECRET,), expects_livemode=False)
        found = request.getfixturevalue(server)
        url = found.url if isinstance(found, StripeSandbox) else found
        return StripeAccess(KEY, (SECRET,), expects_livemode=False, base_url=url)

    return access


@pytest.fixture(params=WITH_CHECKOUT)
def gateway(request: pytest.FixtureRequest, accesses: Callable[[str], StripeAccess]) -> Gateway:
    return StripeGateway(accesses(request.param))


@pytest.fixture
def sandboxed(accesses: Callable[[str], StripeAccess]) -> Gateway:
    return StripeGateway(accesses("sandbox"))


def order() -> CheckoutOrder:
    """A plain order with a reference that no other has."""
    at = datetime.now(UTC)
    return CheckoutOrder(
        reference=f"chk_{secrets.token_hex(8)}",
        business="acme",
        amount=Money(124050, "EUR"),
        title="Invoice 2026-0042",
        customer_email="pat@example.org",
        language="de",
        success_url="https://pay.example.com/thanks?session={CHECKOUT_SESSION_ID}",
        cancel_url="https://pay.example.com/back",
        asked_at=at,
        expires_at=at + timedelta(hours=2),
    )


def test_a_page_is_opened_and_looked_up(gateway: Gateway) -> None:
    wanted = order()
    page = gateway.open_checkout(wanted, key=f"open-{wanted.reference}")
    assert page.url.startswith("http")
    assert page.expires_at == wanted.expires_at.replace(microsecond=0)
    facts = gateway.look_up(page.session_id)
    assert (facts.status, facts.is_paid, facts.livemode) == ("open", False, False)
    assert facts.amount == wanted.amount
    assert (facts.reference, facts.business) == (wanted.reference, "acme")
    assert (facts.intent_id, facts.paid_at, facts.method) == (None, None, None)
    assert facts.url == page.url


def test_the_same_key_gives_the_same_page(gateway: Gateway) -> None:
    wanted = order()
    pages = [gateway.open_checkout(wanted, key=f"open-{wanted.reference}") for _ in range(2)]
    assert pages[0] == pages[1]


def test_another_order_under_the_key_is_refused(gateway: Gateway) -> None:
    wanted = order()
    gateway.open_checkout(wanted, key=f"open-{wanted.reference}")
    other = replace(wanted, amount=Money(100, "EUR"))
    with pytest.raises(PermanentError, match="idempotency key"):
        gateway.open_checkout(other, key=f"open-{wanted.reference}")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (timedelta(0), timedelta(minutes=40)),
        (timedelta(hours=3), timedelta(hours=3)),
        (timedelta(days=90), timedelta(hours=23, minutes=50)),
    ],
)
def test_a_page_lasts_as_long_as_stripe_allows(
    gateway: Gateway, wanted: timedelta, given: timedelta
) -> None:
    plain = order()
    asked = replace(plain, expires_at=plain.asked_at + wanted)
    page = gateway.open_checkout(asked, key=f"open-{asked.reference}")
    assert page.expires_at == (plain.asked_at + given).replace(microsecond=0)


def test_an_open_page_is_expired_and_then_stays_so(gateway: Gateway) -> None:
    wanted = order()
    page = gateway.open_checkout(wanted, key=f"open-{wanted.reference}")
    expired = gateway.expire(page.session_id, key=f"end-{wanted.reference}")
    assert (expired.status, expired.is_paid) == ("expired", False)
    again = gateway.expire(page.session_id, key=f"end-again-{wanted.reference}")
    assert again == expired


def test_recent_pages_are_found_without_their_ids(gateway: Gateway) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    made = set()
    for _ in range(3):
        wanted = order()
        made.add(gateway.open_checkout(wanted, key=f"open-{wanted.reference}").session_id)
    assert made <= {facts.session_id for facts in gateway.recent(since=since)}
    assert gateway.recent(since=datetime.now(UTC) + timedelta(hours=1)) == []


def test_the_account_is_named(gateway: Gateway) -> None:
    facts = gateway.account()
    assert facts.account_id.startswith("acct_")
    assert facts.livemode is False
    assert facts.api_version == "2026-10-28.endive"


@pytest.mark.parametrize("server", [*WITH_CHECKOUT, "localstripe"])
def test_what_is_not_there_is_a_permanent_error(
    accesses: Callable[[str], StripeAccess], server: str
) -> None:
    gateway = StripeGateway(accesses(server))
    with pytest.raises(PermanentError, match="look up cs_test_nothing"):
        gateway.look_up("cs_test_nothing")
    with pytest.raises(PermanentError, match="cs_test_nothing"):
        gateway.expire("cs_test_nothing", key=f"end-nothing-{secrets.token_hex(4)}")


@pytest.mark.parametrize("server", WITH_CHECKOUT)
def test_a_wrong_key_is_a_permanent_error(
    accesses: Callable[[str], StripeAccess], server: str
) -> None:
    wrong = replace(accesses(server), api_key="sk_test_-wrong")
    with pytest.raises(PermanentError, match="API key"):
        StripeGateway(wrong).recent(since=datetime.now(UTC))


@pytest.mark.parametrize("server", ["sandbox", "localstripe"])
def test_a_servers_own_webhook_is_opened(
    accesses: Callable[[str], StripeAccess], server: str
) -> None:
    access = accesses(server)
    client = stripe.StripeClient(KEY, base_addresses={"api": access.base_url or ""})
    with WebhookEndpoint() as endpoint:
        if server == "sandbox":
            made = client.v1.webhook_endpoints.create(
                {"url": endpoint.url, "enabled_events": ["customer.created"]}
            )
            access = replace(access, webhook_secrets=("whsec_old", made.secret or ""))
        else:
            config = {"url": endpoint.url, "secret": SECRET, "events[]": "customer.created"}
            HTTP.post(f"{access.base_url}/_config/webhooks/tests", data=config).raise_for_status()
        customer = client.v1.customers.create({"name": "Pat"})
        heard = endpoint.await_types("customer.created")[-1]
    gateway = StripeGateway(access)
    event = gateway.open_event(heard.body, heard.signature, at=datetime.now(UTC))
    assert (event.type, event.object_id) == ("customer.created", customer.id)
    assert (event.livemode, event.session_id) == (False, None)
    assert gateway.is_ours(event)


def test_a_paid_page_is_evidence(sandboxed: Gateway) -> None:
    wanted = order()
    page = sandboxed.open_checkout(wanted, key=f"open-{wanted.reference}")
    assert pay(page.url).headers["location"].endswith(page.session_id)
    facts = sandboxed.look_up(page.session_id)
    assert (facts.status, facts.is_paid, facts.method) == ("complete", True, "card")
    assert facts.amount == wanted.amount
    assert facts.intent_id is not None
    assert facts.paid_at is not None
    assert abs(facts.paid_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert sandboxed.expire(page.session_id, key=f"end-{wanted.reference}") == facts
    recent = sandboxed.recent(since=wanted.asked_at - timedelta(seconds=2))
    assert facts in recent


@pytest.mark.parametrize("number", [DECLINED, ASKS])
def test_a_try_that_took_nothing_is_no_evidence(sandboxed: Gateway, number: str) -> None:
    wanted = order()
    page = sandboxed.open_checkout(wanted, key=f"open-{wanted.reference}")
    pay(page.url, number)
    facts = sandboxed.look_up(page.session_id)
    assert (facts.status, facts.is_paid, facts.paid_at) == ("open", False, None)
    assert facts.intent_id is not None


@pytest.mark.parametrize(
    "amount", [Money(500, "JPY"), Money(5, "ISK"), Money(5, "UGX"), Money(5120, "KWD")]
)
def test_an_amount_comes_back_as_it_was_sent(sandboxed: Gateway, amount: Money) -> None:
    wanted = replace(order(), amount=amount)
    page = sandboxed.open_checkout(wanted, key=f"open-{wanted.reference}")
    pay(page.url)
    assert sandboxed.look_up(page.session_id).amount == amount


def test_sessions_of_other_software_are_left_alone(
    sandboxed: Gateway, accesses: Callable[[str], StripeAccess]
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    shop = stripe.StripeClient(KEY, base_addresses={"api": accesses("sandbox").base_url or ""})
    session = shop.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://shop.example.com",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 100,
                        "product_data": {"name": "A hat"},
                    },
                }
            ],
        }
    )
    assert session.id not in {facts.session_id for facts in sandboxed.recent(since=since)}
    facts = sandboxed.look_up(session.id)
    assert (facts.reference, facts.business) == (None, None)


def test_a_business_never_sees_anothers_page(
    sandboxed: Gateway, accesses: Callable[[str], StripeAccess]
) -> None:
    wanted = order()
    page = sandboxed.open_checkout(wanted, key=f"open-{wanted.reference}")
    other = StripeGateway(replace(accesses("sandbox"), api_key=OTHER_KEY))
    with pytest.raises(PermanentError):
        other.look_up(page.session_id)


def test_no_page_is_opened_in_an_account_that_settings_do_not_expect(
    accesses: Callable[[str], StripeAccess],
) -> None:
    access = accesses("sandbox")
    found = StripeGateway(access).account().account_id
    wrong = StripeGateway(replace(access, expected_account="acct_another"))
    since = datetime.now(UTC) - timedelta(seconds=1)
    wanted = order()
    with pytest.raises(PermanentError, match=f"belongs to {found}; settings expect acct_another"):
        wrong.open_checkout(wanted, key=f"open-{wanted.reference}")
    references = {facts.reference for facts in wrong.recent(since=since)}
    assert wanted.reference not in references
    right = StripeGateway(replace(access, expected_account=found))
    right.open_checkout(wanted, key=f"open-{wanted.reference}")


def test_a_connected_account_takes_its_own_money(
    accesses: Callable[[str], StripeAccess], sandbox: StripeSandbox
) -> None:
    access = replace(accesses("sandbox"), account="acct_connected")
    gateway = StripeGateway(access)
    wanted = order()
    page = gateway.open_checkout(wanted, key=f"open-{wanted.reference}")
    pay(page.url)
    taken = [one for one in sandbox.charges() if one["session"] == page.session_id]
    assert [one["account"] for one in taken] == ["acct_connected"]
    assert gateway.account().account_id == "acct_connected"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"api_key": "sk_live_x"}, "test mode"),
        ({"expects_livemode": True}, "live mode"),
        ({"api_key": "sk_live_x", "expects_livemode": True}, "live key"),
        ({"base_url": "http://stripe.example.com"}, "https"),
        ({"api_key": "pk_test_x"}, "secret key"),
        ({"api_key": "sk_test_x\n"}, "without blanks"),
        ({"webhook_secrets": (SECRET, "")}, "anybody could sign"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changed: dict[str, Any], message: str) -> None:
    access = StripeAccess(KEY, (SECRET,), expects_livemode=False, base_url="http://127.0.0.1:1")
    with pytest.raises(PermanentError, match=message):
        replace(access, **changed)


def test_secrets_are_not_shown() -> None:
    access = StripeAccess(KEY, (SECRET,), expects_livemode=False)
    assert KEY not in repr(access)
    assert SECRET not in repr(access)


# The last of all: it moves the sandbox's clock, which the others share.
@pytest.mark.parametrize(
    ("iban", "fails"), [("AT321904300235473204", False), ("AT051904300235473205", True)]
)
def test_a_bank_debit_waits_and_then_is_paid_or_says_why_not(
    sandboxed: Gateway, sandbox: StripeSandbox, iban: str, fails: bool
) -> None:
    fee = Money(150, "EUR")
    wanted = replace(order(), method="sepa_debit", fee=fee, fee_title="Fee")
    page = sandboxed.open_checkout(wanted, key=f"open-{wanted.reference}")
    assert pay(page.url, method="sepa_debit", iban=iban).status_code == 303
    facts = sandboxed.look_up(page.session_id)
    assert facts.amount == wanted.amount + fee
    assert (facts.status, facts.is_paid, facts.is_processing) == ("complete", False, True)
    sandbox.forward(3600)
    facts = sandboxed.look_up(page.session_id)
    assert (facts.is_paid, facts.is_processing, facts.method) == (not fails, False, "sepa_debit")
    assert (facts.failure is not None) is fails
