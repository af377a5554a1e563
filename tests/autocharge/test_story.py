"""Charges against an oracle, through faults, deaths and customers who pay otherwise meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.autocharge.house import House, opened
from tests.autocharge.story import Story
from tests.draws import drawn_from
from tests.servers.stripe_inside import sandbox_inside

SEED, STORIES, STEPS = 20_261_122, 1, 500


@pytest.mark.parametrize("seed", range(SEED, SEED + STORIES))
def test_whatever_happens_the_books_are_what_was_taken(
    migrated_file: Path, tmp_path: Path, seed: int
) -> None:
    with _inside(tmp_path, migrated_file, seed) as house:
        figures = Story(house, seed).told(STEPS)
    assert figures.doubles == 0
    assert figures.charged > 0


def test_a_seed_tells_the_same_story_again(migrated_file: Path, tmp_path: Path) -> None:
    ends = []
    for home in (tmp_path / "once", tmp_path / "again"):
        home.mkdir()
        with _inside(home, migrated_file, SEED) as house:
            figures = Story(house, SEED).told(60)
            charges = [(c.id, c.state, c.stripe_intent_id, c.due_at) for c in house.charges()]
            ends.append((figures, house.at, house.commits, charges))
    assert ends[0] == ends[1]


def test_a_story_over_real_sockets_ends_the_same_way(house: House) -> None:
    assert Story(house, SEED).told(20).doubles == 0


@contextmanager
def _inside(home: Path, migrated_file: Path, seed: int) -> Iterator[House]:
    with (
        drawn_from(seed),
        sandbox_inside() as sandbox,
        opened(home, migrated_file, sandbox) as house,
    ):
        yield house
