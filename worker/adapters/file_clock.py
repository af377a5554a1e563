"""The machine's clock, moved forward by the seconds that a file holds: a demo's days in moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class FileClock:
    """Embedded business time. Every process of one home folder reads the same file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """The instant, aware and in UTC."""
        return datetime.now(UTC) + self.ahead

    @property
    def ahead(self) -> timedelta:
        """How far the clock was moved."""
        try:
            return timedelta(seconds=int(self._file.read_text(encoding="ascii") or "0"))
        except FileNotFoundError:
            return timedelta(0)

    def move(self, by: timedelta) -> None:
        """Move the clock forward; time never goes back."""
        if by < timedelta(0):
            raise ValueError("The clock only moves forward.")
        total = self.ahead + by
        draft = self._file.with_suffix(".new")
        draft.write_text(str(int(total.total_seconds())), encoding="ascii")
        draft.replace(self._file)
