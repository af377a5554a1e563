"""The day on which a payer says that he paid.

`today` and the names of weekdays are counted from the day on the mail itself; a day without a year
is the one nearest to it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache

from babel.dates import get_day_names

from worker.readers.remittance_words import folded, found, leads, says
from worker.readers.written_dates import DateOrder, month_of, order_of

_LETTERS = r"[^\W\d_]{3,12}"
_DAY_MONTH = re.compile(
    rf"(?<![\w.,/-])(\d{{1,2}})(?:\.|st|nd|rd|th|er|ª|º)?[ -]?(?:de |d'|of )?({_LETTERS})\b"
    r"(?!\.?,? ?\d)"
)
_MONTH_DAY = re.compile(
    rf"(?<!\w)({_LETTERS})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?![\w%/]|[.,:]\d|\.? [A-Za-z]{{3}}\b\d)"
)
_NUMERIC = re.compile(
    r"(?<![\w.,/:-])(\d{1,2})([./])(\d{1,2})(?P=sep)?(?![\w/-]|[.,]\d)".replace(
        "([./])", "(?P<sep>[./])"
    )
)
_JAPANESE = re.compile(r"(\d{1,2})月(\d{1,2})日")
_DAY_ONLY = re.compile(
    r"(?<!\w)(?:(?:dia|día) (\d{1,2})|on the (\d{1,2})(?:st|nd|rd|th)|(?:am|den) (\d{1,2})\.)"
    r"(?![\w%/]|[.,:]?\d)"
)
_DAYS_BACK_MAX = 120
_DAYS_AHEAD_MAX = 45
_LOCALES = "en de fr nl it es pt pl sv da nb"


def day_spans(text: str, sent_on: dt.date | None) -> list[tuple[int, int]]:
    """Where days stand in the text."""
    return [(start, end) for start, end, _ in days(text, sent_on)]


def days(
    text: str, sent_on: dt.date | None, order: DateOrder | None = None
) -> list[tuple[int, int, dt.date]]:
    """Every day in the text that names at least a day and a month, in its order."""
    order = order or order_of(text)
    turned = {each.start: each.day for each in DateOrder(not order.month_first).find(text)}
    whole = [
        (each.start, each.end, _likelier(each.day, turned.get(each.start), sent_on))
        for each in order.find(text)
    ]
    if sent_on is not None:
        for start, end, day in _without_year(text, sent_on):
            if all(end <= other[0] or start >= other[1] for other in whole):
                whole.append((start, end, day))
    return sorted(whole)


def _likelier(day: dt.date, turned: dt.date | None, sent_on: dt.date | None) -> dt.date:
    """The day, or with day and month changed over where only that is near the mail's own day."""
    if sent_on is None or turned is None or _is_near(day, sent_on) or not _is_near(turned, sent_on):
        return day
    return turned


def _is_near(day: dt.date, sent_on: dt.date) -> bool:
    return -_DAYS_BACK_MAX <= (day - sent_on).days <= _DAYS_AHEAD_MAX


def _without_year(text: str, sent_on: dt.date) -> Iterator[tuple[int, int, dt.date]]:
    for pattern, day_at, month_at in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1), (_JAPANESE, 2, 1)):
        for match in pattern.finditer(text):
            month = match[month_at]
            number = int(month) if month.isdigit() else month_of(month)
            if number and (day := _nearest(int(match[day_at]), number, sent_on)):
                yield match.start(), match.end(), day
    for match in _NUMERIC.finditer(text):
        # `12.11` without a point behind it is an amount.
        if match["sep"] == "." and not match[0].endswith("."):
            continue
        first, second = int(match[1]), int(match[3])
        both = [_nearest(first, second, sent_on)]
        both += [_nearest(second, first, sent_on)] if match["sep"] == "/" else []
        candidates = [day for day in both if day is not None]
        if candidates:
            nearest = min(candidates, key=lambda day: abs((day - sent_on).days))
            yield match.start(), match.end(), nearest


def _nearest(day: int, month: int, sent_on: dt.date) -> dt.date | None:
    """The day of this month in the year that brings it nearest to the mail's own day."""
    candidates = []
    for year in (sent_on.year - 1, sent_on.year, sent_on.year + 1):
        try:
            candidates.append(dt.date(year, month, day))
        except ValueError:
            continue
    near = [
        each for each in candidates if -_DAYS_BACK_MAX <= (each - sent_on).days <= _DAYS_AHEAD_MAX
    ]
    return min(near, key=lambda each: abs((each - sent_on).days)) if near else None


def paid_day(text: str, sent_on: dt.date | None) -> dt.date | None:
    """The day of the payment in running text: a caption's, one written out, or a word for it."""
    lines = [line for line in re.split(r"\n|(?<=[^\W\d]{3}[.!?]) |(?<=。)", text) if line.strip()]
    order = order_of(text)
    for line in lines:
        if day := captioned_day(line, sent_on, order):
            return day
    if sent_on is None:
        return None
    written = [day for line in lines for day in _written_days(line, sent_on, order)]
    past = [day for day in written if day <= sent_on]
    # A day to come is the rest's, where something was paid today.
    return next(iter(past), None) or day_by_word(folded(text), sent_on) or next(iter(written), None)


def promised_day(text: str, sent_on: dt.date) -> dt.date | None:
    """The one day to come by which a sentence promises something; none where it names several.

    A weekday is the next of its name. A promise keeps no day that is far off.
    """
    written = {day for _, _, day in days(text, sent_on)}
    ahead = {day for day in written if sent_on <= day and _is_near(day, sent_on)}
    if len(ahead) != 1:
        named = [number for number, name in _weekdays().items() if re.search(name, folded(text))]
        if ahead or len(named) != 1:
            return None
        return sent_on + dt.timedelta(days=(named[0] - sent_on.weekday() - 1) % 7 + 1)
    return ahead.pop()


def has_caption(text: str, sent_on: dt.date | None) -> bool:
    """Whether a caption such as `Value date` gives the day, as a program prints it."""
    return any(captioned_day(line, sent_on) for line in text.splitlines())


def captioned_day(
    line: str, sent_on: dt.date | None, order: DateOrder | None = None
) -> dt.date | None:
    """The day behind a caption such as `Value date`."""
    caption = found("paid_day", folded(line))
    if caption is None:
        return None
    in_line = days(line, sent_on, order)
    place = line.casefold().find(caption[0])
    behind = [day for start, _, day in in_line if start >= place >= 0]
    return next(iter(behind or [day for _, _, day in in_line]), None)


_ARTICLE = r"(?:(?:of|vom|du|del|van|the|am|le|op|el|il|den|de|dem|d\.d\.)\b)?"


# "INV-42 of 12 October": the invoice's day.
_OF_A_NUMBER = re.compile(
    r"\d[\w/.-]*,? (?:of|dated|from|vom|v\.|du|van|d\.d\.|del|de|di|do|z|från|av)(?: the| dia)? $"
)


def _written_days(line: str, sent_on: dt.date, order: DateOrder) -> Iterator[dt.date]:
    """Days in a sentence that may be the payment's: not an invoice's, not in the far past."""
    for start, _, day in days(line, sent_on, order):
        before = folded(line[max(0, start - 40) : start]) + " "
        if leads("document_day", before, _ARTICLE) or _OF_A_NUMBER.search(before):
            continue
        if _is_near(day, sent_on):
            yield day


def day_by_word(text: str, sent_on: dt.date | None) -> dt.date | None:
    """The day that a word such as `today` or a weekday's name means in folded text."""
    if sent_on is None:
        return None
    for name, back in (("today", 0), ("day_before_yesterday", 2), ("yesterday", 1)):
        if says(name, text):
            return sent_on - dt.timedelta(days=back)
    for weekday, pattern in _weekdays().items():
        if re.search(pattern, text):
            back = (sent_on.weekday() - weekday) % 7 or 7
            return sent_on - dt.timedelta(days=back)
    if only := _DAY_ONLY.search(text):
        return _nearest_day(int(only[only.lastindex or 1]), sent_on)
    return None


def _nearest_day(day: int, sent_on: dt.date) -> dt.date | None:
    """The last such day of a month up to the mail's own day."""
    first = sent_on.replace(day=1)
    for start in (first, (first - dt.timedelta(days=1)).replace(day=1)):
        try:
            candidate = start.replace(day=day)
        except ValueError:
            continue
        if candidate <= sent_on:
            return candidate
    return None


@lru_cache(maxsize=1)
def _weekdays() -> dict[int, str]:
    """Names of weekdays in our languages (CLDR), as patterns for folded text."""
    names: dict[int, set[str]] = {number: set() for number in range(7)}
    for locale in _LOCALES.split():
        for number, name in get_day_names("wide", locale=locale).items():
            names[number].add(re.escape(name.casefold()))
    names[4] |= {"piątek"}
    return {number: rf"(?<!\w)(?:{'|'.join(sorted(each))})(?!\w)" for number, each in names.items()}
