"""One sandbox for all tests of this folder, and a house with an account of its own at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autocharge.house import House, opened
from tests.servers.stripe import StripeSandbox, running_sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[StripeSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def house(running: StripeSandbox, migrated_file: Path, tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path, migrated_file, running) as found:
        yield found
    running.heal()
