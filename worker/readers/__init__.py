"""Bytes to typed values: e-invoices, mails, tables. Pure: no database, no network, no clock.

The parsers are imported when something is read, which is in a reader child: whoever only handles
what they found (every command, web, worker) starts without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.readers.hints import NO_HINTS, Hints
from worker.readers.instructions import Instructions, instructions
from worker.readers.model import (
    Envelope,
    Examined,
    Invoice,
    Kind,
    Part,
    Problem,
    Reading,
)

if TYPE_CHECKING:
    from worker.readers.examining import examine, take_apart

__all__ = [
    "NO_HINTS",
    "Envelope",
    "Examined",
    "Hints",
    "Instructions",
    "Invoice",
    "Kind",
    "Part",
    "Problem",
    "Reading",
    "examine",
    "instructions",
    "take_apart",
]


def __getattr__(name: str) -> object:
    if name in ("examine", "take_apart"):
        from worker.readers import examining

        return getattr(examining, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
