"""Days in the text of documents."""

from __future__ import annotations

import datetime as dt
import re

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T[\d:.]{5,20})?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{4}|\d{6})?", re.ASCII)
# UNTDID 2379: 102 CCYYMMDD, 203 CCYYMMDDHHMM, 204 CCYYMMDDHHMMSS. Months (610) and weeks (616)
# name no day.
_COMPACT_FORMATS = {"102": 8, "203": 12, "204": 14}


class NotADay(ValueError):
    """The text names no day of the calendar."""


def iso_day(text: str) -> dt.date:
    """The day written as `xs:date` or `xs:dateTime`; a zone does not move it."""
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise NotADay(f"{text[:40]!r} is not a day")
    return _day(*found.groups())


def edifact_day(text: str, code: str | None) -> dt.date:
    """The day in a format of UNTDID 2379, as CII and EDIFACT write it."""
    stripped = text.strip()
    if code in _COMPACT_FORMATS or code is None:
        found = _COMPACT.fullmatch(stripped)
        if found and (code is None or len(stripped) == _COMPACT_FORMATS[code]):
            return _day(*found.groups()[:3])
    raise NotADay(f"{text[:40]!r} is not a day of format {code}")


def _day(year: str, month: str, day: str) -> dt.date:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError as error:
        raise NotADay(f"{year}-{month}-{day} is not in the calendar") from error
