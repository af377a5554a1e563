"""X12 820, payment order and remittance advice: what was paid, with which payment, for what.

`RMR` names a document with what is paid of it, what it came to, and the discount taken; the `ADX`
below it are adjustments with a coded reason, already taken off what is paid. An `ADX` that stands
before any document is an amount of its own. In version 3010 `RMT` is what `RMR` became.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from worker.readers.dates import NotADay, edifact_day
from worker.readers.model import Problem, Remittance, RemittanceLine
from worker.readers.statements import checked_remittance, money
from worker.readers.x12_segments import Segment, TransactionSet

_REASONS: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("x12_reasons.toml").read_text("utf-8")
)["adjustments"]
# Qualifiers of a seller's documents (element 128); others name orders, policies or persons.
_DOCUMENTS = frozenset({"IV", "IK", "OI", "IN", "CM", "CN", "DL", "R7", "SI"})
_METHODS = {
    "ACH": "bank_transfer", "ACI": "bank_transfer", "BKW": "bank_transfer", "BOP": "bank_transfer",
    "FEW": "bank_transfer", "FWT": "bank_transfer", "SWT": "bank_transfer", "DFT": "bank_transfer",
    "CHK": "cheque", "PBC": "cheque", "CCC": "card", "CDA": "card", "DCR": "direct_debit",
}  # fmt: skip
_US_BANK = "01"


@dataclass(slots=True)
class _Item:
    """One document while its segments pass by."""

    qualifier: str
    number: str
    paid: Decimal | None
    total: Decimal | None
    deductions: list[tuple[Decimal, str]] = field(default_factory=list)

    def line(self) -> RemittanceLine:
        """What is paid of the document, and what was taken off."""
        taken = sum((amount for amount, _ in self.deductions), Decimal(0))
        reasons = dict.fromkeys(reason for _, reason in self.deductions)
        return RemittanceLine(
            as_written=self.number or None,
            invoice_number=self.number or None if self.qualifier in _DOCUMENTS else None,
            amount=self.paid,
            deduction=taken or None,
            deduction_reason=", ".join(reasons) or None,
        )


def remittances(sets: Iterable[TransactionSet]) -> list[Remittance]:
    """One remittance for each 820; other transaction sets are not our matter."""
    return [_remittance(each.segments) for each in sets if each.kind == "820"]


def lines(segments: Iterable[Segment], currency: str | None) -> tuple[RemittanceLine, ...]:
    """The documents that the segments name, whatever surrounds them."""
    items: list[_Item] = []
    is_open = False
    for segment in segments:
        if segment.tag == "ENT":
            is_open = False
        elif segment.tag in ("RMR", "RMT"):
            items.append(_item(segment, currency))
            is_open = True
        elif segment.tag == "ADX":
            amount = _money(segment.get(1), currency)
            if amount is None:
                continue
            reason = _REASONS.get(segment.get(2), f"reason {segment.get(2)[:10]}")
            if is_open:
                items[-1].deductions.append((-amount, reason))
            else:
                items.append(_Item("ADX", segment.get(4) or reason, amount, None))
    # In 3010 the articles of an invoice follow it in segments of the same name.
    if any(item.qualifier == "IV" for item in items):
        items = [item for item in items if item.qualifier != "IX"]
    return tuple(item.line() for item in items)


def _item(segment: Segment, currency: str | None) -> _Item:
    if segment.tag == "RMT":
        paid = (
            _money(segment.get(4), currency) if segment.get(4) else _money(segment.get(3), currency)
        )
        return _Item(segment.get(1), segment.get(2), paid, _money(segment.get(3), currency))
    paid, total = _money(segment.get(4), currency), _money(segment.get(5), currency)
    item = _Item(segment.get(1), segment.get(2), paid if paid is not None else total, total)
    discount = _money(segment.get(6), currency)
    if discount:
        item.deductions.append((discount, "discount"))
    return item


def _remittance(segments: tuple[Segment, ...]) -> Remittance:
    head = _first(segments, "BPR") or _first(segments, "BPS") or Segment("BPR", ())
    is_old = head.tag == "BPS"
    currency = _currency(segments, head)
    method = _METHODS.get(head.get(1) if is_old else head.get(4))
    trace = _first(segments, "TRN")
    return checked_remittance(
        Remittance(
            paid_on=_day(head.get(16)) or _paid_on(segments),
            currency=currency,
            total=_money(head.get(2), currency),
            method="direct_debit" if head.get(3) == "D" and not is_old else method,
            payer_reference=(trace.get(2) if trace else head.get(11) if is_old else "") or None,
            lines=lines(segments, currency),
            payer_name=_name(segments, "PR", "RM", "BY"),
            payee_name=_name(segments, "PE", "SU"),
            problems=_problems(segments, head),
        )
    )


def _problems(segments: tuple[Segment, ...], head: Segment) -> tuple[Problem, ...]:
    found = []
    if _money(head.get(2), None) is None:
        found.append(Problem(rule="TOTAL", text="the payment states no total that can be read"))
    lost = sum(
        segment.tag == "ADX" and _money(segment.get(1), None) is None for segment in segments
    )
    if lost:
        found.append(Problem(rule="AMOUNT", text=f"{lost} adjustments have no amount"))
    return tuple(found)


def _first(segments: tuple[Segment, ...], tag: str) -> Segment | None:
    return next((segment for segment in segments if segment.tag == tag), None)


def _currency(segments: tuple[Segment, ...], head: Segment) -> str | None:
    """The currency that CUR names; a payment between two American banks is in dollars."""
    named = _first(segments, "CUR")
    if named is not None and named.get(2):
        return named.get(2)
    return "USD" if head.get(6) == _US_BANK or head.get(12) == _US_BANK else None


def _paid_on(segments: tuple[Segment, ...]) -> dt.date | None:
    """The day in a DTM at the head: 097 transaction, 234 settlement, 009 process."""
    for segment in segments:
        if segment.tag in ("ENT", "RMR", "RMT", "LS"):
            return None
        if segment.tag == "DTM" and segment.get(1) in ("097", "234", "009"):
            return _day(segment.get(2))
    return None


def _name(segments: tuple[Segment, ...], *roles: str) -> str | None:
    for role in roles:
        for segment in segments:
            if segment.tag == "N1" and segment.get(1) == role and segment.get(2):
                return segment.get(2)
    return None


def _day(text: str) -> dt.date | None:
    # Before version 4010 years have two digits.
    whole = f"20{text}" if len(text) == 6 else text
    try:
        return edifact_day(whole, "102")
    except NotADay:
        return None


def _money(text: str, currency: str | None) -> Decimal | None:
    return money(text, currency) if text else None
