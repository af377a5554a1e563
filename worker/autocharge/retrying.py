"""When a declined charge is tried again, if ever; pure.

Our caps stand far below the networks' (Visa: 20 tries in 30 days; Mastercard: 10 in a day, 35 in
30 days, per card and merchant), and count per card over all that is owed, never per invoice.

What is planned is what will be done: the instant follows from the tries so far and from the charge
itself, so that a crash, the customer's mail and the desk all come to the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.autocharge.business_days import LAST_DAY, Hours
from worker.autocharge.declines import Course

_DAY = timedelta(days=1)
# Retries are spread over so much of a day. Most first tries are made when the hours open, and all
# of their retries would fall on that same second.
_SPREAD = timedelta(hours=4)
# How far a retry that waits for money is put off for a payday: then others may be nearer.
_PAYDAY_WITHIN_DAYS = 3


@dataclass(frozen=True, slots=True)
class Caps:
    """How often a card may be tried, and when."""

    per_charge: int = 4
    per_charge_per_day: int = 1
    per_card_per_day: int = 2
    per_card_per_30_days: int = 8
    give_up_after: timedelta = timedelta(days=14)
    # How long after the first try each further one comes, at the earliest.
    after_first: tuple[timedelta, ...] = (2 * _DAY, 4 * _DAY, 8 * _DAY)
    # Days of the month on which wages come; one that a month lacks is its last day.
    paydays: tuple[int, ...] = (1, 15, LAST_DAY)


@dataclass(frozen=True, slots=True)
class Past:
    """Every automatic try so far, oldest first: of this charge, and of its card over all charges.

    The customer's own tries on a hosted page count among the card's.
    """

    charge_id: str
    of_charge: Sequence[datetime]
    of_card: Sequence[datetime]


def next_try(
    course: Course, past: Past, caps: Caps, hours: Hours, *, at: datetime
) -> datetime | None:
    """When the same charge is tried once more; None: never by itself.

    On a payday if that may help, and at a time of its own; but neither costs it a later try.
    """
    soonest = _soonest(course, past, caps, hours, at=at)
    if soonest is None:
        return None
    wished = [_spread(soonest, past, caps, hours)]
    if course.awaits_money:
        payday = hours.when_wages_came(soonest, caps.paydays, within_days=_PAYDAY_WITHIN_DAYS)
        if payday <= _latest(past, caps):
            wished.insert(0, _spread(payday, past, caps, hours))
    most = _tries_from(soonest, course, past, caps, hours)
    fitting = (when for when in wished if _tries_from(when, course, past, caps, hours) == most)
    return next(fitting, soonest)


def may_try(past: Past, caps: Caps, *, at: datetime) -> bool:
    """Whether the caps leave room for one more try now; asked again right before the call."""
    return _room_from(past, caps, at) <= at and len(past.of_charge) < caps.per_charge


def is_too_late(past: Past, caps: Caps, *, at: datetime) -> bool:
    """Whether the time to try again is over: what stood in the way of a retry stood too long."""
    return bool(past.of_charge) and at > _latest(past, caps)


def _soonest(
    course: Course, past: Past, caps: Caps, hours: Hours, *, at: datetime
) -> datetime | None:
    """The earliest instant that bank, caps and hours allow, if it comes before giving up."""
    tried = len(past.of_charge)
    if tried == 0 or course.is_final or tried > course.tries or tried >= caps.per_charge:
        return None
    first, last = min(past.of_charge), max(past.of_charge)
    planned = first + caps.after_first[min(tried, len(caps.after_first)) - 1]
    candidate = hours.next_open(max(at, planned, last + course.not_before))
    candidate = _under_caps(candidate, past, caps, hours)
    return candidate if candidate <= _latest(past, caps) else None


def _latest(past: Past, caps: Caps) -> datetime:
    return min(past.of_charge) + caps.give_up_after


def _tries_from(when: datetime, course: Course, past: Past, caps: Caps, hours: Hours) -> int:
    """How many tries there are if the next one is made then, and each further one at once."""
    tries = 0
    due: datetime | None = when
    while due is not None:
        tries += 1
        past = Past(past.charge_id, [*past.of_charge, due], [*past.of_card, due])
        due = _soonest(course, past, caps, hours, at=due)
    return tries


def _spread(at: datetime, past: Past, caps: Caps, hours: Hours) -> datetime:
    """An instant moved on within its day: by its own part for each charge and each of its tries.

    Moved on, it stays under the caps: they forbid the time after tries, and there is less of it.
    """
    room = min(_SPREAD, hours.closing(at) - at, _latest(past, caps) - at)
    name = f"{past.charge_id} {len(past.of_charge)}"
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:3])
    return at + room * share // (1 << 24)


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
