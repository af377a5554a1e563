"""Charges against an oracle, through faults, deaths and customers who pay otherwise meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.autocharge.house import House, opened
from tests.autocharge.story import Story
from tests.servers.stripe_inside import sandbox_inside

SEED, STORIES, STEPS = 20_261_122, 1, 500


@pytest.mark.parametrize("seed", range(SEED, SEED + STORIES))
def test_whatever_happens_the_books_are_what_was_taken(
    migrated_file: Path, tmp_path: Path, seed: int
) -> None:
    with sandbox_inside() as sandbox, opened(tmp_path, migrated_file, sandbox) as house:
        figures = Story(house, seed).told(STEPS)
    assert figures.doubles == 0
    assert figures.charged > 0


def test_a_story_over_real_sockets_ends_the_same_way(house: House) -> None:
    assert Story(house, SEED).told(20).doubles == 0
