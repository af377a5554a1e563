"""Running text as the things that count: amounts, references, days and rates, in their order."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from worker.readers import remittance_figures
from worker.readers.remittance_days import day_spans
from worker.readers.remittance_figures import CODES
from worker.readers.remittance_words import folded, leads
from worker.readers.written_dates import month_of


class TokenKind(StrEnum):
    AMOUNT = "amount"
    REFERENCE = "reference"
    PAYMENT = "payment"
    OTHER = "other"
    DAY = "day"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Token:
    """A thing in the text. A PAYMENT is the payment's own number, OTHER some number of no use."""

    kind: TokenKind
    text: str
    start: int
    end: int
    value: Decimal | None = None
    currency: str | None = None


_MASKED = re.compile(
    r"\S+@\S+|https?://\S+|www\.\S+|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b|"
    r"\+\d[\d ()/-]{7,}\d|\(\d{2,5}\)\s?\d{2,4}[- ]\d{3,5}|(?<![\w.,-])0\d{2,4} \d{5,8}(?!\d)|"
    r"(?<!\d)\d{1,2}:\d{2}(?!\d)"
)
_RATE = re.compile(
    r"(?<![\w.,])(\d{1,2}(?:[.,]\d{1,3})?)[ \t]?(?:%|percent|per cent|[Pp]rozent|pct\b|proc\b)"
)
# Words in capitals that are no part of the number behind them.
_NO_PREFIX = (
    "PO NO NR ON OF TO AT BY IN AND FOR VAT TEL FAX REF CRO KRS NIP BIC ID AP ACH EFT BACS WIRE SUM"
    " TOTAL PAID SENT ALL KD KR RATE PAGE TRN UTR SIRET BTW KVK UID CHE GMBH LTD INC SA AG KG BV NV"
    " AB SRL FROM LESS MINUS DATE DUE VIA PER RUN"
)
_STOP = frozenset(_NO_PREFIX.split()) | CODES
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9/._-])(?P<prefix>[A-Z]{1,5})[ ](?P<rest>\d{1,8}(?:[/.-][A-Za-z0-9]{1,8})*"
    r"(?:[ ]\d{1,5}(?![.,:]?\d|/|[ ]?[€£$%]))*)(?![A-Za-z0-9]|[.,:]\d|-\d)"
)
_LETTERED = re.compile(
    r"(?<![A-Za-z0-9/._-])(?P<letters>[A-Za-z]{1,8})(?:[-/_.#][A-Za-z]{1,6})?[-/_.#]?\d[A-Za-z0-9]*"
    r"(?:[-/_.][A-Za-z0-9]+)*(?:(?<=20\d\d)(?: \d{1,5}(?![.,:]?\d|/|[ ]?[€£$%]))+)?"
)
_DESIGNATOR = re.compile(r"^(?:no|nr|n)[.°o]*[.#-]?(?=\d)", re.IGNORECASE)
_DIGITS = re.compile(
    r"(?<![A-Za-z0-9/.,:_-])#?(?P<digits>\d+(?:[-/][A-Za-z0-9]+)+|\d{2,14})(?![A-Za-z0-9_/]|[.,:]\d)"
)
_NUMBER_WORD = r"(?:(?:no|nr|num|number|numero|nummer|id|ref|reference)\b|n°|nº|#)"
_AT_END = re.compile(r"[ \t]{2,}(\d{1,12})[ \t]*$", re.MULTILINE)
_RANGE_WORD = re.compile(
    r"^\s?(?:-|~|to|until|through|thru|bis|à|au|tot|t/m|tot en met|a|al|hasta|até|do|till|til)\s?$"
)
_CONTEXT = 30


def tokens(text: str, *, sent_on: dt.date | None, currency: str | None = None) -> list[Token]:
    """The tokens of flattened text, without overlap, in their order."""
    page = _Page(text)
    for match in _MASKED.finditer(text):
        page.hide(match.start(), match.end())
    for match in page.all(_RATE):
        value = Decimal(match[1].replace(",", "."))
        page.take(TokenKind.RATE, match.start(), match.end(), value=value)
    page.take_lettered()
    page.take_amounts(currency, only_marked=True)
    for start, end in day_spans(page.text, sent_on):
        page.take(TokenKind.DAY, start, end)
    page.take_amounts(currency, only_marked=False)
    if currency is not None and remittance_figures.digits(currency) == 0:
        page.take_whole_amounts()
    page.take_digits()
    return _ranged(text, sorted(page.found, key=lambda token: token.start))


class _Page:
    """Text from which what is found is blanked, so that nothing is read twice."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.text = text
        self.found: list[Token] = []

    def all(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return list(pattern.finditer(self.text))

    def hide(self, start: int, end: int) -> None:
        # A character that no pattern begins or ends with, so that neighbours do not join.
        self.text = self.text[:start] + "\x1f" * (end - start) + self.text[end:]

    def take(
        self,
        kind: TokenKind,
        start: int,
        end: int,
        *,
        value: Decimal | None = None,
        currency: str | None = None,
    ) -> None:
        """Keep what stands here as a token."""
        written = self.whole[start:end].strip()
        self.found.append(Token(kind, written, start, end, value, currency))
        self.hide(start, end)

    def take_amounts(self, currency: str | None, *, only_marked: bool) -> None:
        """Amounts: first those with a currency, which nothing else can be."""
        for each in remittance_figures.figures(self.text, currency, only_marked=only_marked):
            self.take(
                TokenKind.AMOUNT, each.start, each.end, value=each.value, currency=each.currency
            )

    def take_whole_amounts(self) -> None:
        """In yen an amount at the end of a line of a list shows neither mark nor cents."""
        for match in self.all(_AT_END):
            self.take(TokenKind.AMOUNT, match.start(1), match.end(1), value=Decimal(match[1]))

    def take_lettered(self) -> None:
        """References with letters in front, glued or a blank apart."""
        for match in self.all(_PREFIXED):
            if match["prefix"] not in _STOP and _digit_count(match["rest"]) >= 2:
                self._take_reference(match.start(), match.end())
        for match in self.all(_LETTERED):
            letters = match["letters"]
            is_month = month_of(letters) is not None and _digit_count(match[0]) <= 6
            is_currency = letters.upper() in CODES or letters.upper() == "KD"
            if _digit_count(match[0]) >= 3 and not is_month and not is_currency:
                start = match.start()
                if designator := _DESIGNATOR.match(match[0]):
                    start += designator.end()
                self._take_reference(start, match.end())

    def take_digits(self) -> None:
        """References that begin with a digit; a bare number only where something says so."""
        for match in self.all(_DIGITS):
            digits = match["digits"]
            before = folded(self.whole[max(0, match.start() - _CONTEXT) : match.start()])
            is_named = match[0].startswith("#") or leads("invoice_word", before, f"{_NUMBER_WORD}?")
            is_bare = digits.isdigit()
            is_year = is_bare and len(digits) == 4 and digits[:2] in ("19", "20")
            is_long = len(digits) >= 4 or digits.startswith("0")
            if is_bare and not is_named and (is_year or not is_long):
                continue
            if not is_bare and _digit_count(digits) < 3:
                continue
            self._take_reference(match.start("digits"), match.end())

    def _take_reference(self, start: int, end: int) -> None:
        line_start = self.whole.rfind("\n", 0, start) + 1
        before = folded(self.whole[max(line_start, start - _CONTEXT) : start])
        kind = TokenKind.REFERENCE
        is_payments = leads("payment_word", before, f"{_NUMBER_WORD}?") or leads(
            "titles", before, f"{_NUMBER_WORD}?"
        )
        if is_payments or leads("payment_kind", before, _NUMBER_WORD):
            kind = TokenKind.PAYMENT
        elif leads("other_number", before, f"{_NUMBER_WORD}?"):
            kind = TokenKind.OTHER
        while end > start and self.whole[end - 1] in "./-_ ":
            end -= 1
        self.take(kind, start, end)


def _digit_count(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _ranged(text: str, found: list[Token]) -> list[Token]:
    """Two references with `to` between them are one: a range."""
    joined: list[Token] = []
    for token in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.kind is token.kind is TokenKind.REFERENCE
            and _RANGE_WORD.match(text[last.end : token.start].casefold())
        ):
            whole = text[last.start : token.end]
            joined[-1] = Token(TokenKind.REFERENCE, whole, last.start, token.end)
        else:
            joined.append(token)
    return joined
