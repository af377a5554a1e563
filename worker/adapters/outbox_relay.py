"""The relay: sends again what nobody holds. Runs in every worker; they share the rows.

The nudge after a commit makes a job start at once; this loop makes sure that it starts at all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from worker.kernel.errors import TransientError
from worker.store.outbox import Slip

log = logging.getLogger(__name__)

BATCH = 200
IDLE_S = 1.0
AWAY_S = 2.0


class Relay:
    """A thread that claims due jobs and pushes them. `claim` commits before it gives them out."""

    def __init__(
        self, claim: Callable[[int], Sequence[Slip]], push: Callable[[Sequence[Slip]], None]
    ) -> None:
        self._claim = claim
        self._push = push
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self._round())

    def _round(self) -> float:
        try:
            slips = self._claim(BATCH)
            self._push(slips)
        except (TransientError, SQLAlchemyError) as e:
            # The rows are leased and come round again; nothing is lost but time.
            log.warning("The relay rests: %s", type(e).__name__)
            return AWAY_S
        return 0.0 if len(slips) == BATCH else IDLE_S
