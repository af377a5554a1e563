"""When a declined charge is tried again, if ever; pure.

Our caps stand far below the networks' (Visa: 20 tries in 30 days; Mastercard: 10 in a day, 35 in
30 days, per card and merchant), and count per card over all that is owed, never per invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.autocharge.business_days import Hours
from worker.autocharge.declines import Course

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Caps:
    """How often a card may be tried."""

    per_charge: int = 4
    per_charge_per_day: int = 1
    per_card_per_day: int = 2
    per_card_per_30_days: int = 8
    give_up_after: timedelta = timedelta(days=14)
    # How long after the first try each further one comes, at the earliest.
    after_first: tuple[timedelta, ...] = (2 * _DAY, 4 * _DAY, 8 * _DAY)


@dataclass(frozen=True, slots=True)
class Past:
    """Every automatic try so far, oldest first: of this charge, and of its card over all charges.

    The customer's own tries on a hosted page count among the card's.
    """

    of_charge: Sequence[datetime]
    of_card: Sequence[datetime]


def next_try(
    course: Course, past: Past, caps: Caps, hours: Hours, *, at: datetime
) -> datetime | None:
    """The earliest instant for another try of the same charge; None: never by itself."""
    tried = len(past.of_charge)
    if tried == 0 or course.is_final or tried > course.tries or tried >= caps.per_charge:
        return None
    first, last = min(past.of_charge), max(past.of_charge)
    planned = first + caps.after_first[min(tried, len(caps.after_first)) - 1]
    candidate = hours.next_open(max(at, planned, last + course.not_before))
    candidate = _under_caps(candidate, past, caps, hours)
    return candidate if candidate - first <= caps.give_up_after else None


def may_try(past: Past, caps: Caps, *, at: datetime) -> bool:
    """Whether the caps leave room for one more try now; asked again right before the call."""
    return _room_from(past, caps, at) <= at and len(past.of_charge) < caps.per_charge


def _under_caps(candidate: datetime, past: Past, caps: Caps, hours: Hours) -> datetime:
    while (room_at := _room_from(past, caps, candidate)) > candidate:
        candidate = hours.next_open(room_at)
    return candidate


def _room_from(past: Past, caps: Caps, at: datetime) -> datetime:
    """The first instant from `at` on at which every window has room for one more."""
    windows = (
        (past.of_charge, _DAY, caps.per_charge_per_day),
        (past.of_card, _DAY, caps.per_card_per_day),
        (past.of_card, 30 * _DAY, caps.per_card_per_30_days),
    )
    return max(_room_in(times, window, most, at) for times, window, most in windows)


def _room_in(times: Sequence[datetime], window: timedelta, most: int, at: datetime) -> datetime:
    recent = sorted(time for time in times if time + window > at)
    if len(recent) < most:
        return at
    # Room comes when all but `most - 1` of them are older than the window.
    return recent[len(recent) - most] + window
