"""Money: exact, of one currency, and never a float."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.kernel.money import Money, NotMoney, digits_of, total, zero

currencies = st.sampled_from(["EUR", "JPY", "BHD"])
minors = st.integers(-(10**15) + 1, 10**15 - 1)
amounts = st.builds(Money, minors, currencies)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(lambda w: sum(w) > 0)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1240.50", "EUR", 124_050),
        ("1240.5", "EUR", 124_050),
        ("1240", "EUR", 124_000),
        ("-0.01", "EUR", -1),
        ("1240", "JPY", 1240),
        ("1240.500", "EUR", 124_050),
        ("1.234", "BHD", 1234),
    ],
)
def test_plain_text_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "abc", "1,5", "1e3", "NaN", "Infinity", "1_000", "١٢", "１２", "+1", "1.", ".5"),
        *("1.2345", "9" * 16, "1 000", "1.5\n"),
    ],
)
def test_text_that_is_no_amount_is_an_error_and_never_zero(text: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, "EUR")


@pytest.mark.parametrize(("text", "currency"), [("0.001", "EUR"), ("0.5", "JPY")])
def test_an_amount_finer_than_its_currency_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotMoney, match="finer"):
        Money.parse(text, currency)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1E+300000", "1E-300000"])
def test_a_decimal_that_is_no_amount_is_refused_at_once(amount: str) -> None:
    with pytest.raises(NotMoney):
        Money.of(Decimal(amount), "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "EU", "€", "ÉUR"])
def test_a_code_that_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(NotMoney):
        digits_of(currency)


@pytest.mark.parametrize("minor", [1.0, True, "1", None, Decimal(1)])
def test_minor_units_are_whole_numbers(minor: object) -> None:
    with pytest.raises(NotMoney):
        Money(minor, "EUR")  # type: ignore[arg-type]


def test_money_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="is_zero"):
        bool(Money(0, "EUR"))


def test_two_currencies_do_not_mix() -> None:
    euro, yen = Money(1, "EUR"), Money(1, "JPY")
    for mix in (lambda: euro + yen, lambda: euro - yen, lambda: euro < yen):
        with pytest.raises(NotMoney, match="different currencies"):
            mix()
    with pytest.raises(NotMoney):
        total([euro, yen], "EUR")


@pytest.mark.parametrize(
    ("minor", "rounding", "expected"),
    [
        (250, ROUND_HALF_UP, 13),
        (250, ROUND_HALF_EVEN, 12),
        (250, ROUND_DOWN, 12),
        (-250, ROUND_HALF_UP, -13),
    ],
)
def test_a_rate_rounds_as_it_is_told(minor: int, rounding: str, expected: int) -> None:
    share = Money(minor, "EUR").rate(Decimal("0.05"), rounding=rounding)  # type: ignore[arg-type]
    assert share == Money(expected, "EUR")


def test_a_tax_goes_on_top() -> None:
    assert Money(10_000, "EUR").plus_rate(Decimal("0.19")) == Money(11_900, "EUR")


@given(amounts, weights)
def test_shares_add_up_to_the_whole(amount: Money, weights: list[int]) -> None:
    shares = amount.share(weights)
    assert total(shares, amount.currency) == amount
    assert len(shares) == len(weights)


@given(amounts, weights)
def test_no_share_is_a_minor_unit_away_from_fair(amount: Money, weights: list[int]) -> None:
    for share, weight in zip(amount.share(weights), weights, strict=True):
        assert abs(share.minor * sum(weights) - amount.minor * weight) < sum(weights)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_shares_need_weights(weights: list[int]) -> None:
    with pytest.raises(NotMoney):
        Money(100, "EUR").share(weights)


@given(amounts)
def test_an_amount_comes_back_from_its_text(amount: Money) -> None:
    assert Money.parse(amount.text(), amount.currency) == amount
    assert Money.of(amount.decimal, amount.currency) == amount


@given(amounts)
def test_what_is_taken_away_again_leaves_nothing(amount: Money) -> None:
    assert amount - amount == amount + -amount == zero(amount.currency)


@given(st.lists(minors), currencies)
def test_a_total_is_the_sum(parts: list[int], currency: str) -> None:
    assert total((Money(p, currency) for p in parts), currency) == Money(sum(parts), currency)
