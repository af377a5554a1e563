"""Bytes to typed values: e-invoices, mails, tables. Pure: no database, no network, no clock."""

from worker.readers.examining import examine, parts
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

__all__ = [
    "Envelope",
    "Examined",
    "Instructions",
    "Invoice",
    "Kind",
    "Part",
    "Problem",
    "Reading",
    "examine",
    "instructions",
    "parts",
]
