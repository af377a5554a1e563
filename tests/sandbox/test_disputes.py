"""Disputes: the payer's bank takes money back, and perhaps returns it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.servers.stripe import StripeSandbox, WebhookEndpoint


def paid(client: stripe.StripeClient, token: str = "pm_card_visa") -> str:
    """A charge of 10 euros."""
    intent = client.v1.payment_intents.create(
        {"amount": 1_000, "currency": "eur", "payment_method": token, "confirm": True}
    )
    return str(intent.latest_charge)


def opened(sandbox: StripeSandbox, charge: str, **how: Any) -> str:
    return str(sandbox.control("disputes", {"charge": charge, **how})["id"])


def moved(sandbox: StripeSandbox, charge: str) -> list[tuple[str, int]]:
    found = [one for one in sandbox.movements() if one["charge"] == charge]
    return [(one["type"], one["amount"] - one["fee"]) for one in found]


@pytest.mark.parametrize(
    ("does", "status", "moves", "types"),
    [
        ([], "needs_response", [-3_000], []),
        (["review"], "under_review", [-3_000], ["charge.dispute.updated"]),
        (["lose"], "lost", [-3_000], ["charge.dispute.closed"]),
        (
            ["review", "win"],
            "won",
            [-3_000, 1_000],
            ["charge.dispute.closed", "charge.dispute.funds_reinstated"],
        ),
    ],
)
def test_a_dispute_takes_the_money_until_it_is_won(
    client: stripe.StripeClient,
    sandbox: StripeSandbox,
    endpoint: WebhookEndpoint,
    does: list[str],
    status: str,
    moves: list[int],
    types: list[str],
) -> None:
    charge = paid(client)
    dispute = opened(sandbox, charge, reason="product_not_received")
    for what in does:
        sandbox.control("disputes", {"dispute": dispute, "do": what})
    now = client.v1.disputes.retrieve(dispute)
    assert (now.status, now.reason, now.amount) == (status, "product_not_received", 1_000)
    assert client.v1.charges.retrieve(charge).disputed
    adjusted = [amount for type_, amount in moved(sandbox, charge) if type_ == "adjustment"]
    assert adjusted == moves
    assert [one.net for one in now.balance_transactions] == moves
    endpoint.await_types("charge.dispute.created", "charge.dispute.funds_withdrawn", *types)


@pytest.mark.parametrize(
    ("token", "status", "withdrawn"),
    [
        ("pm_card_createDispute", "needs_response", True),
        ("pm_card_createDisputeProductNotReceived", "needs_response", True),
        ("pm_card_createDisputeInquiry", "warning_needs_response", False),
    ],
)
def test_some_test_cards_are_disputed_at_once(
    client: stripe.StripeClient, sandbox: StripeSandbox, token: str, status: str, withdrawn: bool
) -> None:
    charge = paid(client, token)
    (dispute,) = client.v1.disputes.list({"charge": charge}).data
    assert dispute.status == status
    assert bool(dispute.balance_transactions) is withdrawn
    assert dispute.is_charge_refundable is not withdrawn


@pytest.mark.parametrize(
    ("evidence", "status"),
    [("winning_evidence", "won"), ("losing_evidence", "lost"), ("a photograph", "under_review")],
)
def test_evidence_decides_as_in_stripes_test_mode(
    client: stripe.StripeClient, evidence: str, status: str
) -> None:
    charge = paid(client, "pm_card_createDispute")
    (dispute,) = client.v1.disputes.list({"charge": charge}).data
    answered = client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": evidence}, "submit": True}
    )
    assert answered.status == status


def test_an_inquiry_may_become_a_dispute(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    charge = paid(client)
    intent = client.v1.charges.retrieve(charge).payment_intent
    told = {"payment_intent": intent, "inquiry": True}
    dispute = str(sandbox.control("disputes", told)["id"])
    assert moved(sandbox, charge) == [("charge", 960)]
    sandbox.control("disputes", {"dispute": dispute, "do": "escalate"})
    assert moved(sandbox, charge) == [("charge", 960), ("adjustment", -3_000)]
    assert client.v1.disputes.close(dispute).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute)


def test_a_disputed_charge_is_not_refunded_until_the_dispute_is_won(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    charge = paid(client)
    dispute = opened(sandbox, charge)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge})
    assert refused.value.code == "charge_disputed"
    sandbox.control("disputes", {"dispute": dispute, "do": "win"})
    assert client.v1.refunds.create({"charge": charge}).status == "succeeded"


@pytest.mark.parametrize(
    "wanted",
    [
        {"reason": "regret"},
        {"amount": 1_001},
        {"amount": 0},
        {"amount": "5"},
        {"charge": "ch_nothing"},
        {"charge": "acct_nothing"},
    ],
)
def test_what_no_bank_would_dispute_is_refused(
    client: stripe.StripeClient, sandbox: StripeSandbox, wanted: dict[str, Any]
) -> None:
    charge = paid(client)
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.control("disputes", {"charge": charge, **wanted})
    assert client.v1.disputes.list({"charge": charge}).data == []


def test_a_charge_is_disputed_once_and_decided_once(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    charge = paid(client)
    dispute = opened(sandbox, charge, amount=400)
    for again in (
        {"charge": charge},
        {"dispute": dispute, "do": "escalate"},
        {"dispute": dispute, "do": "forget"},
    ):
        with pytest.raises(httpx.HTTPStatusError):
            sandbox.control("disputes", again)
    sandbox.control("disputes", {"dispute": dispute, "do": "lose"})
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.control("disputes", {"dispute": dispute, "do": "win"})
    assert moved(sandbox, charge) == [("charge", 960), ("adjustment", -2_400)]
