"""When a business writes to someone and when it charges; pure, right across summer time.

Days and hours are the calendar's in a time zone; what comes out are instants in UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# The longest row of days off that a table of holidays can hold before it is a mistake.
_LOOK_AHEAD_DAYS = 60


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a day in which something may happen: from `first` until just before `last`."""

    zone: str
    first: time = time(9)
    last: time = time(18)
    weekdays: frozenset[int] = frozenset(range(5))  # Monday is 0.
    holidays: Collection[date] = ()

    def __post_init__(self) -> None:
        if self.first >= self.last or not self.weekdays:
            raise ValueError("Hours need a day, and a first hour before the last.")

    def works_on(self, day: date) -> bool:
        """Whether the business works on a day."""
        return day.weekday() in self.weekdays and day not in self.holidays

    def opens(self, day: date) -> datetime:
        """The first instant of a day. An hour that summer time skips begins at the next one."""
        return _instant(self.zone, day, self.first)

    def closes(self, day: date) -> datetime:
        """The first instant after the hours of a day."""
        return _instant(self.zone, day, self.last)

    def next_open(self, at: datetime) -> datetime:
        """`at` itself inside the hours, else the next opening."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        for later in range(_LOOK_AHEAD_DAYS):
            candidate = day + timedelta(days=later)
            if self.works_on(candidate) and at < self.closes(candidate):
                return max(at, self.opens(candidate)).astimezone(UTC)
        raise ValueError(f"No working day within {_LOOK_AHEAD_DAYS} days of {day}.")

    def business_days_after(self, day: date, count: int) -> date:
        """The working day that is `count` working days after a day."""
        found = day
        for _ in range(_LOOK_AHEAD_DAYS * max(count, 1)):
            if count <= 0 and self.works_on(found):
                return found
            found += timedelta(days=1)
            count -= self.works_on(found)
        raise ValueError(f"No working day {count} days after {day}.")


def _instant(zone: str, day: date, hour: time) -> datetime:
    # Through UTC: an hour that does not exist that day moves on by what was skipped.
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)
