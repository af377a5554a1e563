"""No schedule breaks a cap, under any clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from worker.autocharge import Caps, Decline, Hours, Past, course, may_try, next_try

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)  # A Monday.
DAY = timedelta(days=1)
HOURS = Hours("Europe/Berlin")
FUNDS = course(Decline("insufficient_funds"))


def test_a_card_without_funds_is_tried_four_times_in_two_weeks_and_then_left() -> None:
    tries = [AT]
    while (due := next_try(FUNDS, Past(tries, tries), Caps(), HOURS, at=tries[-1])) is not None:
        tries.append(due)
    assert [(moment - AT).days for moment in tries] == [0, 2, 4, 8]
    assert all(HOURS.next_open(moment) == moment for moment in tries)


def test_a_final_decline_is_never_tried_again() -> None:
    past = Past([AT], [AT])
    for code in ("stolen_card", "expired_card", "authentication_required", None):
        assert next_try(course(Decline(code)), past, Caps(), HOURS, at=AT) is None


def test_another_charge_on_the_same_card_takes_from_the_same_cap() -> None:
    busy = [AT + timedelta(days=2, minutes=n) for n in range(2)]
    past = Past([AT], [AT, *busy])
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
)
def test_no_schedule_breaks_a_cap_however_late_the_clock_ticks(
    charges: list[tuple[datetime, Decline]], zone: str, late: list[int], pages: list[datetime]
) -> None:
    hours, caps = Hours(zone), Caps()
    done: list[tuple[int, datetime]] = []
    due = {number: hours.next_open(first) for number, (first, _) in enumerate(charges)}
    for wait_h in late:
        if not due:
            break
        number = min(due, key=lambda n: due[n])
        now = hours.next_open(max([due.pop(number) + timedelta(hours=wait_h), *_times(done)]))
        # What customers try on hosted pages counts, whenever they do.
        own_tries = [page for page in pages if page <= now]
        past = Past(_times(done, number), sorted([*_times(done), *own_tries]))
        if may_try(past, caps, at=now):
            done.append((number, now))
            past = Past(_times(done, number), sorted([*_times(done), *own_tries]))
            assert _behind(past.of_card, now, DAY) <= caps.per_card_per_day
            assert _behind(past.of_card, now, 30 * DAY) <= caps.per_card_per_30_days
        following = next_try(course(charges[number][1]), past, caps, hours, at=now)
        if following is not None:
            assert following > now
            due[number] = following
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
        if may_try(Past(sorted(_times(card, number)), sorted(_times(card))), caps, at=now):
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
