"""The items that a payer describes: all that is open, or what was issued or due in a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from worker.kernel.money import Money, total
from worker.readers.model import Claim, Covers
from worker.remittance.model import Item


def described(claim: Claim, unpaid: Sequence[Item], stated: Money) -> list[Item]:
    """The items described, if they are the stated sum; none where two readings are."""
    found: list[list[Item]] = []
    for items in _readings(claim, unpaid):
        is_sum = bool(items) and total((i.open for i in items), stated.currency) == stated
        if is_sum and items not in found:
            found.append(items)
    return found[0] if len(found) == 1 else []


def _readings(claim: Claim, unpaid: Sequence[Item]) -> Iterator[list[Item]]:
    """What the words may mean: with credit notes or without, by day of issue or due day."""
    for items in _periods(claim, unpaid):
        yield items
        yield [item for item in items if item.open.is_positive]


def _periods(claim: Claim, unpaid: Sequence[Item]) -> Iterator[list[Item]]:
    if claim.covers is Covers.ALL:
        yield list(unpaid)
        if claim.covers_due_days and claim.sent_on is not None:
            yield [item for item in unpaid if item.due_on and item.due_on <= claim.sent_on]
        return
    if claim.covers_due_days:
        yield [item for item in unpaid if _is_within(item.due_on, claim)]
    yield [item for item in unpaid if _is_within(item.issued_on, claim)]


def _is_within(day: dt.date | None, claim: Claim) -> bool:
    if day is None or claim.covers_until is None:
        return False
    return (claim.covers_from is None or claim.covers_from <= day) and day <= claim.covers_until
