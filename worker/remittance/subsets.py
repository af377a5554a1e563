"""Which items make a sum, and whether they are the only ones that do. Work is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# A state is a sum that some items make; each costs under a microsecond to extend.
MAX_STATES = 40_000
MAX_STEPS = 150_000


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
    # Each sum with the number of ways to it (two is many), the last item and the sum before.
    states: dict[int, tuple[int, int, int]] = {0: (1, -1, 0)}
    steps = 0
    for place, amount in usable:
        steps += len(states)
        if len(states) > MAX_STATES or steps > MAX_STEPS:
            return None
        for reached, (ways, _, _) in list(states.items()):
            reaches = reached + amount
            if reaches > target and amount > 0:
                continue
            known = states.get(reaches)
            if known is None:
                states[reaches] = (ways, place, reached)
            else:
                states[reaches] = (2, known[1], known[2])
    if target not in states:
        return None
    return Subset(_path(states, target), is_only=states[target][0] == 1)


def _path(states: dict[int, tuple[int, int, int]], target: int) -> tuple[int, ...]:
    """The items on the first way that was found to the target."""
    places = []
    reached = target
    while reached != 0:
        _, place, reached = states[reached]
        places.append(place)
    return tuple(sorted(places))
