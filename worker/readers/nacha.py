"""NACHA (ACH) files: payments in records of 94 characters, with what they are for in addenda.

In CTX the addenda of a payment together are an X12 820; in CCD+ one addendum is one segment of it.
A return names in its addendum why the payment came back: it pays nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from worker.readers import x12_820, x12_segments
from worker.readers.dates import NotADay, edifact_day
from worker.readers.model import Problem, Remittance, RemittanceLine
from worker.readers.statements import checked_remittance
from worker.readers.x12_segments import NotX12

RECORD = 94
MAX_SIZE_BYTES = 32 * 1024 * 1024
MAX_ENTRIES = 20_000
MAX_RECORDS = 300_000
_START = re.compile(rb"101[ \d][\d ]{9}[ \d][\d ]{9}\d{6}[\d ]{4}[A-Z0-9 ]094101", re.ASCII)
# The last digit of a transaction code: 6 to 9 takes money from the other side's account.
_DEBITS = frozenset("6789")
_COUNTED = frozenset({"CTX", "ATX", "ENR", "TRX"})


class NotNacha(ValueError):
    """The bytes are no ACH file that we read; the message says why in words for a person."""


def is_nacha(data: bytes) -> bool:
    """Whether the bytes begin with a file header."""
    return _START.match(data.removeprefix(b"\xef\xbb\xbf").lstrip()[:RECORD]) is not None


def read(data: bytes) -> list[Remittance]:
    """One remittance for each payment in the file, in its order."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotNacha(f"it is larger than {MAX_SIZE_BYTES >> 20} MiB")
    batch = ""
    entries: list[_Entry] = []
    for record in _records(data.decode("latin-1").strip("\ufeff\r\n ")):
        if record[0] == "5":
            batch = record
        elif record[0] == "6":
            entries.append(_Entry(batch, record))
        elif record[0] == "7" and entries:
            entries[-1].addenda.append(record)
        if len(entries) > MAX_ENTRIES:
            raise NotNacha(f"it has more than {MAX_ENTRIES} payments")
    return [checked_remittance(entry.remittance()) for entry in entries]


def _records(text: str) -> Iterator[str]:
    """Records padded to their length; the fill of nines at the end is none."""
    if len(text) > RECORD * MAX_RECORDS or text.count("\n") > MAX_RECORDS:
        raise NotNacha(f"it has more than {MAX_RECORDS} records")
    lines = text.splitlines()
    if len(lines) == 1:
        lines = [text[i : i + RECORD] for i in range(0, len(text), RECORD)]
    for line in lines:
        if line.strip() and not line.startswith("99999999999"):
            yield line.ljust(RECORD)


@dataclass(slots=True)
class _Entry:
    """One payment with its batch and its addenda."""

    batch: str
    record: str
    addenda: list[str] = field(default_factory=list)

    def remittance(self) -> Remittance:
        """What the payment says."""
        amount = _amount(self.record[29:39])
        is_debit = self.record[2] in _DEBITS
        company, other = self._company(), self._name()
        problems = [] if amount is not None else [Problem(rule="TOTAL", text="it has no amount")]
        return Remittance(
            paid_on=_day(self.batch[69:75]),
            currency=self._currency(),
            total=amount,
            method="direct_debit" if is_debit else "bank_transfer",
            payer_reference=self._reference(),
            lines=self._lines(amount),
            payer_name=other if is_debit else company,
            payee_name=company if is_debit else other,
            problems=(*problems, *self._returned()),
        )

    @property
    def _class(self) -> str:
        return self.batch[50:53]

    def _currency(self) -> str | None:
        # International payments name the currency of their destination; all others are dollars.
        return self.batch[66:69].strip() or None if self._class == "IAT" else "USD"

    def _company(self) -> str | None:
        if self._class == "IAT":
            return self._addendum("711", 3, 38)
        return self.batch[4:20].strip() or None

    def _addendum(self, kind: str, start: int, end: int) -> str | None:
        found = next((each for each in self.addenda if each.startswith(kind)), "")
        return found[start:end].strip() or None

    def _name(self) -> str | None:
        if self._class == "IAT":
            return self._addendum("710", 46, 81)
        # Where addenda are counted, the count stands before the name.
        return self.record[58 if self._class in _COUNTED else 54 : 76].strip() or None

    def _reference(self) -> str | None:
        own = "" if self._class == "IAT" else self.record[39:54].strip()
        return own or self.record[79:94].strip() or None

    def _returned(self) -> Iterator[Problem]:
        for each in self.addenda:
            if each.startswith("799"):
                yield Problem(rule="RETURNED", text=f"the payment came back ({each[3:6]})")

    def _lines(self, amount: Decimal | None) -> tuple[RemittanceLine, ...]:
        said = [each[3:83] for each in self.addenda if each.startswith("705")]
        text = "".join(said).strip()
        if re.search(r"(?:^|[\\~])\s*(?:RMR|ADX)\*", text):
            try:
                return x12_820.lines(x12_segments.segments(text), self._currency())
            except NotX12:
                return ()
        if len(said) == 1 and "*" not in text:
            return (RemittanceLine(as_written=text, amount=amount),)
        return ()


def _amount(text: str) -> Decimal | None:
    digits = text.strip()
    return Decimal(int(digits)).scaleb(-2) if re.fullmatch(r"\d{1,10}", digits, re.ASCII) else None


def _day(text: str) -> dt.date | None:
    try:
        return edifact_day(f"20{text}", "102")
    except NotADay:
        return None
