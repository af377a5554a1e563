"""The calendar of a business: zones, summer time, weekends, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.autocharge import Hours

BERLIN = Hours("Europe/Berlin", holidays=(date(2026, 12, 25), date(2027, 1, 1)))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-23T09:30+00:00", "2026-11-23T09:30+00:00"),  # Inside the hours: at once.
        ("2026-11-23T05:00+00:00", "2026-11-23T08:00+00:00"),  # Before them: 9 in Berlin.
        ("2026-11-23T17:00+00:00", "2026-11-24T08:00+00:00"),  # 18 in Berlin is too late.
        ("2026-11-20T18:00+00:00", "2026-11-23T08:00+00:00"),  # Friday evening: Monday.
        ("2026-12-24T20:00+00:00", "2026-12-28T08:00+00:00"),  # A holiday before a weekend.
        ("2026-03-28T20:00+00:00", "2026-03-30T07:00+00:00"),  # Summer time began in between.
        ("2026-10-24T20:00+00:00", "2026-10-26T08:00+00:00"),  # And ended.
    ],
)
def test_the_next_opening(at: str, opens: str) -> None:
    assert BERLIN.next_open(datetime.fromisoformat(at)) == datetime.fromisoformat(opens)


def test_an_hour_that_summer_time_skips_begins_with_the_next_one() -> None:
    nights = Hours("Europe/Berlin", time(2, 30), time(5), frozenset(range(7)))
    skipped = nights.opens(date(2026, 3, 29))
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert nights.next_open(datetime(2026, 3, 28, 22, tzinfo=UTC)) == skipped


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 20), 3, date(2026, 11, 25)),
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
        (date(2026, 12, 31), 2, date(2027, 1, 5)),
    ],
)
def test_business_days_pass_over_weekends_and_holidays(day: date, count: int, found: date) -> None:
    assert BERLIN.business_days_after(day, count) == found


def test_a_table_of_holidays_without_end_is_refused() -> None:
    closed = Hours("UTC", weekdays=frozenset({0}), holidays=_Always())
    with pytest.raises(ValueError, match="No working day"):
        closed.next_open(datetime(2026, 1, 1, tzinfo=UTC))


class _Always(frozenset[date]):
    def __contains__(self, day: object) -> bool:
        return True


@given(
    st.integers(0, 2 * 365 * 24 * 60),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_an_opening_is_never_before_and_opens_itself(minutes: int, zone: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    hours = Hours(zone)
    opened = hours.next_open(at)
    assert opened >= at
    assert hours.next_open(opened) == opened
