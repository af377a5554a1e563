"""`make prove`: charges of stored cards against an oracle, for as many steps as are asked for.

Each story is a house of its own with a seed of its own; a failure names the seed, which tells the
same story again. `make prove ARGS="--steps 1000000"` is the long one.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests import books
from tests.autocharge.house import opened
from tests.autocharge.story import Story
from tests.servers.stripe import running_sandbox

STEPS_OF_A_STORY = 250


def main() -> int:
    """Tell stories until there were steps enough; prints seed and figures."""
    asked = _asked()
    logging.disable(logging.ERROR)
    totals: Counter[str] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "books.db")
        books.build(f"sqlite:///{template}")
        seed = asked.seed
        while totals["steps"] < asked.steps:
            steps = min(STEPS_OF_A_STORY, asked.steps - totals["steps"])
            try:
                totals.update(_tell(seed, steps, Path(folder, f"story-{seed}"), template))
            except AssertionError as e:
                print(f"seed {seed}: {e}", file=sys.stderr)
                return 1
            seed += 1
    figures = {"seed": asked.seed, "stories": seed - asked.seed, **totals}
    figures["seconds"] = round(time.monotonic() - begun)
    print(json.dumps(figures) if asked.json else _table(figures))
    return 0


def _tell(seed: int, steps: int, home: Path, template: Path) -> dict[str, int]:
    with running_sandbox() as sandbox, opened(home, template, sandbox) as house:
        story = Story(house, seed)
        story.begin()
        for _ in range(steps):
            story.step()
        figures: dict[str, Any] = asdict(story.end())
    return {name: count for name, count in figures.items() if isinstance(count, int)}


def _table(figures: dict[str, int]) -> str:
    return "\n".join(f"{name:<12}{count:>10}" for name, count in figures.items())


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
