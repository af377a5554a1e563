"""Payouts: what is available goes to the bank, with the list of what it is made of."""

from __future__ import annotations

import httpx
import pytest
import stripe

from tests.servers.stripe import StripeSandbox, WebhookEndpoint

DAYS = 86_400


def pay(client: stripe.StripeClient, amount: int) -> str:
    intent = client.v1.payment_intents.create(
        {"amount": amount, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    )
    return str(intent.latest_charge)


def test_a_payout_names_all_that_it_is_made_of(
    client: stripe.StripeClient, sandbox: StripeSandbox, endpoint: WebhookEndpoint
) -> None:
    account = client.v1.accounts.retrieve_current().id
    first, second = pay(client, 1_000), pay(client, 2_000)
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.control("payouts", {"account": account, "currency": "eur"})
    sandbox.forward(3 * DAYS)
    client.v1.refunds.create({"charge": first, "amount": 500})
    not_yet = pay(client, 4_000)
    sandbox.control("payouts", {"account": account, "currency": "eur"})
    (payout,) = client.v1.payouts.list().data
    assert set(payout.to_dict()) <= set(stripe.Payout.__annotations__)
    assert (payout.status, payout.amount) == ("paid", 960 + 1_945 - 500)
    parts = client.v1.balance_transactions.list({"payout": payout.id}).data
    assert sum(one.net for one in parts) == 0, "the payout itself is one of them"
    assert sum(one.net for one in parts if one.type != "payout") == payout.amount
    assert {first, second} < {str(one.source) for one in parts}
    assert not_yet not in {str(one.source) for one in parts}
    balance = client.v1.balance.retrieve()
    assert [one.amount for one in balance.pending] == [4_000 - 85]
    assert balance.available == []
    endpoint.await_types("payout.created", "payout.paid")


def test_a_payout_may_come_back(
    client: stripe.StripeClient, key: str, sandbox: StripeSandbox, endpoint: WebhookEndpoint
) -> None:
    pay(client, 1_000)
    sandbox.forward(3 * DAYS)
    payout = sandbox.control("payouts", {"key": key, "currency": "eur"})["id"]
    sandbox.control("payouts", {"payout": payout, "do": "fail"})
    now = client.v1.payouts.retrieve(payout)
    assert (now.status, now.failure_code) == ("failed", "account_closed")
    assert [one.amount for one in client.v1.balance.retrieve().available] == [960]
    endpoint.await_types("payout.failed")
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.control("payouts", {"payout": payout, "do": "fail"})
