"""No schedule breaks a cap, under any clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.autocharge import Caps, Decline, Hours, Past, course, may_try, next_try
from worker.kernel.clock import day_in

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)  # A Monday.
DAY = timedelta(days=1)
HOURS = Hours("Europe/Berlin")
FUNDS = course(Decline("insufficient_funds"))


def test_a_card_without_funds_is_tried_four_times_in_two_weeks_and_then_left() -> None:
    tries, caps = [AT], Caps(paydays=())
    while due := next_try(FUNDS, Past("chg_1", tries, tries), caps, HOURS, at=tries[-1]):
        tries.append(due)
    assert [(moment - AT).days for moment in tries] == [0, 2, 4, 8]
    assert all(HOURS.next_open(moment) == moment for moment in tries)


# First tries at nine in Berlin, and the days of their second ones. 1 and 15 February and March 2026
# are Sundays, 28 February and 26 December Saturdays; banks rest on 24 and 25 December, too.
@pytest.mark.parametrize(
    ("first", "paydays", "again"),
    [
        ("2026-06-24", (1, 15, 31), "2026-06-26"),  # The last of June is four days off.
        ("2026-06-25", (1, 15, 31), "2026-06-30"),  # A Saturday became Monday; then the last.
        ("2026-06-25", (), "2026-06-29"),
        ("2026-06-25", (1, 15), "2026-07-01"),
        ("2026-06-10", (1, 15, 31), "2026-06-15"),
        ("2026-06-29", (1, 15, 31), "2026-07-01"),  # The payday is the day itself.
        ("2026-06-30", (1, 15, 31), "2026-07-02"),  # Wages came yesterday.
        ("2026-02-09", (1, 15, 31), "2026-02-13"),  # For a Sunday they come on the Friday.
        ("2026-02-23", (30,), "2026-02-27"),  # February has no 30th, and ends on a Saturday.
        ("2026-12-18", (26,), "2026-12-23"),  # A weekend, before it two holidays.
    ],
)
def test_a_retry_for_want_of_money_waits_for_a_payday_that_is_near(
    first: str, paydays: tuple[int, ...], again: str
) -> None:
    christmas = [date(2026, 12, day) for day in (24, 25)]
    hours = Hours("Europe/Berlin", holidays=christmas)
    at = hours.opens(date.fromisoformat(first))
    past, caps = Past("chg_1", [at], [at]), Caps(paydays=paydays)
    due = next_try(FUNDS, past, caps, hours, at=at)
    assert due is not None
    assert day_in("Europe/Berlin", due) == date.fromisoformat(again)
    plain = next_try(course(Decline("processing_error")), past, caps, hours, at=at)
    without = next_try(FUNDS, past, Caps(paydays=()), hours, at=at)
    assert plain == without, "only who lacks money waits for it"


def test_a_payday_after_the_time_to_give_up_is_not_waited_for() -> None:
    first = HOURS.opens(date(2026, 6, 10))
    tight = Caps(give_up_after=2 * DAY)
    due = next_try(FUNDS, Past("chg_1", [first], [first]), tight, HOURS, at=first)
    assert due == first + 2 * DAY, "nor is it spread past that instant"


def test_where_few_days_are_worked_a_payday_moves_no_retry_out_of_its_window() -> None:
    mondays = Hours("Europe/Berlin", weekdays=frozenset({0}))
    first = mondays.opens(date(2026, 6, 22))
    due = next_try(FUNDS, Past("chg_1", [first], [first]), Caps(), mondays, at=first)
    assert due is not None
    assert day_in("Europe/Berlin", due) == date(2026, 6, 29)


def test_the_retries_of_one_morning_are_spread_over_the_next_each_at_its_own_time() -> None:
    first = HOURS.opens(date(2026, 3, 2))
    pasts = [Past(f"chg_{number}", [first], [first]) for number in range(400)]
    planned = [next_try(FUNDS, past, Caps(), HOURS, at=first) for past in pasts]
    due = [when for when in planned if when is not None]
    assert planned == [
        # Heard an hour later, after a crash: the same instant.
        next_try(FUNDS, past, Caps(), HOURS, at=first + timedelta(hours=1))
        for past in pasts
    ]
    quarters = Counter((when - first - 2 * DAY) // timedelta(hours=1) for when in due)
    assert sorted(quarters) == [0, 1, 2, 3]
    assert min(quarters.values()) > 70
    assert len(set(due)) > 390


def test_a_retry_late_in_the_day_is_spread_over_what_is_left_of_it() -> None:
    first = HOURS.closes(date(2026, 3, 2)) - timedelta(microseconds=2)
    due = {
        next_try(FUNDS, Past(f"chg_{n}", [first], [first]), Caps(), HOURS, at=first)
        for n in range(20)
    }
    assert due == {first + 2 * DAY, first + 2 * DAY + timedelta(microseconds=1)}


@given(
    first=st.integers(0, 365 * 24),
    network=st.sampled_from([None, "02", "26", "27", "28"]),
    paydays=st.lists(st.integers(1, 31), max_size=4),
    days=st.integers(1, 14),
    number=st.integers(0, 99),
)
def test_neither_a_payday_nor_a_time_of_its_own_costs_a_charge_a_try(
    first: int, network: str | None, paydays: list[int], days: int, number: int
) -> None:
    decided = course(Decline("insufficient_funds", network_advice_code=network))
    caps = Caps(paydays=tuple(paydays), give_up_after=days * DAY)
    tries = [HOURS.next_open(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=first))]
    plain = list(tries)
    while due := next_try(decided, Past(f"chg_{number}", tries, tries), caps, HOURS, at=tries[-1]):
        assert due >= max(
            tries[-1] + decided.not_before, tries[0] + caps.after_first[len(tries) - 1]
        )
        tries.append(due)
    # The same days, each as soon as it may be.
    while len(plain) <= decided.tries:
        due = plain[0] + caps.after_first[len(plain) - 1]
        due = HOURS.next_open(max(due, plain[-1] + decided.not_before))
        if due - plain[0] > caps.give_up_after:
            break
        plain.append(due)
    assert len(tries) == len(plain)


def test_a_final_decline_is_never_tried_again() -> None:
    past = Past("chg_1", [AT], [AT])
    for code in ("stolen_card", "expired_card", "authentication_required", None):
        assert next_try(course(Decline(code)), past, Caps(), HOURS, at=AT) is None


def test_another_charge_on_the_same_card_takes_from_the_same_cap() -> None:
    busy = [AT + timedelta(days=2, minutes=n) for n in range(2)]
    past = Past("chg_1", [AT], [AT, *busy])
    due = next_try(FUNDS, past, Caps(), HOURS, at=AT + 2 * DAY)
    assert due is not None
    assert due >= busy[0] + DAY


# Around the night when Berlin changes to summer time.
_INSTANTS = st.builds(
    lambda minutes: datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=minutes),
    st.integers(0, 21 * 24 * 60),
)
_CODES = st.sampled_from(
    ["insufficient_funds", "processing_error", "do_not_honor", "stolen_card", "expired_card", None]
)
_ADVICE = st.sampled_from([None, "do_not_try_again", "try_again_later", "confirm_card_data"])
_NETWORK = st.sampled_from([None, "01", "02", "03", "21", "24", "27", "30"])
_ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])


@given(
    charges=st.lists(
        st.tuples(_INSTANTS, st.builds(Decline, _CODES, _ADVICE, _NETWORK)), min_size=1, max_size=5
    ),
    zone=_ZONES,
    late=st.lists(st.integers(0, 96), min_size=40, max_size=40),
    pages=st.lists(_INSTANTS, max_size=6),
    paydays=st.lists(st.integers(1, 31), max_size=4),
)
def test_no_schedule_breaks_a_cap_however_late_the_clock_ticks(
    charges: list[tuple[datetime, Decline]],
    zone: str,
    late: list[int],
    pages: list[datetime],
    paydays: list[int],
) -> None:
    hours, caps = Hours(zone), Caps(paydays=tuple(paydays))
    done: list[tuple[int, datetime]] = []
    due = {number: hours.next_open(first) for number, (first, _) in enumerate(charges)}
    for wait_h in late:
        if not due:
            break
        number = min(due, key=lambda n: due[n])
        now = hours.next_open(max([due.pop(number) + timedelta(hours=wait_h), *_times(done)]))
        # What customers try on hosted pages counts, whenever they do.
        own_tries = [page for page in pages if page <= now]
        past = Past(f"chg_{number}", _times(done, number), sorted([*_times(done), *own_tries]))
        if may_try(past, caps, at=now):
            done.append((number, now))
            past = Past(f"chg_{number}", _times(done, number), sorted([*_times(done), *own_tries]))
            assert _behind(past.of_card, now, DAY) <= caps.per_card_per_day
            assert _behind(past.of_card, now, 30 * DAY) <= caps.per_card_per_30_days
        decided = course(charges[number][1])
        following = next_try(decided, past, caps, hours, at=now)
        if following is not None:
            assert now < following == hours.next_open(following)
            assert following <= past.of_charge[0] + caps.give_up_after
            assert following == next_try(decided, past, caps, hours, at=now)
            due[number] = following
        elif decided.awaits_money:
            assert next_try(decided, past, replace(caps, paydays=()), hours, at=now) is None
    card = _times(done)
    assert _most_within(card, DAY) <= caps.per_card_per_day
    assert _most_within(card, 30 * DAY) <= caps.per_card_per_30_days
    for number, (_, decline) in enumerate(charges):
        own = _times(done, number)
        assert _most_within(own, DAY) <= caps.per_charge_per_day
        assert len(own) <= min(caps.per_charge, 1 + course(decline).tries)
    local = [moment.astimezone(ZoneInfo(zone)) for moment in card]
    assert all(9 <= moment.hour < 18 and moment.weekday() < 5 for moment in local)


@given(clock=st.lists(_INSTANTS, min_size=1, max_size=30))
def test_no_clock_breaks_a_cap_even_one_that_goes_back(clock: list[datetime]) -> None:
    caps, card = Caps(), list[tuple[int, datetime]]()
    for nth, now in enumerate(clock):
        number = nth % 3
        if may_try(Past("chg", sorted(_times(card, number)), sorted(_times(card))), caps, at=now):
            card.append((number, now))
    assert _most_within(_times(card), DAY) <= caps.per_card_per_day
    assert _most_within(_times(card), 30 * DAY) <= caps.per_card_per_30_days
    for number in range(3):
        assert _most_within(_times(card, number), DAY) <= caps.per_charge_per_day
        assert len(_times(card, number)) <= caps.per_charge


def _times(done: list[tuple[int, datetime]], number: int | None = None) -> list[datetime]:
    return [moment for which, moment in done if number in (None, which)]


def _behind(times: Sequence[datetime], now: datetime, window: timedelta) -> int:
    return sum(now - window < one <= now for one in times)


def _most_within(times: list[datetime], window: timedelta) -> int:
    return max((sum(one <= other < one + window for other in times) for one in times), default=0)
