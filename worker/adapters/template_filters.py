"""The filters of a template: amounts, days, numbers and colours as a person of that language reads.

Formats are the Unicode CLDR's, by Babel. Plain `en` is read as British English, so that a day is
"6 December 2026" everywhere; `en-US` is there for who wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, get_currency_symbol

from worker.businesses import locale_of, money_text
from worker.kernel.money import Money

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_DAY_FORMS = ("short", "medium", "long", "full")
_READABLE_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3.
_WHITE = (255, 255, 255)


# The language of what is being filled in now. Filters and wordings that asked the template's own
# context for it would make Jinja copy that context at every call inside a loop.
_language: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything filled in meanwhile reads as a person of this language expects."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def language_now() -> str:
    """The language of what is being filled in."""
    return _language.get()


def _locale() -> Locale:
    return locale_of(_language.get())


def money(value: Mapping[str, Any]) -> str:
    """An amount with its currency, as `1.240,50 €`."""
    amount = Money(value["minor"], value["currency"])
    return money_text(amount, _language.get())


def price(value: str, currency: str) -> str:
    """A price per unit, which may be finer than the currency: `0,0125`."""
    digits = len(Money(0, currency).text().partition(".")[2])
    zeros = "0" * digits
    form = f"#,##0.{zeros}{'#' * (8 - digits)}" if digits else "#,##0.########"
    return str(format_decimal(_decimal(value), format=form, locale=_locale()))


def number(value: str) -> str:
    """A quantity, without zeros at the end."""
    form = "#,##0.########"
    return str(format_decimal(_decimal(value), format=form, locale=_locale()))


def rate(value: str) -> str:
    """A rate in percent, as `19 %`."""
    share = _decimal(value).scaleb(-2)
    return str(format_percent(share, locale=_locale(), decimal_quantization=False))


def day(value: str, form: str = "long") -> str:
    """A calendar day, as `6. Dezember 2026`; `short`, `medium`, `long` or `full`."""
    if form not in _DAY_FORMS:
        raise ValueError(f"'{form}' is no form of a day: use one of {', '.join(_DAY_FORMS)}.")
    return _day_text(value, form, _language.get())


@lru_cache(maxsize=2048)
def _day_text(value: str, form: str, language: str) -> str:
    return str(format_date(date.fromisoformat(value), form, locale=locale_of(language)))


def currency_sign(code: str) -> str:
    """The sign of a currency, as `€`."""
    return str(get_currency_symbol(code, locale=_locale()))


def iban(value: str) -> str:
    """An IBAN in groups of four, as it is printed (ISO 13616)."""
    compact = re.sub(r"\s", "", value)
    return " ".join(compact[i : i + 4] for i in range(0, len(compact), 4))


def ink(colour: str) -> str:
    """White or near black: what can be read on a surface of this colour."""
    return "#ffffff" if _contrast(_rgb(colour), _WHITE) >= 3.0 else "#14171f"


def readable(colour: str) -> str:
    """The colour, darkened until it can be read as text on white."""
    rgb = _rgb(colour)
    while _contrast(rgb, _WHITE) < _READABLE_CONTRAST:
        rgb = tuple(int(part * 0.92) for part in rgb)
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def tint(colour: str, share: float = 0.07) -> str:
    """The colour as a light surface: this share of it on white."""
    rgb = _rgb(colour)
    mixed = (round(255 - (255 - part) * share) for part in rgb)
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def _decimal(value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"'{value}' is no decimal number.") from error


def _rgb(colour: str) -> tuple[int, ...]:
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"'{colour}' is no colour: write it like #1f3a5f.")
    return tuple(bytes.fromhex(colour[1:]))


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(rgb: tuple[int, ...]) -> float:
    parts = [part / 255 for part in rgb]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money,
    "price": price,
    "number": number,
    "rate": rate,
    "day": day,
    "currency_sign": currency_sign,
    "iban": iban,
    "ink": ink,
    "readable": readable,
    "tint": tint,
}
