"""Amounts as payers write them, in running text and in cells.

The currency settles what a single mark before three digits is: only dinars and their like have
three decimals. Text that is no amount gives None; it is never zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from worker.kernel.money import NotMoney, digits_of

_CODES = (
    "EUR USD GBP CHF PLN CZK HUF RON BGN DKK SEK NOK ISK TRY UAH CAD AUD NZD JPY CNY INR BRL MXN"
    " ZAR SGD HKD ILS AED SAR QAR KWD BHD OMR JOD TND KRW THB"
)
CODES = frozenset(_CODES.split())
_WORDS = {
    "€": "EUR", "£": "GBP", "$": "USD", "us$": "USD", "¥": "JPY", "円": "JPY", "zł": "PLN",
    "zl": "PLN", "złotych": "PLN", "kč": "CZK", "euro": "EUR", "euros": "EUR", "pounds": "GBP",
    "sterling": "GBP", "dollars": "USD", "franken": "CHF", "francs": "CHF", "sfr": "CHF",
    "fr.": "CHF", "kd": "KWD", "bd": "BHD", "yen": "JPY", "kronor": "SEK", "kr": "kr",
    "a$": "AUD", "c$": "CAD", "nz$": "NZD", "s$": "SGD", "hk$": "HKD", "r$": "BRL", "ca$": "CAD",
}  # fmt: skip
_LOWER = "|".join(code.lower() for code in sorted(CODES) if code not in ("TRY", "ALL"))
_LETTERS = (
    rf"{'|'.join(sorted(CODES))}|{_LOWER}|[Ee]uros?|EUROS?|zł(?:otych)?|zl|Kč|kč|SFr\.?|Fr\.|KD\.?|BD\.?|"
    r"[Kk]ronor|[Kk][Rr]\.?|[Yy]en|[Pp]ounds(?: [Ss]terling)?|[Dd]ollars|[Ff]rancs|[Ff]ranken"
)
_MARK = rf"(?:(?:US|CA|HK|NZ|[ACSR])?\$|[€£¥円]|(?<![A-Za-z])(?:{_LETTERS})(?![A-Za-z]))"
_NUMBER = (
    r"\d{1,3}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*(?:[.,]\d{1,3})?(?!\d)"
    r"|\d{1,12}(?:[.,]\d{1,3})?"
)
AMOUNT = re.compile(
    rf"(?<![A-Za-z0-9_.,/:#'-])(?P<sign>-)?(?P<before>{_MARK}[ \t]{{0,12}})?(?P<inner>-)?"
    rf"(?P<number>{_NUMBER})(?P<dash>[.,:]-{{1,2}})?"
    rf"(?P<after>[ \t]{{0,2}}{_MARK}(?![ \t]{{0,3}}-?\d))?"
    r"(?P<behind>-(?![\w-]))?"
    r"(?![A-Za-z0-9%/]|[.,:]\d|-[A-Za-z0-9]|[ \t]?%)"
)
_CENTS = re.compile(r"[.,]\d{2}$")
MAX_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount, the currency written beside it, and where it stands."""

    value: Decimal
    currency: str | None
    start: int
    end: int
    is_marked: bool


def figures(text: str, currency: str | None = None, *, only_marked: bool = False) -> list[Figure]:
    """The amounts of money in flattened text: what has a currency, cents or groups of thousands."""
    found = []
    for match in AMOUNT.finditer(text):
        marks = (match["before"] or "").strip() or (match["after"] or "").strip()
        named = currency_of(marks) if marks else None
        number = match["number"]
        is_spaced = match["group"] == " "
        has_cents = bool(_CENTS.search(number)) or bool(match["dash"])
        if not marks and (only_marked or not (has_cents or (match["group"] and not is_spaced))):
            continue
        value = value_of(number, digits(named or currency))
        if value is None:
            continue
        if match["sign"] or match["inner"] or match["behind"]:
            value = -value
        found.append(Figure(value, named, match.start(), match.end(), bool(marks)))
    return found


def value_of(number: str, decimals: int) -> Decimal | None:
    """The value of digits and marks, in a currency of so many decimals."""
    bare = re.sub(r"[' ]", "", number)
    marks = [character for character in bare if character in ".,"]
    if not marks:
        return _made(bare, "")
    last = marks[-1]
    whole, _, fraction = bare.rpartition(last)
    is_grouping = len(fraction) == 3 and (
        marks.count(last) > 1 or (decimals != 3 and len(set(marks)) == 1)
    )
    if is_grouping:
        whole, fraction = bare, ""
    groups = re.split(r"[.,]", whole)
    if any(len(group) != 3 for group in groups[1:]) or (fraction and last in whole):
        return None
    return _made("".join(groups), fraction)


def _made(whole: str, fraction: str) -> Decimal | None:
    if not whole.isascii() or not whole.isdigit() or len(whole) > MAX_DIGITS:
        return None
    return Decimal(f"{whole}.{fraction}" if fraction else whole)


def cell_value(text: str, currency: str | None) -> Decimal | None:
    """The amount that a whole cell is; brackets and a minus behind make it negative."""
    stripped = text.strip()
    is_bracketed = stripped.startswith("(") and stripped.endswith(")")
    bare = stripped.strip("()") if is_bracketed else stripped
    match = AMOUNT.fullmatch(bare.replace("+", "", 1) if bare.startswith("+") else bare)
    if match is None:
        return None
    marks = (match["before"] or "").strip() or (match["after"] or "").strip()
    value = value_of(match["number"], digits(currency_of(marks) or currency))
    is_negative = bool(match["sign"] or match["inner"] or match["behind"]) or is_bracketed
    return -value if value is not None and is_negative else value


def currency_of(mark: str) -> str | None:
    """The code of a currency from the mark beside an amount. `kr` alone names three: no code."""
    bare = mark.strip()
    if bare.upper() in CODES:
        return bare.upper()
    found = _WORDS.get(bare.casefold()) or _WORDS.get(bare.casefold().rstrip("."))
    return None if found == "kr" else found


def digits(currency: str | None) -> int:
    """The decimals of a currency, two where it is not known."""
    try:
        return digits_of(currency or "")
    except NotMoney:
        return 2


def currency_named(text: str) -> str | None:
    """The only currency that a caption or a header names."""
    named = {currency_of(match[0]) for match in re.finditer(_MARK, text)} - {None}
    return named.pop() if len(named) == 1 else None
