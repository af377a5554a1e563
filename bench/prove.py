"""`make prove`: charges of stored cards against an oracle, for as many steps as are asked for.

Each story is a house of its own with a seed of its own, and a sandbox in the same process; a
failure names the seed, and `--seed N --steps 2000` tells that story again, draw for draw. A million
steps, unless fewer are asked for.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

from tests import books
from tests.autocharge.house import opened
from tests.autocharge.story import Figures, Story
from tests.draws import drawn_from
from tests.servers.stripe_inside import sandbox_inside

STEPS_OF_A_STORY = 2_000
# Stories begin all over the year.
WEEKS = 52
_SAY_EVERY_S = 30


class Broken(Exception):
    """A story in which something did not hold; its message names the seed."""


def main() -> int:
    """Tell stories until there were steps enough, or time is up; prints seed and figures."""
    asked = _asked()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        books.build(f"sqlite:///{Path(folder, 'books.db')}")
        try:
            figures = _prove(asked, folder)
        except Broken as e:
            print(e, file=sys.stderr)
            return 1
    print(json.dumps(figures) if asked.json else _table(figures))
    return 0


def tell(story: tuple[int, int, str]) -> Figures:
    """One story: its seed, how many steps, and the folder with the empty books. Raises Broken."""
    seed, steps, folder = story
    try:
        with (
            drawn_from(seed),
            tempfile.TemporaryDirectory(dir=folder) as home,
            sandbox_inside(seed % WEEKS) as sandbox,
            opened(Path(home), Path(folder, "books.db"), sandbox) as house,
        ):
            return Story(house, seed).told(steps)
    except AssertionError as e:
        raise Broken(f"seed {seed}: {e}") from e


def _prove(asked: argparse.Namespace, folder: str) -> dict[str, float]:
    totals: Counter[str] = Counter()
    died_at: set[tuple[str, int]] = set()
    begun = said = time.monotonic()
    stories = 0
    with get_context("spawn").Pool(asked.processes, _quiet) as pool:
        for one in pool.imap_unordered(tell, _stories(asked.seed, asked.steps, folder)):
            stories += 1
            totals.update(one.counts())
            died_at |= one.died_at
            now = time.monotonic()
            if now - said > _SAY_EVERY_S:
                said = now
                print(_progress(totals, now - begun), file=sys.stderr, flush=True)
            if asked.minutes and now - begun > asked.minutes * 60:
                break
    seconds = time.monotonic() - begun
    return {
        "seed": asked.seed,
        "stories": stories,
        **totals,
        "failpoints": len(died_at),
        "seconds": round(seconds),
        "steps/s": round(totals["steps"] / seconds),
    }


def _stories(seed: int, steps: int, folder: str) -> list[tuple[int, int, str]]:
    begins = range(0, steps, STEPS_OF_A_STORY)
    return [
        (seed + nth, min(STEPS_OF_A_STORY, steps - told), folder) for nth, told in enumerate(begins)
    ]


def _quiet() -> None:
    logging.disable(logging.ERROR)


def _progress(totals: Counter[str], seconds: float) -> str:
    return (
        f"{totals['steps']:>9} steps, {totals['charged']} charges, {totals['unknown']} unknowns "
        f"resolved, {totals['doubles']} doubles, {totals['steps'] / seconds:.0f} steps/s"
    )


def _table(figures: dict[str, float]) -> str:
    return "\n".join(f"{name:<12}{count:>10}" for name, count in figures.items())


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, help="end after so long")
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
