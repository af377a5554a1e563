"""Which items make a sum, and whether they are the only ones that do. Work is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# A state is a sum that some items make; each costs under a microsecond to extend.
MAX_STATES = 60_000
MAX_STEPS = 250_000


@dataclass(frozen=True, slots=True)
class Subset:
    """The places of the items. `is_only` is False where others make the same sum, or where that
    would take too long to say.
    """

    places: tuple[int, ...]
    is_only: bool


def making(amounts: Sequence[int], target: int) -> Subset | None:
    """Amounts that add up to the target; None where none do or the search grows too large."""
    if target <= 0 or not amounts:
        return None
    credits_sum = sum(amount for amount in amounts if amount < 0)
    usable = [
        (place, amount)
        for place, amount in enumerate(amounts)
        if amount and amount <= target - credits_sum
    ]
    # Credits first, so that sums beyond the target can be dropped from then on.
    usable.sort(key=lambda each: each[1])
    states: dict[int, tuple[int, tuple[int, ...]]] = {0: (1, ())}
    steps = 0
    for place, amount in usable:
        steps += len(states)
        if len(states) > MAX_STATES or steps > MAX_STEPS:
            return None
        grown = dict(states)
        for reached, (ways, places) in states.items():
            reaches = reached + amount
            if reaches > target and amount > 0:
                continue
            other = grown.get(reaches)
            if other is None:
                grown[reaches] = (ways, (*places, place))
            else:
                grown[reaches] = (min(2, other[0] + ways), other[1])
        states = grown
    found = states.get(target)
    if found is None or not found[1]:
        return None
    return Subset(tuple(sorted(found[1])), is_only=found[0] == 1)
