"""Amounts as people write them, with the decimal mark that the document itself shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from worker.readers.ibans import is_iban

_SYMBOLS = {"€": "EUR", "£": "GBP", "zł": "PLN", "₺": "TRY", "₹": "INR", "₪": "ILS", "₩": "KRW"}
# ISO 4217 codes that stand beside amounts; a shorter list than the standard's, as words look alike.
_CODES = (
    "EUR USD GBP CHF PLN CZK HUF RON BGN DKK SEK NOK ISK TRY UAH CAD AUD NZD JPY CNY INR BRL MXN"
    " ZAR SGD HKD ILS AED SAR KWD BHD OMR JOD TND KRW"
)
_CODE = re.compile(rf"\b(?:{'|'.join(_CODES.split())})\b")
_CURRENCY_MARK = rf"(?:[€£$₺₹₪₩¥]|zł|Kč|[Kk]r\.?|Ft|lei|TL|{'|'.join(_CODES.split())})"
_AMOUNT = re.compile(
    rf"(?<![\w.,/:#%-])(?P<before>{_CURRENCY_MARK}\s?)?(?P<sign>[-−–]\s?)?"
    rf"(?P<inner>{_CURRENCY_MARK}\s?)?"
    r"(?P<number>[0-9]{1,3}(?:[.,'’\s\u00a0\u202f][0-9]{3})+(?:[.,][0-9]{1,4})?"
    r"|[0-9]{1,12}(?:[.,][0-9]{1,4})?)"
    rf"(?P<after>-|\s?{_CURRENCY_MARK})?(?![\w%/:]|[.,][0-9]|-\w|\s?%)",
)
_BOTH = re.compile(r"[0-9][.,'’\s][0-9]{3}([.,])[0-9]{2}(?![0-9])")
_ENDING = re.compile(r"(?<![0-9.,])[0-9]{1,6}([.,])[0-9]{2}(?![0-9.,]|\s?%)")
_DIGIT = re.compile(r"\d")
_WORDS = {"Kč": "CZK", "Ft": "HUF", "lei": "RON", "TL": "TRY", "[Ee]uro": "EUR"}
_CROWNS = re.compile(r"\d ?kr\b|\b[Kk]r\.? ?\d|\bkronor\b|\bkroner\b")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_AMERICAN = re.compile(r"[a-z],? [A-Z]{2},? \d{5}(?:-\d{4})?\b")
# Lands with IBANs and a currency of their own; the others have the euro.
_BY_LAND = {
    "GB": "GBP", "CH": "CHF", "LI": "CHF", "PL": "PLN", "CZ": "CZK", "HU": "HUF", "RO": "RON",
    "DK": "DKK", "SE": "SEK", "NO": "NOK", "IS": "ISK", "TR": "TRY", "UA": "UAH", "IL": "ILS",
    "AE": "AED", "SA": "SAR", "KW": "KWD", "BH": "BHD", "JO": "JOD", "TN": "TND", "BR": "BRL",
}  # fmt: skip
MAX_INTEGER_DIGITS = 12


@dataclass(frozen=True, slots=True)
class WrittenAmount:
    """An amount and where in the text it stands. `is_money` where it looks like money."""

    value: Decimal
    start: int
    end: int
    is_money: bool


def decimal_mark_of(text: str) -> str:
    """The mark that the text's amounts show: the last one of two, or the one before two digits."""
    votes = {",": 0, ".": 0}
    for match in _BOTH.finditer(text):
        votes[match[1]] += 3
    for match in _ENDING.finditer(text):
        votes[match[1]] += 1
    return "," if votes[","] > votes["."] else "."


def find(text: str, mark: str) -> Iterator[WrittenAmount]:
    """Every amount in the text, read with this decimal mark."""
    return iter(_found(text, mark) if _DIGIT.search(text) else ())


@lru_cache(maxsize=2048)
def _found(text: str, mark: str) -> tuple[WrittenAmount, ...]:
    # A cell is looked at as a total, as a line and as a value of a label.
    return tuple(_find(text, mark))


def _find(text: str, mark: str) -> Iterator[WrittenAmount]:
    for match in _AMOUNT.finditer(text):
        number = match["number"]
        value = parse(number, mark)
        if value is None:
            continue
        after = match["after"] or ""
        if match["sign"] or after == "-":
            value = -value
        marked = bool(match["before"] or match["inner"] or (after and after != "-"))
        has_cents = re.search(rf"[{mark}][0-9]{{2}}$", number) is not None
        yield WrittenAmount(value, match.start(), match.end(), marked or has_cents)


def parse(number: str, mark: str) -> Decimal | None:
    """The value of digits with this decimal mark; None where they do not fit it."""
    whole, found, fraction = number.rpartition(mark)
    if not found:
        whole, fraction = number, ""
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    groups = re.split(r"[.,'’\s\u00a0\u202f]", whole)
    if len(groups) > 1 and any(len(group) != 3 for group in groups[1:]):
        # The other mark stands where only a decimal mark can: the document mixes habits.
        if not found and len(groups) == 2 and len(groups[1]) in (1, 2):
            return Decimal(f"{groups[0]}.{groups[1]}")
        return None
    digits = "".join(groups)
    if not digits.isascii() or not digits.isdigit() or len(digits) > MAX_INTEGER_DIGITS:
        return None
    return Decimal(f"{digits}.{fraction}" if fraction else digits)


def currency_of(text: str) -> str | None:
    """The currency that the document names most often; codes count more than symbols."""
    votes: dict[str, int] = {}
    for match in _CODE.finditer(text):
        votes[match[0]] = votes.get(match[0], 0) + 2
    for symbol, code in _SYMBOLS.items():
        if count := text.count(symbol):
            votes[code] = votes.get(code, 0) + count
    dollars = len(re.findall(r"\$\s?\d|\d\s?\$", text))
    if dollars and not votes.keys() & {"CAD", "AUD", "NZD", "SGD", "HKD", "MXN"}:
        votes["USD"] = votes.get("USD", 0) + dollars
    for word, code in _WORDS.items():
        if re.search(rf"(?:\b|\d){word}s?\b", text):
            votes[code] = votes.get(code, 0) + 1
    if _CROWNS.search(text) and not votes.keys() & {"SEK", "DKK", "NOK", "ISK", "CZK"}:
        crown = _crown_of(text)
        votes[crown] = votes.get(crown, 0) + 1
    return max(votes, key=lambda code: votes[code]) if votes else None


def _crown_of(text: str) -> str:
    """Which crown `kr` is: by account and tax numbers, else by the words for tax and letters."""
    for code, state in (("SEK", "SE"), ("DKK", "DK"), ("NOK", "NO")):
        if re.search(rf"\b{state} ?\d{{2}}", text):
            return code
    if re.search(r"\bmva\b|\bKID\b", text, re.IGNORECASE):
        return "NOK"
    return "SEK" if re.search(r"[äöÄÖ]", text) else "DKK"


def currency_of_account(text: str) -> str | None:
    """The currency of the land whose accounts the text names, where it names those of one alone."""
    lands = {match[0][:2] for match in _ACCOUNT.finditer(text) if is_iban(match[0])}
    currencies = {_BY_LAND.get(land, "EUR") for land in lands}
    if not lands and _AMERICAN.search(text):
        return "USD"
    return currencies.pop() if len(currencies) == 1 else None
