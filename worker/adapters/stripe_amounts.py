"""Our minor units are ISO 4217's; Stripe's differ for a few currencies.

Source: docs.stripe.com/currencies. Zero-decimal currencies are charged in whole units (MGA among
them, which has two digits in ISO 4217); ISK and UGX have none any more but are still sent with two
that must be 00; amounts in three-decimal currencies end in 0.
"""

from __future__ import annotations

from worker.kernel.errors import PermanentError
from worker.kernel.money import Money, digits_of

_ZERO = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV"}
    | {"XAF", "XOF", "XPF"}
)
_THREE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_TWO_BY_CUSTOM = frozenset({"ISK", "UGX"})


def to_stripe(money: Money) -> int:
    """The integer Stripe is sent. Raises PermanentError for what Stripe cannot charge exactly."""
    shift = _stripe_digits(money.currency) - digits_of(money.currency)
    amount, rest = _shifted(money.minor, shift)
    if rest or (money.currency in _THREE and amount % 10):
        raise PermanentError(
            f"Stripe cannot charge {money}: it takes {money.currency} in coarser steps."
            " Have this one paid by bank transfer."
        )
    return amount


def from_stripe(amount: int, currency: str) -> Money:
    """The amount Stripe names, in our minor units; Stripe writes currencies in small letters."""
    code = currency.upper()
    shift = digits_of(code) - _stripe_digits(code)
    minor, rest = _shifted(amount, shift)
    if rest:
        raise PermanentError(f"Stripe names {amount} {code}, which is no whole minor unit.")
    return Money(minor, code)


def _shifted(amount: int, digits: int) -> tuple[int, int]:
    """The amount moved by so many decimal digits, and what does not fit."""
    factor = int("1" + "0" * abs(digits))
    return (amount * factor, 0) if digits >= 0 else divmod(amount, factor)


def _stripe_digits(currency: str) -> int:
    if currency in _ZERO:
        return 0
    if currency in _THREE:
        return 3
    if currency in _TWO_BY_CUSTOM or digits_of(currency) == 2:
        return 2
    raise PermanentError(f"Stripe does not take {currency}. Have this one paid by bank transfer.")
