"""Which ways to pay are offered, and what each costs, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.businesses import PayerKind, Rules, Tariff, Way
from worker.kernel.money import Money

CONFIRMED = {"fees_confirmed_by": "Ann, 2026-11-22"}


def rules(**methods: Any) -> Rules:
    facts = {"key": "acme", "name": "Acme", "mail": {"from_address": "a@acme.example"}}
    return Rules.model_validate(facts | {"methods": methods})


def with_fee(**fee: str) -> Rules:
    return rules(**CONFIRMED, card={"fee": {"business": fee}})


@pytest.mark.parametrize(
    ("fee", "amount", "added"),
    [
        ({"fixed": "0.25"}, 11900, 25),
        ({"percent": "1.5"}, 11900, 179),
        ({"percent": "1.5"}, 33, 0),
        ({"percent": "1.5"}, 34, 1),
        ({"fixed": "0.25", "percent": "1.5"}, 11900, 204),
        ({"percent": "1.5", "minimum": "0.50"}, 1000, 50),
        ({"percent": "1.5", "cap": "10"}, 1_000_000, 1000),
        ({"percent": "0.0001"}, 99_999_999_999, 100_000),
        ({}, 11900, 0),
    ],
)
def test_a_fee_is_fixed_and_a_part_within_its_bounds(
    fee: dict[str, str], amount: int, added: int
) -> None:
    methods = with_fee(**fee).methods
    tariff = methods.tariff(Way.CARD, PayerKind.BUSINESS, "EUR", "EUR")
    assert tariff.fee_on(Money(amount, "EUR")) == Money(added, "EUR")
    assert tariff.fee_on(Money(0, "EUR")).is_zero
    for other in (
        methods.tariff(Way.CARD, PayerKind.CONSUMER, "EUR", "EUR"),
        methods.tariff(Way.DEBIT, PayerKind.BUSINESS, "EUR", "EUR"),
        methods.tariff(Way.CARD, PayerKind.BUSINESS, "USD", "EUR"),
    ):
        assert other.is_free


@given(minor=st.integers(1, 10**11), per_million=st.integers(0, 200_000))
def test_a_part_is_rounded_as_on_paper(minor: int, per_million: int) -> None:
    fee = Tariff("EUR", per_million=per_million).fee_on(Money(minor, "EUR"))
    assert fee == Money(minor, "EUR").rate(Decimal(per_million) / 1_000_000)


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"card": {"fee": {"consumer": {"fixed": "1"}}}}, "check that it is lawful"),
        ({"debit": {"fee": {"business": {"percent": "1"}}}}, "debit.fee.business adds a fee"),
        ({**CONFIRMED, "card": {"fee": {"business": {"fixed": "0.255"}}}}, "no amount of EUR"),
        (
            {**CONFIRMED, "card": {"fee": {"business": {"minimum": "2", "cap": "1"}}}},
            "minimum is more than cap",
        ),
        ({"balance": {"fee": {}}}, "Extra inputs"),
    ],
)
def test_a_fee_that_may_not_be_is_refused_with_the_reason(
    methods: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        rules(**methods)


@pytest.mark.parametrize(
    ("way", "amount", "offered"),
    [
        (Way.CARD, "119.00 EUR", True),
        (Way.CARD, "5000.01 EUR", False),
        (Way.CARD, "9.99 EUR", False),
        (Way.CARD, "5000.01 USD", True),
        (Way.DEBIT, "119.00 EUR", True),
        (Way.DEBIT, "119.00 GBP", False),
        (Way.DEBIT, "119.00 CHF", False),
        (Way.TRANSFER, "119.00 EUR", True),
        (Way.BALANCE, "119.00 EUR", False),
    ],
)
def test_ways_are_offered_by_amount_currency_and_business(
    way: Way, amount: str, offered: bool
) -> None:
    methods = rules(
        card={"at_least": "10", "at_most": "5000"},
        debit={"offered": True, "schemes": ["sepa_debit"]},
        balance={"offered": False},
    ).methods
    text, currency = amount.split()
    assert methods.offers(way, Money.parse(text, currency), currency="EUR") is offered
