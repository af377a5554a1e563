"""What the desk works with: a payer's items, the seller's terms, and a match with its reasons."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from worker.kernel.money import Money


class Decision(StrEnum):
    """Apply as it is, ask a person, or do nothing because nothing was paid."""

    APPLY = "apply"
    REVIEW = "review"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice or credit note of one payer; a credit note is negative. Settled ones count, too:
    a payer who names one has paid twice or is late with the news.
    """

    number: str
    open: Money
    issued_on: dt.date | None = None
    due_on: dt.date | None = None
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What a payer may take off without being asked: the seller's rule, as rates of the amount."""

    discount_rate: Decimal = Decimal("0.02")
    discount_days: int = 10
    fee_rate: Decimal = Decimal("0.03")


@dataclass(frozen=True, slots=True)
class Line:
    """Cash for one item, a deduction on top, and why it is this one; `rivals` it may be instead."""

    item: Item
    amount: Money
    deduction: Money | None = None
    deduction_reason: str | None = None
    reasons: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """What should be done with one payment, and why; doubts keep it from being applied."""

    decision: Decision
    why: str
    lines: tuple[Line, ...] = ()
    total: Money | None = None
    unapplied: Money | None = None
    doubts: tuple[str, ...] = ()
