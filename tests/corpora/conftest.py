"""The scorer on real files; both stay outside the repository."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.corpora.warm_reader import warm_reader

SHARED = Path(__file__).parents[3] / "shared"


class Score(Protocol):
    """Score one set of the corpora; fails below its minima and shows what was missed."""

    def __call__(
        self, kind: str, *options: str, minima: list[str], folder: str = "corpora"
    ) -> None: ...


@pytest.fixture(scope="session")
def score(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Score]:
    with warm_reader(tmp_path_factory.mktemp("corpora")) as command:

        def run(kind: str, *options: str, minima: list[str], folder: str = "corpora") -> None:
            scorer = [sys.executable, str(SHARED / "score.py"), kind, str(SHARED / folder)]
            done = subprocess.run(
                [*scorer, "--command", command, *options, "--show", "20", "--min", *minima],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr

        yield run
