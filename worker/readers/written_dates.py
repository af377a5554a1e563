"""Days as people write them, in the order that the document itself shows."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_DIGIT = re.compile(r"\d")
_YEARS = (1990, 2100)
_NUMERIC = re.compile(
    r"(?<![\d./-])(?:(?P<y>\d{4})\s?[-./年]\s?(?P<m>\d{1,2})\s?[-./月]\s?(?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})\s?(?P<s>[./-])\s?(?P<b>\d{1,2})\s?(?P=s)\s?(?P<c>\d{4}|\d{2}))(?![\d/-]|\.\d)",
    re.ASCII,
)
_COMPACT = re.compile(
    r"(?<![0-9])(?P<y>20[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12][0-9]|3[01])(?![0-9])"
)
_LETTERS = r"[^\W\d_]{3,12}"
_DAY_FIRST = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}})(?:\.|st|nd|rd|th|er|ª|º)?\s*(?:de |d'|of )?({_LETTERS})"
    r"\.?,?\s*(?:de )?([0-9]{4})",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"({_LETTERS})\.?\s+([0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+([0-9]{{4}})", re.IGNORECASE
)
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})\.?\s+({_LETTERS})\s+([0-9]{{1,2}})\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """A day and where in the text it stands."""

    day: dt.date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DateOrder:
    """Whether numeric dates put the month first, as the document's own dates or words show."""

    month_first: bool = False

    def find(self, text: str) -> list[WrittenDay]:
        """Every day in the text, in the order of their places."""
        if not _DIGIT.search(text):
            return []
        found = [day for match in _NUMERIC.finditer(text) if (day := self._numeric(match))]
        found += [day for match in _COMPACT.finditer(text) if (day := _ymd(match))]
        if any(character.isalpha() for character in text):
            found += _with_month_names(text)
        found.sort(key=lambda each: (each.start, -each.end))
        kept: list[WrittenDay] = []
        for each in found:
            if not kept or each.start >= kept[-1].end:
                kept.append(each)
        return kept

    def first(self, text: str) -> dt.date | None:
        """The first day in the text."""
        found = self.find(text)
        return found[0].day if found else None

    def _numeric(self, match: re.Match[str]) -> WrittenDay | None:
        if match["y"]:
            return _ymd(match)
        first, second, year = int(match["a"]), int(match["b"]), int(match["c"])
        year += 2000 if year < 100 else 0
        month_first = self.month_first and match["s"] != "."
        if first > 12 or second > 12:
            month_first = second > 12
        month, day = (first, second) if month_first else (second, first)
        return _made(year, month, day, match)


def order_of(text: str) -> DateOrder:
    """The order that the text shows: a number beyond 12 tells, else its words do."""
    votes = 0
    for match in _NUMERIC.finditer(text):
        if match["a"] and match["s"] != ".":
            first, second = int(match["a"]), int(match["b"])
            votes += (second > 12 >= first) - (first > 12 >= second)
    if votes:
        return DateOrder(month_first=votes > 0)
    # Only the United States write the month first; their papers show dollars or state codes.
    american = re.search(r"\bUSD\b|US\$|\bUSA\b|United States|\b[A-Z]{2} \d{5}\b", text)
    european = re.search(r"€|\bEUR\b|£|\bGBP\b|\bVAT\b", text)
    return DateOrder(month_first=bool(american) and not european)


def _ymd(match: re.Match[str]) -> WrittenDay | None:
    return _made(int(match["y"]), int(match["m"]), int(match["d"]), match)


def _made(year: int, month: int, day: int, match: re.Match[str]) -> WrittenDay | None:
    if not _YEARS[0] <= year < _YEARS[1]:
        return None
    try:
        return WrittenDay(dt.date(year, month, day), match.start(), match.end())
    except ValueError:
        return None


def _with_month_names(text: str) -> list[WrittenDay]:
    found = []
    for pattern, places in (
        (_DAY_FIRST, (3, 2, 1)),
        (_MONTH_FIRST, (3, 1, 2)),
        (_YEAR_FIRST, (1, 2, 3)),
    ):
        for match in pattern.finditer(text):
            year, month, day = (match[place] for place in places)
            number = _months().get(_plain(month))
            if number and (made := _made(int(year), number, int(day), match)):
                found.append(made)
    return found


def month_of(name: str) -> int | None:
    """The number of the month that the word names in any of our languages."""
    return _months().get(_plain(name))


@lru_cache(maxsize=1)
def month_names() -> frozenset[str]:
    """The full names of the months, in lower case, in all our languages."""
    return frozenset(
        name.casefold()
        for forms in _names_by_language().values()
        for form in ("wide", "wide_alone")
        for name in forms[form].split("|")
        if len(name) > 3 or name.casefold() in ("mai", "maj", "mei", "may")
    )


@lru_cache(maxsize=1)
def _names_by_language() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("month_names.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    """Month names and their short forms in the languages that we read (CLDR)."""
    names: dict[str, int] = {}
    for forms in _names_by_language().values():
        for form in ("wide", "wide_alone", "short", "short_alone"):
            for number, name in enumerate(forms[form].split("|"), start=1):
                names.setdefault(_plain(name), number)
    return names | {"sept": 9, "mrz": 3, "maerz": 3}


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold().strip(". "))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
