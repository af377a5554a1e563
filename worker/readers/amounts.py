"""Amounts in the text of documents. Text that is no amount raises; it is never zero."""

from __future__ import annotations

import re
from decimal import Decimal

from worker.kernel.money import NotMoney, digits_of

# ASCII digits and bounded lengths: Decimal() alone also takes NaN, 1e9999, 1_000 and
# Arabic-Indic digits.
_DECIMAL = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)


class NotAnAmount(ValueError):
    """The text is no amount in the notation asked for."""


def decimal_text(text: str) -> Decimal:
    """The number written as `xs:decimal`: digits, a point, a sign in front."""
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        raise NotAnAmount(f"{text[:40]!r} is not an amount")
    return Decimal(stripped)


def minor_unit(currency: str | None) -> Decimal:
    """The smallest amount of the currency, 0.01 where the currency is not known."""
    try:
        return Decimal(1).scaleb(-digits_of(currency or ""))
    except NotMoney:
        return Decimal("0.01")


def with_currency_digits(amount: Decimal, currency: str | None) -> Decimal:
    """The same value with the digits of its currency; what is finer keeps its own digits."""
    unit = minor_unit(currency)
    if amount == 0:
        return Decimal(0).quantize(unit)
    quantized = amount.quantize(unit)
    return quantized if quantized == amount else amount.normalize()


def is_finer_than_currency(amount: Decimal, currency: str | None) -> bool:
    """Whether the amount has digits that money of this currency does not have."""
    return amount != amount.quantize(minor_unit(currency))
