"""Bytes to typed values: e-invoices, mails, tables. Pure: no database, no network, no clock."""

from worker.readers.model import (
    Envelope,
    Examined,
    Invoice,
    Kind,
    Part,
    Reading,
)

__all__ = ["Envelope", "Examined", "Invoice", "Kind", "Part", "Reading"]
