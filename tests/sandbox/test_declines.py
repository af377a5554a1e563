"""The payer's bank says no, or asks: every decline code, and what faults make it do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe

from tests.servers.stripe import StripeSandbox
from worker.sandbox.cards import TEST_CARDS, Card
from worker.sandbox.declines import CODES

# The codes that the policy for retries decides on; the sandbox must know each of them.
POLICY = """
    insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded try_again_later
    issuer_not_available processing_error reenter_transaction approve_with_id no_action_taken
    do_not_honor generic_decline call_issuer security_violation service_not_allowed
    transaction_not_allowed duplicate_transaction authentication_required expired_card
    incorrect_number invalid_number incorrect_cvc invalid_cvc invalid_expiry_month
    invalid_expiry_year incorrect_zip invalid_account new_account_information_available
    card_not_supported currency_not_supported not_permitted restricted_card offline_pin_required
    online_or_offline_pin_required incorrect_pin invalid_pin pin_try_exceeded testmode_decline
    lost_card stolen_card pickup_card fraudulent merchant_blacklist highest_risk_level
    stop_payment_order revocation_of_authorization revocation_of_all_authorizations
    do_not_try_again
""".split()  # noqa: SIM905 - a table of words reads better.
NEVER = {"lost_card", "stolen_card", "pickup_card", "fraudulent", "do_not_try_again"}

Confirm = Callable[..., stripe.PaymentIntent]


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    """A customer with a saved card that pays."""
    return client.v1.customers.create({"payment_method": "pm_card_visa"}).id


@pytest.fixture
def confirm(client: stripe.StripeClient, customer: str) -> Confirm:
    (method,) = client.v1.customers.payment_methods.list(customer).data

    def once(intent: str | None = None) -> stripe.PaymentIntent:
        made = (
            intent
            or client.v1.payment_intents.create(
                {"amount": 700, "currency": "eur", "customer": customer}
            ).id
        )
        return client.v1.payment_intents.confirm(
            made, {"payment_method": method.id, "off_session": True}
        )

    return once


def declined(work: Callable[[], Any]) -> stripe.ErrorObject:
    with pytest.raises(stripe.CardError) as error:
        work()
    assert error.value.error is not None
    return error.value.error


def test_every_code_of_the_policy_is_known() -> None:
    assert set(POLICY) <= set(CODES)


def test_the_next_try_is_declined_as_told(
    sandbox: StripeSandbox, client: stripe.StripeClient, customer: str, confirm: Confirm
) -> None:
    """One intent for all codes: each try is declined, the last one pays."""
    intent = client.v1.payment_intents.create(
        {"amount": 700, "currency": "eur", "customer": customer}
    ).id
    sandbox.control(
        "faults",
        [{"on": f"card {customer}", "do": "decline", "decline_code": code} for code in CODES],
    )
    for code in CODES:
        error = declined(lambda: confirm(intent))
        assert error.decline_code == code
        assert error.code in ("card_declined", code)
        assert (error.advice_code == "do_not_try_again") or code not in NEVER
    kept = client.v1.payment_intents.retrieve(intent)
    assert kept.last_payment_error is not None
    assert kept.last_payment_error.decline_code == CODES[-1]
    assert confirm(intent).status == "succeeded"
    charges = client.v1.charges.list({"payment_intent": intent, "limit": 100}).data
    assert [one.outcome.reason for one in charges[::-1] if one.outcome] == [*CODES, None]
    assert [one.paid for one in charges].count(True) == 1


def test_advice_and_the_networks_codes_may_be_told_too(
    sandbox: StripeSandbox, client: stripe.StripeClient, customer: str, confirm: Confirm
) -> None:
    sandbox.fail(
        f"card {customer}",
        "decline",
        decline_code="generic_decline",
        advice_code="try_again_later",
        network_decline_code="05",
        network_advice_code="02",
    )
    error = declined(confirm)
    assert (error.advice_code, error.network_decline_code) == ("try_again_later", "05")
    assert error.network_advice_code == "02"
    assert error.charge is not None
    outcome = client.v1.charges.retrieve(error.charge).outcome
    assert outcome is not None
    assert (outcome.advice_code, outcome.network_advice_code) == ("try_again_later", "02")
    assert (outcome.type, outcome.network_status) == ("issuer_declined", "declined_by_network")


@pytest.mark.parametrize("whose", ["4242424242424242", "fingerprint", "method", "customer", "*"])
def test_a_card_is_named_in_many_ways(
    sandbox: StripeSandbox,
    client: stripe.StripeClient,
    customer: str,
    confirm: Confirm,
    whose: str,
) -> None:
    (method,) = client.v1.customers.payment_methods.list(customer).data
    assert method.card is not None
    names = {"fingerprint": method.card.fingerprint, "method": method.id, "customer": customer}
    sandbox.fail(f"card {names.get(whose, whose)}", "decline", decline_code="do_not_honor")
    assert declined(confirm).decline_code == "do_not_honor"
    assert confirm().status == "succeeded"


def test_the_bank_may_ask_for_the_owner(
    sandbox: StripeSandbox, client: stripe.StripeClient, customer: str, confirm: Confirm
) -> None:
    sandbox.fail(f"card {customer}", "ask")
    error = declined(confirm)
    assert (error.code, error.decline_code) == ("authentication_required",) * 2
    assert error.payment_intent is not None
    intent = error.payment_intent
    assert (intent.status, intent.last_payment_error.code if intent.last_payment_error else "") == (
        "requires_payment_method",
        "authentication_required",
    )
    assert error.payment_method is not None
    (method,) = client.v1.customers.payment_methods.list(customer).data
    sandbox.fail(f"card {customer}", "ask")
    here = client.v1.payment_intents.confirm(intent.id, {"payment_method": method.id})
    assert here.status == "requires_action"


def test_a_card_that_is_declined_may_pay_next_time(
    sandbox: StripeSandbox, client: stripe.StripeClient
) -> None:
    wanted: Any = {"amount": 700, "currency": "eur", "confirm": True}
    wanted["payment_method"] = "pm_card_visa_chargeDeclinedInsufficientFunds"
    assert declined(lambda: client.v1.payment_intents.create(wanted)).code == "card_declined"
    sandbox.fail("card 4000000000009995", "pay")
    assert client.v1.payment_intents.create(wanted).status == "succeeded"


def test_with_nobody_there_to_ask_the_try_fails(client: stripe.StripeClient) -> None:
    wanted: Any = {
        "amount": 700,
        "currency": "eur",
        "confirm": True,
        "payment_method": "pm_card_authenticationRequired",
        "error_on_requires_action": True,
    }
    error = declined(lambda: client.v1.payment_intents.create(wanted))
    assert error.code == "authentication_required"


@pytest.mark.parametrize("card", TEST_CARDS, ids=lambda card: card.token)
def test_a_test_card_does_off_session_what_stripes_does(
    client: stripe.StripeClient, card: Card
) -> None:
    wanted: Any = {
        "amount": 700,
        "currency": "eur",
        "confirm": True,
        "payment_method": card.token,
        "off_session": True,
    }
    asks = card.asks in ("always", "until_saved")
    expected = "authentication_required" if asks else card.refuses
    if expected is None:
        assert client.v1.payment_intents.create(wanted).status == "succeeded"
    else:
        assert declined(lambda: client.v1.payment_intents.create(wanted)).decline_code == expected


@pytest.mark.parametrize(
    "wanted",
    [
        {"on": "card *", "do": "decline", "decline_code": "regret"},
        {"on": "card *", "do": "decline", "advice_code": "think_again"},
        {"on": "card *", "do": "explode"},
        {"on": "debit *", "do": "decline"},
        {"on": "debit *", "do": "fail", "reason": "regret"},
    ],
)
def test_what_no_bank_says_is_refused(sandbox: StripeSandbox, wanted: dict[str, Any]) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.control("faults", wanted)


def test_the_next_debit_fails_as_told(sandbox: StripeSandbox, client: stripe.StripeClient) -> None:
    sandbox.fail("debit *", "fail", reason="refer_to_customer")
    wanted: Any = {
        "amount": 700,
        "currency": "gbp",
        "payment_method": "pm_bacsDebit_success",
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
        "confirm": True,
    }
    intent = client.v1.payment_intents.create(wanted)
    assert intent.status == "processing"
    sandbox.forward(5)
    now = client.v1.payment_intents.retrieve(intent.id)
    assert now.last_payment_error is not None
    assert now.last_payment_error.code == "refer_to_customer"
