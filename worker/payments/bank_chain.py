"""Whether what a bank file tells follows from what is in the books already. Pure.

Entries that were told before are left out; each run of new ones must begin with the balance that an
earlier stretch ended with, or end with the one that a later stretch began with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Segment:
    """Stretches without a gap between them: their first and last, and the balances around them."""

    first_id: str
    last_id: str
    begins_minor: int
    ends_minor: int
    first_on: date | None = None
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of a file, as far as the chain goes."""

    amount_minor: int
    booked_on: date | None
    is_known: bool


@dataclass(frozen=True, slots=True)
class Run:
    """New entries one after another: movements[start:end], and where they fit."""

    start: int
    end: int
    begins_minor: int
    ends_minor: int
    after: Segment | None = None
    before: Segment | None = None

    @property
    def fits(self) -> bool:
        """Whether something in the books ends where it begins, or begins where it ends."""
        return self.after is not None or self.before is not None


def runs(
    opening_minor: int, movements: Sequence[Movement], segments: Sequence[Segment]
) -> list[Run]:
    """The runs of new entries, each with where it fits into the books.

    Banks order the entries of one day as they like, so first all new ones are tried as one run.
    """
    new = [place for place, each in enumerate(movements) if not each.is_known]
    if not new:
        return []
    whole = _whole(opening_minor, movements, segments, new)
    return [whole] if whole else _by_order(opening_minor, movements, segments)


def _whole(
    opening_minor: int,
    movements: Sequence[Movement],
    segments: Sequence[Segment],
    new: Sequence[int],
) -> Run | None:
    """All new entries as one run behind, or in front of, what is known."""
    added = sum(movements[place].amount_minor for place in new)
    known = sum(each.amount_minor for each in movements) - added
    for begins in dict.fromkeys((opening_minor + known, opening_minor)):
        run = _fitted(Run(new[0], new[-1] + 1, begins, begins + added), movements, segments)
        if run.fits:
            return run
    return None


def _by_order(
    opening_minor: int, movements: Sequence[Movement], segments: Sequence[Segment]
) -> list[Run]:
    found: list[Run] = []
    balance, start, begins = opening_minor, None, opening_minor
    for place, each in enumerate(movements):
        if each.is_known and start is not None:
            found.append(Run(start, place, begins, balance))
            start = None
        elif not each.is_known and start is None:
            start, begins = place, balance
        balance += each.amount_minor
    if start is not None:
        found.append(Run(start, len(movements), begins, balance))
    return [_fitted(run, movements, segments) for run in found]


def _fitted(run: Run, movements: Sequence[Movement], segments: Sequence[Segment]) -> Run:
    days = [m.booked_on for m in movements[run.start : run.end] if m.booked_on and not m.is_known]
    first_on, last_on = (min(days), max(days)) if days else (None, None)
    after = next(
        (
            s
            for s in segments
            if s.ends_minor == run.begins_minor and _not_later(s.last_on, first_on)
        ),
        None,
    )
    before = next(
        (
            s
            for s in segments
            if s.begins_minor == run.ends_minor
            and s is not after
            and _not_later(last_on, s.first_on)
        ),
        None,
    )
    return Run(run.start, run.end, run.begins_minor, run.ends_minor, after, before)


def _not_later(one: date | None, other: date | None) -> bool:
    return one is None or other is None or one <= other
