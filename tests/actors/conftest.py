"""One desk for every file of answers, orders and letters, its books as at first for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.desk import BOBS_ROLE, Desk, opened


@pytest.fixture(scope="session")
def kept_desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("desk")
    with opened(home, migrated_file, lambda rules: rules + BOBS_ROLE) as there:
        yield there


@pytest.fixture
def desk(kept_desk: Desk) -> Desk:
    """The same desk for each test, with the books as they were at first."""
    kept_desk.start_over()
    return kept_desk
