"""Amounts and days in documents: what is none raises, what is one keeps its value."""

from __future__ import annotations

import datetime as dt
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from babel.dates import get_month_names
from hypothesis import given
from hypothesis import strategies as st

from worker import readers
from worker.readers.amounts import NotAnAmount, decimal_text, with_currency_digits
from worker.readers.dates import NotADay, edifact_day, iso_day


@pytest.mark.parametrize(
    "text", ["", "1,5", "NaN", "Infinity", "1e9", "1_000", "١٢", "１２", "12 34", "0x1F", "9" * 40]
)
def test_what_is_no_amount_raises(text: str) -> None:
    with pytest.raises(NotAnAmount):
        decimal_text(text)


@pytest.mark.parametrize(
    ("text", "value"), [("12", "12"), (" -3.50\n", "-3.50"), ("+.5", "0.5"), ("7.", "7")]
)
def test_every_spelling_of_a_decimal_is_read(text: str, value: str) -> None:
    assert decimal_text(text) == Decimal(value)


@given(st.decimals(-(10**9), 10**9, places=4), st.sampled_from(["EUR", "JPY", "KWD", "???", None]))
def test_digits_never_change_the_value(amount: Decimal, currency: str | None) -> None:
    assert with_currency_digits(amount, currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("5", "EUR", "5.00"),
        ("5.0", "JPY", "5"),
        ("5", "KWD", "5.000"),
        ("-0", "EUR", "0.00"),
        ("1.2345", "EUR", "1.2345"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(amount: str, currency: str, text: str) -> None:
    assert f"{with_currency_digits(Decimal(amount), currency):f}" == text


@given(st.dates(dt.date(1000, 1, 1)))
def test_days_survive_both_notations(day: dt.date) -> None:
    assert iso_day(day.isoformat()) == day
    assert iso_day(f"{day.isoformat()}+01:00") == day
    assert edifact_day(f"{day:%Y%m%d}".zfill(8), "102") == day


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "20260101", "tomorrow", ""])
def test_what_is_no_day_raises(text: str) -> None:
    with pytest.raises(NotADay):
        iso_day(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [("202611", "610"), ("202647", "616"), ("20261340", "102"), ("2026110", "102")],
)
def test_months_and_weeks_are_no_days(text: str, code: str) -> None:
    with pytest.raises(NotADay):
        edifact_day(text, code)


def test_the_names_of_months_are_those_of_cldr() -> None:
    file = Path(readers.__file__).with_name("month_names.toml")
    forms = {
        "wide": ("wide", "format"),
        "wide_alone": ("wide", "stand-alone"),
        "short": ("abbreviated", "format"),
        "short_alone": ("abbreviated", "stand-alone"),
    }
    for language, names in tomllib.loads(file.read_text("utf-8")).items():
        for form, (width, context) in forms.items():
            cldr = get_month_names(width, context, language)  # type: ignore[arg-type]
            assert names[form].split("|") == [cldr[number] for number in range(1, 13)], language
