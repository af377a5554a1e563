"""How amounts and days read in a language. Formats are the Unicode CLDR's, by Babel."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from worker.kernel.money import Money


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The locale of a language tag; ValueError for what is none.

    Plain `en` is read as British English, so that a day is "6 December 2026" everywhere.
    """
    try:
        return Locale.parse("en-GB" if language == "en" else language, sep="-")
    except (UnknownLocaleError, ValueError):
        try:
            return Locale.parse(language.partition("-")[0])
        except (UnknownLocaleError, ValueError) as error:
            raise ValueError(f"'{language}' is no language tag such as de or en-US.") from error


# The same amounts and days are written again with every look at a page.
@lru_cache(maxsize=8192)
def money_text(amount: Money, language: str) -> str:
    """An amount with its currency, as `1.240,50 €`."""
    return str(format_currency(amount.decimal, amount.currency, locale=locale_of(language)))


@lru_cache(maxsize=2048)
def day_text(day: date, language: str) -> str:
    """A calendar day, as `6. Dezember 2026`."""
    return str(format_date(day, "long", locale=locale_of(language)))
