"""Business time from the database, so that every host has the same (RELIABILITY: invariant 31)."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

MEASURE_EVERY_S = 60.0


class DatabaseClock:
    """The database's time: measured once a minute, carried on by this machine in between."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ahead = timedelta(0)
        self._measured: float | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant, aware and in UTC."""
        with self._lock:
            if self._measured is None or time.monotonic() - self._measured > MEASURE_EVERY_S:
                self._ahead = self.measure()
                self._measured = time.monotonic()
        return datetime.now(UTC) + self._ahead

    def measure(self) -> timedelta:
        """How far the database is ahead of this machine."""
        before = datetime.now(UTC)
        with self._engine.connect() as connection:
            there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = datetime.now(UTC)
        return there.astimezone(UTC) - (before + (after - before) / 2)
