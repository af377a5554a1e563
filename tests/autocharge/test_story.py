"""Charges against an oracle, through faults, deaths and customers who pay otherwise meanwhile."""

from __future__ import annotations

import pytest

from tests.autocharge.house import House
from tests.autocharge.story import Story

STEPS = 40


@pytest.mark.parametrize("seed", [20261122])
def test_whatever_happens_the_books_are_what_was_taken(house: House, seed: int) -> None:
    story = Story(house, seed)
    story.begin()
    for _ in range(STEPS):
        story.step()
    figures = story.end()
    assert figures.doubles == 0
    assert figures.charged + figures.by_link > 0
