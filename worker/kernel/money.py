"""Money as integer minor units with a currency.

Digits per currency are ISO 4217's minor units (list one, 2026). Only currencies that differ from
two digits are listed; a code that is not three capital letters is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal

_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS = dict.fromkeys(_NO_DIGITS.split(), 0) | dict.fromkeys(_THREE_DIGITS.split(), 3)
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
# ASCII digits only, bounded: Decimal() itself also takes NaN, Infinity, 1_000, 1e9999 and
# Arabic-Indic digits, and int(Decimal("1e5000000")) does not come back.
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,3})?", re.ASCII)

Rounding = Literal["ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_DOWN", "ROUND_UP"]


class NotMoney(ValueError):
    """The text or number is no amount of this currency."""


@lru_cache(maxsize=256)
def digits_of(currency: str) -> int:
    """How many decimal digits amounts of this currency have."""
    if not _CODE.fullmatch(currency):
        raise NotMoney(f"{currency!r} is not a currency code: three capital letters, like EUR.")
    return _DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, in minor units (cents, pence, whole yen)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise NotMoney(f"Minor units are whole numbers, not {self.minor!r}.")
        digits_of(self.currency)

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Money:
        """The amount, which must not be finer than the currency's minor unit."""
        if not amount.is_finite() or abs(amount.adjusted()) > 15:
            raise NotMoney(f"{amount} is not an amount.")
        scaled = amount.scaleb(digits_of(currency))
        if scaled != scaled.to_integral_value():
            raise NotMoney(f"{amount} is finer than the smallest unit of {currency}.")
        return cls(int(scaled), currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """The amount in plain decimal text, such as `1240.50`; no signs but a leading minus."""
        if not _AMOUNT.fullmatch(text):
            raise NotMoney(f"{text!r} is not an amount: write it like 1240.50.")
        return cls.of(Decimal(text), currency)

    def __bool__(self) -> bool:
        raise TypeError("Money has no truth value: ask is_zero, is_positive or is_negative.")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    @property
    def is_zero(self) -> bool:
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        return self.minor > 0

    @property
    def is_negative(self) -> bool:
        return self.minor < 0

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with the digits of its currency."""
        return Decimal(self.minor).scaleb(-digits_of(self.currency))

    def text(self) -> str:
        """Plain decimal text without the currency, such as `1240.50`."""
        return f"{self.decimal:f}"

    def __str__(self) -> str:
        return f"{self.text()} {self.currency}"

    def rate(self, rate: Decimal, *, rounding: Rounding = ROUND_HALF_UP) -> Money:
        """This share of the amount, rounded to the minor unit."""
        minor = (Decimal(self.minor) * rate).to_integral_value(rounding=rounding)
        return Money(int(minor), self.currency)

    def plus_rate(self, rate: Decimal, *, rounding: Rounding = ROUND_HALF_UP) -> Money:
        """The amount with this share of itself on top."""
        return self + self.rate(rate, rounding=rounding)

    def share(self, weights: Sequence[int]) -> list[Money]:
        """The amount split by weights; the parts add up to the whole.

        Each part is rounded towards zero and the units left over go to the largest remainders,
        the first of equals first.
        """
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise NotMoney("Weights are not negative and not all zero.")
        sign = -1 if self.minor < 0 else 1
        size = abs(self.minor)
        parts = [size * weight // whole for weight in weights]
        remainders = [size * weight % whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
        for i in by_remainder[: size - sum(parts)]:
            parts[i] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise NotMoney(f"{self} and {other} are in different currencies.")
        return other


def zero(currency: str) -> Money:
    """Nothing, in this currency."""
    return Money(0, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that are all in this currency."""
    running = zero(currency)
    for amount in amounts:
        running += amount
    return running
