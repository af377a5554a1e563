"""Sums of items: the only ones, one of several, or more work than is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.remittance.subsets import Subset, making


@pytest.mark.parametrize(
    ("amounts", "target", "found"),
    [
        ([100, 250, 400], 350, Subset((0, 1), is_only=True)),
        ([100, 250, 350], 350, Subset((0, 1), is_only=False)),
        ([672, 672], 672, Subset((0,), is_only=False)),
        ([500, -120, 80], 380, Subset((0, 1), is_only=True)),
        ([100, 250], 999, None),
        ([], 5, None),
        ([5], 0, None),
    ],
)
def test_a_sum_is_made_by_these_items(
    amounts: list[int], target: int, found: Subset | None
) -> None:
    assert making(amounts, target) == found


@given(st.lists(st.integers(-50, 300).filter(bool), min_size=1, max_size=9), st.data())
def test_what_is_found_adds_up_and_is_only_where_it_is(
    amounts: list[int], data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(amounts) - 1), min_size=1))
    target = sum(amounts[place] for place in chosen)
    found = making(amounts, target)
    if target <= 0:
        assert found is None
        return
    assert found is not None
    assert sum(amounts[place] for place in found.places) == target
    ways = sum(
        sum(a for i, a in enumerate(amounts) if mask >> i & 1) == target
        for mask in range(1, 1 << len(amounts))
    )
    assert found.is_only == (ways == 1)


def test_the_worst_input_is_given_up_in_bounded_work() -> None:
    amounts = [1_000_000 + 7919 * place + place * place for place in range(1_000)]
    assert making(amounts, 500_000_003) is None
