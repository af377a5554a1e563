"""Amounts and days in the columns of a table, read on evidence.

`1,234` and `03/04/2026` each have two readings. `decimal_mark` and `day_order` look at a whole
column and say nothing where nothing is proved; whoever asks then leaves the field out and says so.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

_FIGURES = re.compile(r"[+-]?[0-9]+(?:[.,'’ \u00a0\u202f][0-9]+)*-?", re.ASCII)
_AROUND = re.compile(r"[A-Z]{3}|[€$£¥]|zł|Kč|\((?=.*\))|(?<=[0-9])\)")
_GROUPS = re.compile(r"['’ \u00a0\u202f]")
MAX_DIGITS = 12


def figures(text: str) -> str | None:
    """The digits and marks of an amount, a minus in front; None where the text is no amount."""
    stripped = text.strip().replace("−", "-").replace("–", "-")
    bare = _AROUND.sub("", stripped[:64]).replace(" ", " ").strip()
    bare = re.sub(r"^([+-])\s+|\s+(-)$", r"\1\2", bare)
    if not _FIGURES.fullmatch(bare):
        return None
    is_negative = bare[0] == "-" or bare[-1] == "-" or stripped.startswith("(")
    return ("-" if is_negative else "") + bare.strip("+-")


def decimal_marks(texts: Iterable[str]) -> set[str]:
    """The decimal marks that the amounts prove; two where they contradict each other."""
    return {mark for text in texts if (mark := _proof(text)) is not None}


def decimal_mark(texts: Iterable[str]) -> str | None:
    """The decimal mark that the amounts prove; None where they prove none, or both."""
    proved = decimal_marks(texts)
    return proved.pop() if len(proved) == 1 else None


def _proof(text: str) -> str | None:
    digits = (figures(text) or "").lstrip("-")
    marks = [character for character in digits if character in ".,"]
    if not marks:
        return None
    last = marks[-1]
    other = "." if last == "," else ","
    if other in marks:
        return last
    if len(marks) > 1:
        return other
    whole, _, fraction = digits.rpartition(last)
    if (
        len(fraction) != 3
        or len(_GROUPS.sub("", whole)) > 3
        or whole == "0"
        or _GROUPS.search(whole)
    ):
        return last
    return None


def is_ambiguous(text: str) -> bool:
    """Whether the amount could be thousands or thousandths, seen alone."""
    digits = figures(text) or ""
    return any(mark in digits for mark in ".,") and _proof(text) is None


def amount(text: str, mark: str | None) -> Decimal | None:
    """The amount with this decimal mark; without one only what has a single reading."""
    digits = figures(text)
    if digits is None or (mark is None and is_ambiguous(text)):
        return None
    mark = mark or _proof(text) or "."
    whole, found, fraction = digits.rpartition(mark) if mark in digits else (digits, "", "")
    if mark in whole or (fraction and not fraction.isdigit()):
        return None
    first, *groups = re.split(r"[.,'’ \u00a0\u202f]", whole)
    if any(len(group) != 3 for group in groups) or (groups and len(first.lstrip("-")) > 3):
        return None
    joined = first + "".join(groups)
    if len(joined) > MAX_DIGITS or len(fraction) > 6:
        return None
    return Decimal(f"{joined}.{fraction}" if found else joined)


class DayOrder(StrEnum):
    """In what order the days of a column are written."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


_DAY = re.compile(
    r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})(?:[T ].{0,20})?|([0-9]{8})", re.ASCII
)


def looks_like_day(text: str) -> bool:
    """Whether the text is figures in the form of a day, of the calendar or not."""
    return _DAY.fullmatch(text.strip()) is not None


def day_order(texts: Iterable[str]) -> DayOrder | None:
    """The order that the days prove; None where they prove none, or two.

    Points are written by no one who puts the month first; slashes and hyphens by both.
    """
    proved = {order for text in texts if (order := _order(text)) is not None}
    return proved.pop() if len(proved) == 1 else None


def _order(text: str) -> DayOrder | None:
    found = _DAY.fullmatch(text.strip())
    if not found:
        return None
    if found[5]:
        return DayOrder.YMD if found[5].startswith(("19", "20")) else None
    first, mark, second = found[1], found[2], found[3]
    if len(first) == 4:
        return DayOrder.YMD
    if mark == "." or int(first) > 12:
        return DayOrder.DMY
    return DayOrder.MDY if int(second) > 12 else None


def day(text: str, order: DayOrder | None) -> dt.date | None:
    """The day, in the order proved; None where it is no day of the calendar."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        return None
    order = order or _order(text)
    if found[5]:
        year, month, number = found[5][:4], found[5][4:6], found[5][6:]
    elif order is DayOrder.YMD:
        year, month, number = found[1], found[3], found[4]
    elif order is DayOrder.DMY:
        number, month, year = found[1], found[3], found[4]
    elif order is DayOrder.MDY:
        month, number, year = found[1], found[3], found[4]
    else:
        return None
    return _date(year, month, number)


def _date(year: str, month: str, number: str) -> dt.date | None:
    if len(year) == 2:
        year = f"20{year}"
    try:
        return dt.date(int(year), int(month), int(number))
    except ValueError:
        return None
