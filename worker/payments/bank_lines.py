"""The booked entries of a statement as rows to record, each known by what it says. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from worker.businesses import BankAccount
from worker.kernel.money import Money
from worker.readers.model import BankDetail, EntryStatus, Statement
from worker.readers.model import BankEntry as Told


@dataclass(frozen=True, slots=True)
class BankLine:
    """An entry with what it is known by, and the rows it becomes."""

    fingerprint: str
    ordinal: int
    amount_minor: int
    booked_on: date | None
    rows: tuple[dict[str, Any], ...]

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by on its account."""
        return self.fingerprint, self.ordinal


def bank_lines(
    statement: Statement, account: BankAccount, counted: Counter[tuple[str, str]]
) -> list[BankLine]:
    """The booked entries, the first first. `counted` tells entries apart that say the same."""
    told = [entry for entry in statement.entries if entry.status is EntryStatus.BOOKED]
    days = [entry.date for entry in told if entry.date]
    if days and days[0] > days[-1]:
        told.reverse()
    lines = []
    for position, entry in enumerate(told):
        amount = Money.of(entry.amount or Decimal(0), account.currency)
        day = entry.date or entry.value_date
        fingerprint = _fingerprint(entry, amount)
        counted[account.key, fingerprint] += 1
        ordinal = counted[account.key, fingerprint]
        about = {
            "fingerprint": fingerprint,
            "ordinal": ordinal,
            "position": position,
            "booked_on": day,
            "reference": entry.reference or None,
            "outcome": None,
        }
        rows = tuple(about | part for part in _parts(entry, amount))
        lines.append(BankLine(fingerprint, ordinal, amount.minor, day, rows))
    return lines


def _parts(entry: Told, amount: Money) -> Iterator[dict[str, Any]]:
    """The payments inside an entry where the bank breaks it down to the cent, else the whole."""
    parts = [Money.of(d.amount, amount.currency) for d in entry.details if d.amount is not None]
    own = {d.currency for d in entry.details} <= {amount.currency, None}
    is_broken_down = len(entry.details) > 1 and len(parts) == len(entry.details) and own
    if is_broken_down and sum(part.minor for part in parts) == amount.minor:
        for nth, (detail, part) in enumerate(zip(entry.details, parts, strict=True), start=1):
            yield _row(entry, (detail,), detail.text) | {"part": nth, "amount_minor": part.minor}
    else:
        yield _row(entry, entry.details, entry.text) | {"part": 0, "amount_minor": amount.minor}


def _row(entry: Told, details: Iterable[BankDetail], text: str) -> dict[str, Any]:
    details = tuple(details)
    only = details[0] if len(details) == 1 else BankDetail()
    structured = [d.creditor_reference for d in details if d.creditor_reference]
    structured += [number for d in details for number in d.invoice_numbers]
    return {
        "said": text or entry.text or "",
        "structured": structured,
        "end_to_end_id": only.end_to_end_id,
        "payer_name": only.counterparty_name,
        "payer_account": "".join((only.counterparty_account or "").split()).upper() or None,
        "is_reversal": entry.is_reversal or any(d.return_reason for d in details),
    }


def _fingerprint(entry: Told, amount: Money) -> str:
    """What the entry is known by in every file: its reference, or all that is said of it."""
    said: tuple[object, ...] = (entry.reference,)
    if not entry.reference:
        details = [
            (d.counterparty_name, d.counterparty_account, d.end_to_end_id) for d in entry.details
        ]
        said = (" ".join(entry.text.split()).casefold(), details)
    day = entry.date or entry.value_date
    facts = (day.isoformat() if day else None, amount.minor, amount.currency, said)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
