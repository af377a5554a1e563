"""The machine's clock, moved forward by the seconds that a file holds: a demo's days in moments."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


class FileClock:
    """Embedded business time. Every process of one home folder reads the same file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[tuple[int, int], timedelta] | None = None

    def now(self) -> datetime:
        """The instant, aware and in UTC."""
        return datetime.now(UTC) + self.ahead

    @property
    def ahead(self) -> timedelta:
        """How far the clock was moved."""
        try:
            found = os.stat(self._file)
        except FileNotFoundError:
            return timedelta(0)
        # Every move makes another file, so one that is known need not be read again.
        known = (found.st_ino, found.st_mtime_ns)
        if self._read is None or self._read[0] != known:
            self._read = known, timedelta(seconds=int(self._file.read_text("ascii") or "0"))
        return self._read[1]

    def move(self, by: timedelta) -> None:
        """Move the clock forward; time never goes back."""
        if by < timedelta(0):
            raise ValueError("The clock only moves forward.")
        total = self.ahead + by
        draft = self._file.with_suffix(".new")
        draft.write_text(str(int(total.total_seconds())), encoding="ascii")
        draft.replace(self._file)
