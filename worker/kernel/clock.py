"""Where "now" comes from: a port, so that time is a value everywhere below the actors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Business time. In production it is the database's; in a demo it can be moved forward."""

    def now(self) -> datetime:
        """The instant, aware and in UTC."""
        ...


@runtime_checkable
class MovableClock(Clock, Protocol):
    """A clock that a demo moves forward; never back."""

    def move(self, by: timedelta) -> None:
        """Let so much time pass at once."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive one is refused."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone.")
    return at.astimezone(UTC)


def day_in(zone: str, at: datetime) -> date:
    """The calendar day of an instant in a time zone."""
    return at.astimezone(ZoneInfo(zone)).date()
