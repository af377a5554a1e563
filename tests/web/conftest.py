"""The house that the web tests visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.house import House, running_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh App on SQLite with its site."""
    with running_house(tmp_path) as house:
        yield house
