"""Refunds and disputes at the gateway: asked for once, and read as they stand."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.stripe import KEY, SECRET, StripeSandbox, pay, running_sandbox
from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.adapters.stripe_webhooks import read
from worker.kernel.errors import OutcomeUnknown, PermanentError
from worker.kernel.money import Money
from worker.payments.ports import CheckoutOrder, RefundOrder


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def gateway(sandbox: StripeSandbox) -> StripeGateway:
    return StripeGateway(StripeAccess(KEY, (SECRET,), expects_livemode=False, base_url=sandbox.url))


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


def paid(gateway: StripeGateway) -> str:
    """The intent of a payment of 100.00 EUR."""
    at, reference = datetime.now(UTC), f"chk_{secrets.token_hex(8)}"
    order = CheckoutOrder(
        reference, "acme", euro(10_000), "Invoice 7", None, "en", "https://a.example/t",
        "https://a.example/b", at, at + timedelta(hours=1),
    )  # fmt: skip
    page = gateway.open_checkout(order, key=reference)
    pay(page.url)
    intent = gateway.look_up(page.session_id).intent_id
    assert intent is not None
    return intent


def order(intent: str, minor: int) -> RefundOrder:
    return RefundOrder(f"ref_{secrets.token_hex(8)}", "acme", intent, euro(minor))


def test_money_goes_back_once_for_one_key(gateway: StripeGateway) -> None:
    wanted = order(paid(gateway), 4_000)
    first = gateway.refund(wanted, key="once-" + wanted.reference)
    assert gateway.refund(wanted, key="once-" + wanted.reference) == first
    [found] = gateway.reversals_of(wanted.intent_id).refunds
    assert (found.refund_id, found.reference) == (first, wanted.reference)
    assert (found.status, found.amount) == ("succeeded", euro(4_000))


def test_a_lost_answer_is_unknown_and_what_it_did_is_found(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    wanted = order(paid(gateway), 10_000)
    sandbox.fail("POST /v1/refunds", "commit_then_drop")
    with pytest.raises(OutcomeUnknown):
        gateway.refund(wanted, key=wanted.reference)
    [found] = gateway.reversals_of(wanted.intent_id).refunds
    assert found.reference == wanted.reference


def test_more_than_came_does_not_go_back(gateway: StripeGateway) -> None:
    wanted = order(paid(gateway), 10_001)
    with pytest.raises(PermanentError):
        gateway.refund(wanted, key=wanted.reference)
    assert gateway.reversals_of(wanted.intent_id).refunds == ()


def test_a_dispute_is_read_with_its_fee_and_its_end(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    intent = paid(gateway)
    [charge] = sandbox.charges(payment_intent=intent)
    sandbox.control("disputes", {"charge": charge["charge"], "reason": "fraudulent"})
    [found] = gateway.reversals_of(intent).disputes
    assert (found.status, found.reason, found.amount) == (
        "needs_response", "fraudulent", euro(10_000),
    )  # fmt: skip
    assert [fee.is_positive for _, fee in found.fees] == [True]
    assert found.answer_by is not None
    sandbox.control("disputes", {"dispute": found.dispute_id, "do": "lose"})
    assert gateway.reversals_of(intent).disputes[0].status == "lost"
    with pytest.raises(PermanentError, match=r"bank took this payment back.*charge_disputed"):
        gateway.refund(order(intent, 1_000), key=secrets.token_hex(8))


def test_the_listing_has_what_went_back_lately(gateway: StripeGateway) -> None:
    wanted = order(paid(gateway), 100)
    made = gateway.refund(wanted, key=wanted.reference)
    recent = gateway.recent_reversals(since=datetime.now(UTC) - timedelta(minutes=5))
    assert made in [refund.refund_id for refund in recent.refunds]
    later = gateway.recent_reversals(since=datetime.now(UTC) + timedelta(minutes=5))
    assert later.refunds == ()


@pytest.mark.parametrize(
    ("type_", "intent", "found"),
    [
        ("charge.refunded", '"pi_1"', "pi_1"),
        ("refund.updated", '"pi_1"', "pi_1"),
        ("refund.failed", '"pi_1"', "pi_1"),
        ("charge.dispute.created", '"pi_1"', "pi_1"),
        ("charge.dispute.closed", "null", None),
        ("charge.succeeded", '"pi_1"', None),
        ("payment_intent.succeeded", '"pi_1"', None),
    ],
)
def test_an_event_names_the_payment_of_which_money_went_back(
    type_: str, intent: str, found: str | None
) -> None:
    raw = (
        f'{{"id": "evt_1", "type": "{type_}", "created": 1, "livemode": false, '
        f'"data": {{"object": {{"id": "x", "payment_intent": {intent}}}}}}}'
    ).encode()
    assert read(raw, own_account=None).reversed_intent_id == found


def test_a_payout_is_listed_with_what_it_is_made_of(sandbox: StripeSandbox) -> None:
    key = f"sk_test_{secrets.token_hex(8)}"
    gateway = StripeGateway(
        StripeAccess(key, (SECRET,), expects_livemode=False, base_url=sandbox.url)
    )
    since = datetime.now(UTC) - timedelta(days=1)
    intent = paid(gateway)
    sandbox.forward(3 * 86_400)
    refund_id = gateway.refund(order(intent, 4_000), key=secrets.token_hex(8))
    assert gateway.payouts(since=since) == []
    paid_out = sandbox.control("payouts", {"key": key, "currency": "eur"})
    [found] = gateway.payouts(since=since)
    assert (found.payout_id, found.is_paid, found.is_itemised) == (paid_out["id"], True, True)
    parts = {part.type: part for part in gateway.parts_of(found.payout_id)}
    assert set(parts) == {"charge", "refund"}
    charge, refund = parts["charge"], parts["refund"]
    assert (charge.amount, charge.fee, charge.net) == (euro(10_000), euro(175), euro(9_825))
    assert (refund.net, refund.source_id) == (euro(-4_000), refund_id)
    assert {part.intent_id for part in parts.values()} == {intent}
    assert found.amount == charge.net + refund.net
    sandbox.control("payouts", {"payout": found.payout_id, "do": "fail"})
    assert [one.is_paid for one in gateway.payouts(since=since)] == [False]
