"""Bank debits: asked for today, paid or failed days later, and returned even after that."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.orders import line, order
from tests.servers.stripe import HTTP, StripeSandbox, WebhookEndpoint, pay
from worker.sandbox.accounts import CURRENCIES, ROUTING, SORT_CODE, TEST_ACCOUNTS, Account

MINUTES = 60
SLOW_SEPA, QUICK_SEPA = "AT321904300235473204", "AT611904300234573201"
BANK = {
    "sepa_debit": {},
    "bacs_debit": {"sort_code": SORT_CODE},
    "us_bank_account": {"routing_number": ROUTING},
}


def typed(kind: str, number: str) -> dict[str, str]:
    field = "iban" if kind == "sepa_debit" else "account_number"
    return {"method": kind, field: number, **BANK[kind]}


def paid_by_debit(
    client: stripe.StripeClient, kind: str, number: str, **changed: Any
) -> stripe.checkout.Session:
    wanted = order(
        line_items=[line(5_000, CURRENCIES[kind])], allowed_payment_method_types=[kind], **changed
    )
    session = client.v1.checkout.sessions.create(wanted)
    assert pay(session.url or "", **typed(kind, number)).status_code == 303
    return client.v1.checkout.sessions.retrieve(session.id)


def intent_of(
    client: stripe.StripeClient, session: stripe.checkout.Session
) -> stripe.PaymentIntent:
    return client.v1.payment_intents.retrieve(
        str(session.payment_intent), {"expand": ["latest_charge"]}
    )


def outcome(account: Account) -> tuple[str, str | None]:
    if account.after_s is None:
        return "processing", None
    if account.fails:
        return "requires_payment_method", account.fails
    return "succeeded", None


def test_every_test_account_does_what_stripes_does(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    """One walk for all accounts: the clock moves once."""
    made = [(account, debited(client, account)) for account in TEST_ACCOUNTS]
    assert {one.status for _, one in made} == {"processing"}
    sandbox.forward(4 * MINUTES)
    now = client.v1.payment_intents.list({"limit": 100})
    intents = {one.id: one for one in now.data}
    disputed = {one.payment_intent: one.status for one in client.v1.disputes.list().data}
    for account, intent in made:
        error = intents[intent.id].last_payment_error
        seen = (intents[intent.id].status, error.code if error else None)
        assert seen == outcome(account), account.number
        assert disputed.get(intent.id) == ("lost" if account.disputes else None), account.number


def debited(client: stripe.StripeClient, account: Account) -> stripe.PaymentIntent:
    wanted: Any = {
        "amount": 700,
        "currency": CURRENCIES[account.type],
        "payment_method": account.token,
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
        "confirm": True,
    }
    return client.v1.payment_intents.create(wanted)


def test_a_slow_debit_is_pending_and_then_paid(
    client: stripe.StripeClient, sandbox: StripeSandbox, endpoint: WebhookEndpoint
) -> None:
    session = paid_by_debit(client, "sepa_debit", SLOW_SEPA)
    intent = intent_of(client, session)
    assert (intent.status, intent.amount_received) == ("processing", 0)
    assert isinstance(intent.latest_charge, stripe.Charge)
    charge = intent.latest_charge
    assert charge.id.startswith("py_")
    assert (charge.status, charge.paid) == ("pending", False)
    assert [one for one in sandbox.charges() if one["session"] == session.id] == []
    sandbox.forward(3 * MINUTES)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    (taken,) = [one for one in sandbox.charges() if one["session"] == session.id]
    assert taken["amount"] == 5_000
    heard = endpoint.await_types(
        "payment_intent.processing",
        "charge.pending",
        "checkout.session.completed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    )
    (completed,) = [one for one in heard if one.event["type"] == "checkout.session.completed"]
    assert completed.event["data"]["object"]["payment_status"] == "unpaid"


def test_the_bank_can_be_told_what_to_do(
    client: stripe.StripeClient, sandbox: StripeSandbox, endpoint: WebhookEndpoint
) -> None:
    session = paid_by_debit(client, "bacs_debit", "90012345")
    wanted = {"payment_intent": session.payment_intent, "do": "fail", "reason": "account_closed"}
    sandbox.control("debits", wanted)
    intent = intent_of(client, session)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "account_closed"
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.failure_code == "account_closed"
    endpoint.await_types("charge.failed", "checkout.session.async_payment_failed")
    sandbox.forward(4 * MINUTES)
    assert intent_of(client, session).status == "requires_payment_method", "the timer is late"


def test_a_debit_may_come_back_after_it_was_paid(
    client: stripe.StripeClient, sandbox: StripeSandbox, endpoint: WebhookEndpoint
) -> None:
    session = paid_by_debit(client, "sepa_debit", SLOW_SEPA)
    told = {"payment_intent": session.payment_intent}
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.control("debits", {**told, "do": "return"})
    sandbox.control("debits", {**told, "do": "succeed"})
    sandbox.control("debits", {**told, "do": "return", "reason": "insufficient_funds"})
    charge = intent_of(client, session).latest_charge
    assert isinstance(charge, stripe.Charge)
    (dispute,) = client.v1.disputes.list({"payment_intent": str(session.payment_intent)}).data
    assert (dispute.status, dispute.reason) == ("lost", "insufficient_funds")
    moved = [one["amount"] for one in sandbox.movements() if one["charge"] == charge.id]
    assert moved == [5_000, -5_000]
    endpoint.await_types("charge.dispute.funds_withdrawn", "charge.dispute.closed")


def test_a_debits_refund_takes_its_time(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    session = paid_by_debit(client, "sepa_debit", SLOW_SEPA)
    intent = str(session.payment_intent)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})
    sandbox.control("debits", {"payment_intent": intent, "do": "succeed"})
    refund = client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    assert refund.status == "pending"
    sandbox.forward(61)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_saved_account_is_debited_under_its_mandate(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    session = paid_by_debit(
        client,
        "sepa_debit",
        SLOW_SEPA,
        payment_intent_data={"setup_future_usage": "off_session"},
    )
    intent = intent_of(client, session)
    assert session.customer == intent.customer
    again = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "customer": str(session.customer),
            "payment_method": str(intent.payment_method),
            "off_session": True,
            "confirm": True,
        },
        {"idempotency_key": session.id},
    )
    charge = client.v1.charges.retrieve(str(again.latest_charge))
    assert again.status == "processing"
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.sepa_debit is not None
    mandate = client.v1.mandates.retrieve(charge.payment_method_details.sepa_debit.mandate or "")
    assert (mandate.status, mandate.type) == ("active", "multi_use")
    client.v1.payment_methods.detach(str(intent.payment_method))
    assert client.v1.mandates.retrieve(mandate.id).status == "inactive"


def test_without_consent_no_account_is_debited(client: stripe.StripeClient) -> None:
    wanted: Any = {
        "amount": 700,
        "currency": "usd",
        "payment_method": "pm_usBankAccount_success",
        "confirm": True,
    }
    with pytest.raises(stripe.InvalidRequestError, match="needs a mandate"):
        client.v1.payment_intents.create(wanted)
    (waits,) = client.v1.payment_intents.list().data
    assert waits.status == "requires_confirmation"
    wanted["mandate_data"] = {"customer_acceptance": {"type": "offline"}}
    made = client.v1.payment_intents.create(wanted)
    assert made.status == "processing"


def test_only_a_debit_that_waits_can_be_cancelled(client: stripe.StripeClient) -> None:
    by_token = {account.token: account for account in TEST_ACCOUNTS}
    waits = debited(client, by_token["pm_usBankAccount_processing"])
    assert client.v1.payment_intents.cancel(waits.id).status == "canceled"
    assert client.v1.charges.retrieve(str(waits.latest_charge)).status == "failed"
    goes = debited(client, by_token["pm_sepaDebit_successDelayed_at"])
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(goes.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_an_account_taken_away_meanwhile_stays_away(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    session = paid_by_debit(
        client, "sepa_debit", SLOW_SEPA, payment_intent_data={"setup_future_usage": "off_session"}
    )
    client.v1.payment_methods.detach(str(intent_of(client, session).payment_method))
    sandbox.control("debits", {"payment_intent": session.payment_intent, "do": "succeed"})
    assert intent_of(client, session).status == "succeeded"
    assert client.v1.customers.payment_methods.list(str(session.customer)).data == []


@pytest.mark.parametrize(
    ("kind", "changed", "sentence"),
    [
        ("sepa_debit", {"iban": "DE00123"}, "only the test accounts"),
        ("sepa_debit", {"name": ""}, "Enter the name"),
        ("bacs_debit", {"sort_code": "123456"}, "only the bank of the test accounts"),
        ("us_bank_account", {"account_number": ""}, "only the test accounts"),
        ("us_bank_account", {"email": "nobody"}, "Enter an email"),
    ],
)
def test_a_form_with_a_mistake_says_which(
    client: stripe.StripeClient, kind: str, changed: dict[str, str], sentence: str
) -> None:
    number = {"sepa_debit": QUICK_SEPA, "bacs_debit": "00012345"}.get(kind, "000123456789")
    session = client.v1.checkout.sessions.create(
        order(line_items=[line(5_000, CURRENCIES[kind])], allowed_payment_method_types=[kind])
    )
    answer = pay(session.url or "", **{**typed(kind, number), **changed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert client.v1.payment_intents.list().data == []


@pytest.mark.parametrize(
    ("currency", "tabs"),
    [
        ("eur", ["Card", "SEPA debit"]),
        ("gbp", ["Card", "Bank account"]),
        ("usd", ["Card", "US bank account"]),
        ("chf", []),
    ],
)
def test_the_page_offers_what_suits_the_currency(
    client: stripe.StripeClient, currency: str, tabs: list[str]
) -> None:
    session = client.v1.checkout.sessions.create(order(line_items=[line(5_000, currency)]))
    shown = HTTP.get(session.url or "").text
    found = [name for name in ("Card", "SEPA debit", "Bank account") if f">{name}</a>" in shown]
    found += ["US bank account"] if ">US bank account</a>" in shown else []
    assert found == tabs


@pytest.mark.parametrize(
    ("types", "currency"), [(["sepa_debit"], "usd"), (["klarna"], "eur"), (["card", "oxxo"], "eur")]
)
def test_a_kind_that_cannot_pay_is_refused(
    client: stripe.StripeClient, types: list[str], currency: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(
            order(line_items=[line(5_000, currency)], allowed_payment_method_types=types)
        )
    assert refused.value.param == "allowed_payment_method_types"


def test_a_chosen_account_fills_the_form(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order())
    page = f"{session.url}?method=sepa_debit&account={QUICK_SEPA}"
    assert 'value="AT61 1904 3002 3457 3201"' in HTTP.get(page).text
    german = HTTP.get(f"{session.url}?method=sepa_debit", headers={"Accept-Language": "de"}).text
    assert "DE89 3704 0044 0532 0130 00" in german
