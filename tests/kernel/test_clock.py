"""Instants are aware and in UTC; days belong to a time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from worker.kernel.clock import SystemClock, day_in, utc


def test_the_machine_says_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_an_instant_of_any_zone_is_the_same_instant_in_utc() -> None:
    there = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert utc(there) == there
    assert utc(there).tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 11, 22))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 11, 23)),
        ("UTC", date(2026, 11, 22)),
        ("America/New_York", date(2026, 11, 22)),
        ("Pacific/Kiritimati", date(2026, 11, 23)),
    ],
)
def test_the_same_instant_is_another_day_elsewhere(zone: str, day: date) -> None:
    assert day_in(zone, datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == day
