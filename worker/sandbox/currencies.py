"""Amounts as Stripe counts them, and how the hosted page writes them.

Source: docs.stripe.com/currencies, with its special cases: ISK and UGX have no decimals any more
but are still sent with two that must be 00; of three-decimal amounts the last digit must be 0.
"""

from __future__ import annotations

from worker.sandbox.wire import ApiError, invalid

_ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905
)
_THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_WHOLE_SENT_AS_CENTS = frozenset({"isk", "ugx"})
_SMALLEST = {"eur": 50, "usd": 50, "gbp": 30, "chf": 50, "jpy": 50, "sek": 300, "dkk": 250}
_LARGEST = 99_999_999
_SIGNS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}


def digits(currency: str) -> int:
    """How many decimals Stripe's integer amounts of this currency have."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def check_currency(currency: str, param: str) -> str:
    """The code, if it is three small letters."""
    code = currency.lower()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise invalid(param, f"Invalid currency: {currency}.")
    return code


def check_amount(amount: int, currency: str, param: str) -> int:
    """The amount, if Stripe would charge it."""
    if amount < 0 or amount > _LARGEST:
        raise invalid(param, f"Amount must be between 0 and {_LARGEST}.", "amount_too_large")
    if amount < _SMALLEST.get(currency, 1):
        raise invalid(param, f"Amount is below the minimum for {currency}.", "amount_too_small")
    if currency in _WHOLE_SENT_AS_CENTS and amount % 100:
        raise ApiError(
            400,
            f"Invalid amount. {currency.upper()} amounts must be divisible by 100.",
            code="invalid_charge_amount_no_decimal_compatible",
            param=param,
        )
    if currency in _THREE_DECIMAL and amount % 10:
        raise invalid(param, f"The last digit of an amount in {currency} must be 0.")
    return amount


def written(amount: int, currency: str, language: str) -> str:
    """The amount as a customer reads it, in English or German."""
    places = digits(currency)
    whole, fraction = divmod(amount, 10**places)
    grouped = f"{whole:,}" + (f".{fraction:0{places}d}" if places else "")
    sign = _SIGNS.get(currency, currency.upper())
    if language == "de":
        return grouped.translate(str.maketrans(",.", ".,")) + f"\u00a0{sign}"
    return f"{sign}{grouped}" if currency in _SIGNS else f"{sign}\u00a0{grouped}"
