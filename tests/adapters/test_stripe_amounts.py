"""Amounts between our minor units and Stripe's: docs.stripe.com/currencies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.adapters.stripe_amounts import from_stripe, to_stripe
from worker.kernel.errors import PermanentError
from worker.kernel.money import Money


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Money(1000, "USD"), 1000),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(5, "UGX"), 500),
        (Money(5120, "KWD"), 5120),
        (Money(1000, "MGA"), 10),
        (Money(1045, "HUF"), 1045),
    ],
)
def test_an_amount_is_written_as_stripe_counts(ours: Money, theirs: int) -> None:
    assert to_stripe(ours) == theirs
    assert from_stripe(theirs, ours.currency.lower()) == ours


@pytest.mark.parametrize(
    "money", [Money(5124, "KWD"), Money(1020, "MGA"), Money(1000, "IQD"), Money(1, "UYI")]
)
def test_what_stripe_cannot_charge_exactly_is_refused(money: Money) -> None:
    with pytest.raises(PermanentError, match="bank transfer"):
        to_stripe(money)


def test_a_fraction_that_we_cannot_hold_is_refused() -> None:
    with pytest.raises(PermanentError):
        from_stripe(550, "isk")


@given(
    st.integers(min_value=-(10**12), max_value=10**12),
    st.sampled_from(["EUR", "JPY", "ISK", "UGX", "KWD", "MGA", "TND", "XAF", "HUF"]),
)
def test_there_and_back_is_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    try:
        theirs = to_stripe(money)
    except PermanentError:
        return
    assert from_stripe(theirs, currency.lower()) == money
