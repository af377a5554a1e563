"""When a business writes to someone and when it charges; pure, right across summer time.

Days and hours are the calendar's in a time zone; what comes out are instants in UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worker.kernel.clock import day_in

# The longest row of days off that a table of holidays can hold before it is a mistake.
_LOOK_AHEAD_DAYS = 60
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
# As a payday: the last day of any month, however long it is.
LAST_DAY = 31


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

    def closing(self, at: datetime) -> datetime:
        """The first instant after the hours of the day that an instant lies in."""
        return self.closes(day_in(self.zone, at))

    def next_open(self, at: datetime) -> datetime:
        """`at` itself inside the hours, else the next opening."""
        day = day_in(self.zone, at)
        for later in range(_LOOK_AHEAD_DAYS):
            candidate = day + timedelta(days=later)
            if self.works_on(candidate) and at < self.closes(candidate):
                return max(at, self.opens(candidate)).astimezone(UTC)
        raise ValueError(f"No working day within {_LOOK_AHEAD_DAYS} days of {day}.")

    def when_wages_came(
        self, at: datetime, paydays: Collection[int], *, within_days: int
    ) -> datetime:
        """The first open instant from `at` on at which wages have come, if that is so many days
        ahead at most; else `at`. Where wages came earlier that day, it is `at`, too."""
        first = day_in(self.zone, at)
        for day in (first + timedelta(days=later) for later in range(within_days + 1)):
            if self._brings_wages(day, paydays):
                then = self.next_open(max(at, self.opens(day)))
                return then if (day_in(self.zone, then) - first).days <= within_days else at
        return at

    def _brings_wages(self, day: date, paydays: Collection[int]) -> bool:
        """Whether banks pay wages that day: on a payday, or before one on which they rest."""
        if not self._banks_work_on(day):
            return False
        for _ in range(_LOOK_AHEAD_DAYS):
            if _is_payday(day, paydays):
                return True
            day += _ONE_DAY
            if self._banks_work_on(day):
                return False
        return False

    def _banks_work_on(self, day: date) -> bool:
        # The business may work on Saturdays, or not on Mondays: that moves no wages.
        return day.weekday() < _SATURDAY and day not in self.holidays

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


def _is_payday(day: date, paydays: Collection[int]) -> bool:
    is_last = (day + _ONE_DAY).day == 1
    return day.day in paydays or (is_last and any(payday > day.day for payday in paydays))
