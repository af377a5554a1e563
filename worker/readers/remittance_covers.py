"""The items that a payer describes and does not name: all that is open, or up to a day."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from worker.readers.model import Covers
from worker.readers.remittance_days import days
from worker.readers.remittance_words import folded, found, says
from worker.readers.written_dates import month_of

_WORD = re.compile(r"[^\W\d_]{3,14}")
_YEAR = re.compile(r"^[ ,.']*(20\d\d)")
_NEAR = 28
_LINK = re.compile(
    r"(?:the|and|incl\w*|including|end|of|ende?|des|monats?|einschließlich|fin|de|du|mois|eind|van|het|el|final|fine|di|del|mese|fim|do|mês|końca|miesiąca|slutet|av|le|au|den|al|'à|à|aux|ao|a)\b\.?"
)


@dataclass(frozen=True, slots=True)
class Covered:
    """What is described; both ends of a period are in it."""

    what: Covers | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    by_due_day: bool = False


def covered(text: str, sent_on: dt.date | None) -> Covered:
    """The items that flattened text describes."""
    words = folded(text)
    if says("oldest", words):
        return Covered(Covers.OLDEST)
    period = _period(text, sent_on) if sent_on is not None else None
    by_due_day = says("due", words)
    if period is not None:
        return Covered(Covers.PERIOD, *period, by_due_day=by_due_day)
    if says("all_open", words):
        return Covered(Covers.ALL)
    return Covered()


def _period(text: str, sent_on: dt.date) -> tuple[dt.date | None, dt.date] | None:
    """Up to a day, up to a month's end, or one month."""
    whole = days(text, sent_on)
    for start, _, day in whole:
        if _ends_with("until", text[max(0, start - _NEAR) : start]):
            return None, day
    describes = says("all_open", folded(text))
    for match in _WORD.finditer(text):
        month = month_of(match[0])
        if month is None or any(start <= match.start() < end for start, end, _ in whole):
            continue
        first = _month(month, text[match.end() : match.end() + 8], sent_on)
        before = text[max(0, match.start() - _NEAR) : match.start()]
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        if _ends_with("until", before):
            return None, last
        if describes and _ends_with("of_month", before):
            return first, last
    return None


def _month(month: int, behind: str, sent_on: dt.date) -> dt.date:
    """The first day of the month: of the year that is written, else the last such month."""
    if year := _YEAR.match(behind):
        return dt.date(int(year[1]), month, 1)
    year_number = sent_on.year if month <= sent_on.month else sent_on.year - 1
    return dt.date(year_number, month, 1)


def _ends_with(name: str, before: str) -> bool:
    """Whether such a word stands right before, small words between them aside."""
    words = folded(before)
    match = found(name, words)
    while match is not None:
        rest = words[match.end() :]
        if not _LINK.sub("", rest).strip(" .:"):
            return True
        following = found(name, words[match.end() :])
        if following is None:
            return False
        words = words[match.end() :]
        match = following
    return False
