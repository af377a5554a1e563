"""Ten thousand steps of schedule and recipe in memory: what a try is, when it may be, how often.

The gateway here is a dictionary that tries a card once for each key, loses answers before and after
it acts, and knows the truth. Retries, caps, hours and declines are the real ones; the recipe around
them (one key a call, an open call is looked up and never repeated blindly) is stated anew, so that
what it promises is checked apart from how it is stored; `story.py` tells the stored story.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from worker.autocharge import Caps, Decline, Hours, Past, course, may_try, next_try

STEPS, SEED, CARDS = 10_000, 20_261_122, 12
DAY = timedelta(days=1)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")
CODES = (
    "insufficient_funds", "processing_error", "try_again_later", "do_not_honor", "expired_card",
    "stolen_card", "authentication_required", "a_code_of_tomorrow", None,
)  # fmt: skip


@dataclass
class Charge:
    """One thing to take, on one card."""

    number: int
    card: int
    due: datetime | None
    tries: list[datetime] = field(default_factory=list)
    open_key: str | None = None
    is_booked: bool = False
    was_unknown: bool = False


@dataclass
class Gateway:
    """Acts once for each key; an intent that took money takes none again."""

    answers: dict[str, str | None] = field(default_factory=dict)
    taken: Counter[int] = field(default_factory=Counter)

    def confirm(self, number: int, key: str, says: str | None) -> None:
        if key not in self.answers and not self.taken[number]:
            self.answers[key] = says
            self.taken[number] += says == "yes"


class World:
    """Customers' cards, a clock that only moves on, and whatever may happen."""

    def __init__(self, seed: int) -> None:
        self.draw, self.gateway, self.caps = random.Random(seed), Gateway(), Caps()
        self.now = datetime(2026, 3, 20, 9, tzinfo=UTC)
        self.charges: list[Charge] = []
        self.seen: dict[int, list[datetime]] = {card: [] for card in range(CARDS)}
        self.figures: Counter[str] = Counter()
        self.acts = (self.wait, self.owe, self.page, self.tick, self.tick, self.tick, self.look)

    def step(self) -> None:
        self.draw.choice(self.acts)()
        self.figures["steps"] += 1

    def hours(self, card: int) -> Hours:
        return Hours(ZONES[card % len(ZONES)])

    def wait(self) -> None:
        self.now += timedelta(minutes=self.draw.choice((1, 20, 90, 600, 1440, 4320)))

    def owe(self) -> None:
        card = self.draw.randrange(CARDS)
        if sum(c.card == card and c.due is not None for c in self.charges) < 3:
            first = self.hours(card).next_open(self.now)
            self.charges.append(Charge(len(self.charges), card, first))

    def page(self) -> None:
        """A customer opens a page and tries a card there; the bank counts that, too."""
        self.seen[self.draw.randrange(CARDS)].append(self.now)

    def tick(self) -> None:
        """A clock ticks; two may, and a process may die at any of the points."""
        waiting = [n for n, c in enumerate(self.charges) if c.due is not None]
        if waiting:
            number = self.draw.choice(waiting)
            for _ in range(self.draw.choice((1, 2))):
                self.go_on(number, self.charges[number])

    def go_on(self, number: int, charge: Charge) -> None:
        hours = self.hours(charge.card)
        is_time = charge.due is not None and charge.due <= self.now == hours.next_open(self.now)
        past = Past(f"chg_{charge.number}", charge.tries, self.seen[charge.card])
        if charge.open_key is not None or not is_time or not may_try(past, self.caps, at=self.now):
            return
        charge.open_key = f"{number}-{len(charge.tries)}"
        charge.tries.append(self.now)
        self.seen[charge.card].append(self.now)
        self.check(charge)
        fate = self.draw.random()
        if fate > 0.2:
            said = "yes" if self.draw.random() < 0.3 else self.draw.choice(CODES)
            self.gateway.confirm(number, charge.open_key, said)
        charge.was_unknown = charge.was_unknown or fate < 0.5
        if fate > 0.5:
            self.hear(charge)

    def look(self) -> None:
        """Somebody asks the gateway about what is open, or a webhook comes once more."""
        for charge in self.charges:
            if charge.open_key is not None and self.draw.random() < 0.5:
                self.hear(charge)

    def hear(self, charge: Charge) -> None:
        key = charge.open_key or ""
        if key not in self.gateway.answers:
            # It never arrived: the same key, in its time, is still the same try.
            self.gateway.confirm(int(key.split("-")[0]), key, self.draw.choice(CODES))
        said, charge.open_key = self.gateway.answers[key], None
        if said == "yes":
            charge.is_booked, charge.due = True, None
            return
        past = Past(f"chg_{charge.number}", charge.tries, self.seen[charge.card])
        hours = self.hours(charge.card)
        charge.due = next_try(course(Decline(said)), past, self.caps, hours, at=self.now)
        if charge.due is not None:
            assert self.now <= charge.due == hours.next_open(charge.due)
            assert charge.due <= charge.tries[0] + self.caps.give_up_after

    def check(self, charge: Charge) -> None:
        seen, caps = self.seen[charge.card], self.caps
        for times, window, most in (
            (seen, DAY, caps.per_card_per_day),
            (seen, 30 * DAY, caps.per_card_per_30_days),
            (charge.tries, DAY, caps.per_charge_per_day),
            (charge.tries, 365 * DAY, caps.per_charge),
        ):
            assert sum(one > self.now - window for one in times) <= most
        local = self.now.astimezone(ZoneInfo(ZONES[charge.card % len(ZONES)]))
        assert 9 <= local.hour < 18
        assert local.weekday() < 5


def test_ten_thousand_steps_take_nothing_twice_and_break_no_cap() -> None:
    world = World(SEED)
    for _ in range(STEPS):
        world.step()
    while any(charge.open_key for charge in world.charges):
        world.look()
    booked = {n for n, charge in enumerate(world.charges) if charge.is_booked}
    assert booked == {n for n, count in world.gateway.taken.items() if count}
    assert max(world.gateway.taken.values()) == 1
    tried = sum(len(charge.tries) for charge in world.charges)
    unknown = sum(charge.was_unknown for charge in world.charges)
    assert (len(booked) > 50, tried > 200, unknown > 50) == (True, True, True), (
        len(booked),
        tried,
        unknown,
    )
