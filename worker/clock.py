"""The clock process: ticks the sweeps of `config/timetable.toml`; it knows no business.

A tick only asks the queue to run a sweep. Two clocks do no harm: a sweep selects what is due, and
what was done is not due any more. A tick that is lost comes again.
"""

from __future__ import annotations

import logging
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from worker.kernel.errors import TransientError
from worker.settings import SettingsError

log = logging.getLogger(__name__)


def timetable(file: Path, known: frozenset[str]) -> dict[str, float]:
    """Seconds between two ticks, by sweep. Raises SettingsError for a sweep that nobody knows."""
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8"))["every_s"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as e:
        raise SettingsError(f"{file.name} cannot be used: it needs a table [every_s]. {e}") from e
    unknown = sorted(set(rows) - known)
    if unknown:
        raise SettingsError(
            f"{file.name}: there is no sweep {unknown[0]}. Known: {', '.join(sorted(known))}."
        )
    return {name: float(seconds) for name, seconds in rows.items()}


def tick_forever(
    every_s: Mapping[str, float], tick: Callable[[str], None], stopping: threading.Event
) -> None:
    """Tick each sweep at its pace until told to stop; each is ticked once at the start."""
    due = dict.fromkeys(every_s, time.monotonic())
    while not stopping.is_set():
        for name in [name for name, at in due.items() if at <= time.monotonic()]:
            due[name] = time.monotonic() + every_s[name]
            try:
                tick(name)
            except TransientError as e:
                log.warning("Tick %s is lost and comes again: %s", name, e)
        stopping.wait(max(0.05, min(due.values()) - time.monotonic()) if due else 1.0)
