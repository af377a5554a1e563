"""Whatever is asked for in whatever order, no cent appears or is lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.sandbox import disputes, intents, payouts, refunds
from worker.sandbox.call import Call
from worker.sandbox.faults import Faults
from worker.sandbox.state import Object, State
from worker.sandbox.wire import ApiError

AMOUNT = 1_000
steps = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.integers(-5, AMOUNT + 5)),
        st.tuples(st.just("refund fails"), st.integers(0, 3)),
        st.tuples(st.just("dispute"), st.integers(1, AMOUNT)),
        st.tuples(st.sampled_from(["win", "lose", "escalate"]), st.just(0)),
        st.tuples(st.just("pay out"), st.just(0)),
    ),
    max_size=12,
)


def opened() -> tuple[Call, Object]:
    """A sandbox in memory, and a charge in it whose money is available."""
    state = State()
    state.open_account("acct_1", "acct_1")
    call = Call(state, Faults(), "acct_1", "acct_1", "http://127.0.0.1")
    wanted = {"amount": AMOUNT, "currency": "eur", "payment_method": "pm_card_visa"}
    intent = intents.create(call, {**wanted, "confirm": True})
    state.forward(7 * 86_400)
    state.release_transactions()
    return call, call.get("charge", intent["latest_charge"])


def take_step(call: Call, charge: Object, what: str, number: int) -> None:
    given_back = refunds.list_refunds(call, {"limit": 100})["data"]
    disputed = disputes.list_disputes(call, {})["data"]
    if what == "refund":
        refunds.create(call, {"charge": charge["id"], "amount": number})
    elif what == "refund fails" and number < len(given_back):
        refunds.settle(call, given_back[number]["id"], "failed")
    elif what == "dispute":
        now = call.get("charge", charge["id"])
        disputes.open_dispute(call, now, "fraudulent", inquiry=number % 2 == 0, amount=number)
    elif what == "pay out":
        payouts.pay_out(call, "eur")
    elif disputed and what in ("win", "lose", "escalate"):
        disputes.decide(call, disputed[0], what)


@settings(max_examples=12, deadline=None)
@given(steps)
def test_the_balance_is_the_sum_of_what_truly_moved(wanted: list[tuple[str, int]]) -> None:
    call, charge = opened()
    for what, number in wanted:
        try:
            with call.state.transaction():
                take_step(call, charge, what, number)
        except (ApiError, ValueError):
            continue
    now = call.get("charge", charge["id"])
    by_type: Counter[str] = Counter()
    for _, txn in call.state.every("balance_transaction"):
        by_type[txn["type"]] += txn["amount"]
        assert txn["net"] == txn["amount"] - txn["fee"]
    assert 0 <= now["amount_refunded"] <= AMOUNT
    assert now["refunded"] is (now["amount_refunded"] == AMOUNT)
    assert by_type["refund"] + by_type["refund_failure"] == -now["amount_refunded"]
    withdrawn = sum(
        one["amount"]
        for one in disputes.list_disputes(call, {})["data"]
        if one["status"] in ("needs_response", "lost")
    )
    assert by_type["adjustment"] == -withdrawn
    paid_out = sum(one["amount"] for one in payouts.list_payouts(call, {"limit": 100})["data"])
    assert by_type["payout"] == -paid_out
    unpaid = sum(one["net"] for one in call.state.unpaid_transactions("acct_1"))
    everything = sum(txn["net"] for _, txn in call.state.every("balance_transaction"))
    assert unpaid == everything, "what a payout took along sums up to nothing"
    call.state.close()
