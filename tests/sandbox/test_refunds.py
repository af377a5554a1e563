"""Refunds: money given back, whole or in part, never more than was taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.servers.stripe import StripeSandbox, WebhookEndpoint

Paid = Callable[..., stripe.PaymentIntent]


@pytest.fixture
def paid(client: stripe.StripeClient) -> Paid:
    def pay(token: str = "pm_card_visa", amount: int = 1_000) -> stripe.PaymentIntent:
        return client.v1.payment_intents.create(
            {"amount": amount, "currency": "eur", "payment_method": token, "confirm": True}
        )

    return pay


def charge_of(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Charge:
    return client.v1.charges.retrieve(str(intent.latest_charge), {"expand": ["refunds"]})


def test_a_refund_takes_all_that_is_left(client: stripe.StripeClient, paid: Paid) -> None:
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 300})
    partly = charge_of(client, intent)
    assert (partly.amount_refunded, partly.refunded) == (300, False)
    rest = client.v1.refunds.create({"charge": partly.id, "reason": "requested_by_customer"})
    assert (rest.amount, rest.status, rest.currency) == (700, "succeeded", "eur")
    wholly = charge_of(client, intent)
    assert (wholly.amount_refunded, wholly.refunded) == (1_000, True)
    assert wholly.refunds is not None
    assert [one.amount for one in wholly.refunds.data] == [700, 300]
    listed = client.v1.refunds.list({"payment_intent": intent.id}).data
    assert [one.amount for one in listed] == [700, 300]
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 1_001}, None, "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"reason": "regret"}, "parameter_invalid", "reason"),
        ({"charge": "ch_nothing"}, "parameters_exclusive", "charge"),
        ({"reverse_transfer": True}, "sandbox_unsupported", "reverse_transfer"),
    ],
)
def test_a_wrong_refund_is_refused_and_gives_nothing(
    client: stripe.StripeClient, paid: Paid, params: Any, code: str | None, param: str
) -> None:
    intent = paid()
    wanted: Any = {"payment_intent": intent.id, **params}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create(wanted)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert charge_of(client, intent).amount_refunded == 0


def test_nothing_is_refunded_beyond_what_was_taken(client: stripe.StripeClient, paid: Paid) -> None:
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 600})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 401})
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"


def test_an_intent_that_took_nothing_has_nothing_to_refund(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.param == "payment_intent"


def test_the_same_key_refunds_once(client: stripe.StripeClient, paid: Paid) -> None:
    intent = paid()
    made = [
        client.v1.refunds.create(
            {"payment_intent": intent.id, "amount": 300}, {"idempotency_key": f"once {intent.id}"}
        ).id
        for _ in range(2)
    ]
    assert len(set(made)) == 1
    assert charge_of(client, intent).amount_refunded == 300


@pytest.mark.parametrize(
    ("token", "first", "then", "refunded", "types"),
    [
        ("pm_card_pendingRefund", "pending", "succeeded", 400, ["refund.updated"]),
        ("pm_card_refundFail", "succeeded", "failed", 0, ["refund.updated", "refund.failed"]),
    ],
)
def test_a_refund_may_be_decided_later(
    client: stripe.StripeClient,
    sandbox: StripeSandbox,
    endpoint: WebhookEndpoint,
    paid: Paid,
    token: str,
    first: str,
    then: str,
    refunded: int,
    types: list[str],
) -> None:
    intent = paid(token)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    assert (refund.status, charge_of(client, intent).amount_refunded) == (first, 400)
    sandbox.forward(61)
    now = client.v1.refunds.retrieve(refund.id)
    assert (now.status, charge_of(client, intent).amount_refunded) == (then, refunded)
    assert (now.to_dict().get("failure_balance_transaction") is not None) is (then == "failed")
    endpoint.await_types("refund.created", "charge.refunded", *types)


def test_the_bank_can_be_told_to_refuse(
    client: stripe.StripeClient, sandbox: StripeSandbox, paid: Paid
) -> None:
    intent = paid()
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    wanted = {"refund": refund.id, "status": "failed", "reason": "expired_or_canceled_card"}
    sandbox.control("refunds", wanted)
    now = client.v1.refunds.retrieve(refund.id)
    assert (now.status, now.failure_reason) == ("failed", "expired_or_canceled_card")
    again = client.v1.refunds.create({"payment_intent": intent.id})
    assert again.status == "succeeded"


def test_the_balance_knows_every_movement_and_its_fee(
    client: stripe.StripeClient, sandbox: StripeSandbox, paid: Paid
) -> None:
    intent = paid()
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    charge = client.v1.charges.retrieve(
        str(intent.latest_charge), {"expand": ["balance_transaction"]}
    )
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    taken = charge.balance_transaction
    assert (taken.amount, taken.fee, taken.net) == (1_000, 40, 960)
    listed = client.v1.balance_transactions.list().data
    assert [(one.type, one.amount) for one in listed] == [("refund", -400), ("charge", 1_000)]
    account = client.v1.accounts.retrieve_current().id
    first, second = sandbox.movements(account=account)
    assert (first["amount"], second["amount"]) == (1_000, -400)
    assert sandbox.movements(account=account, after=first["id"]) == [second]
    (oracle,) = sandbox.charges(payment_intent=intent.id)
    assert [oracle] == sandbox.charges(account=account)
    assert (oracle["charge"], oracle["amount_refunded"]) == (charge.id, 400)
    balance = client.v1.balance.retrieve()
    assert [one.amount for one in balance.pending] == [960]
    assert [one.amount for one in balance.available] == [-400]
