"""A remittance being read: lines and sums as one source states them, before they are believed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from worker.readers.amounts import with_currency_digits
from worker.readers.model import Problem, Remittance, RemittanceLine
from worker.readers.remittance_words import says

_REASONS = (
    ("withholding", "withholding tax"),
    ("discount", "early-payment discount"),
    ("returned", "returned goods"),
    ("price", "price dispute"),
    ("bank_fee", "bank fee"),
)
_METHODS = ("direct_debit", "card", "cheque", "cash", "bank_transfer")


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One item as the payer names it, and the cash for it; a deduction comes on top."""

    as_written: str | None
    amount: Decimal | None
    deduction: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What one source says of one payment. `is_total_stated` where the sum is not ours."""

    lines: tuple[DraftLine, ...] = ()
    total: Decimal | None = None
    is_total_stated: bool = False
    currency: str | None = None
    paid_on: dt.date | None = None
    method: str | None = None
    payer_reference: str | None = None
    on_account: Decimal | None = None
    is_part: bool = False
    part_of: Decimal | None = None
    rate: Decimal | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def has_every_amount(self) -> bool:
        return bool(self.lines) and all(line.amount is not None for line in self.lines)

    def remittance(self) -> Remittance:
        """The contract's form of it."""
        return Remittance(
            paid_on=self.paid_on,
            currency=self.currency,
            total=self._money(self.total),
            method=self.method,
            payer_reference=self.payer_reference,
            lines=tuple(
                RemittanceLine(
                    as_written=line.as_written,
                    amount=self._money(line.amount),
                    deduction=self._money(line.deduction),
                    deduction_reason=line.reason,
                )
                for line in self.lines
            ),
            on_account=self._money(self.on_account),
            problems=self.problems,
        )

    def _money(self, amount: Decimal | None) -> Decimal | None:
        return None if amount is None else with_currency_digits(amount, self.currency)


@dataclass(slots=True)
class Doubts:
    """Problems collected while reading."""

    found: list[Problem] = field(default_factory=list)

    def add(self, rule: str, text: str) -> None:
        """Say what a person must look at."""
        self.found.append(Problem(rule=rule, text=text))


def checked(draft: Draft) -> Draft:
    """The draft with its sum: ours where none is stated, a problem where they differ."""
    amounts = [line.amount for line in draft.lines]
    if not amounts or any(amount is None for amount in amounts):
        return draft
    whole = sum((amount for amount in amounts if amount is not None), Decimal(0))
    whole += draft.on_account or Decimal(0)
    if draft.total is None:
        return replace(draft, total=whole)
    if whole == draft.total:
        return draft
    text = f"the lines make {whole:f}, the payer says {draft.total:f}"
    return replace(draft, problems=(*draft.problems, Problem(rule="SUM", text=text)))


def reason_in(words: str, rate: Decimal | None = None) -> str | None:
    """Why something was taken off, from the folded words around it."""
    for name, reason in _REASONS:
        if says(name, words):
            return (
                f"{reason} {rate.normalize():f} %"
                if rate is not None and name != "price"
                else reason
            )
    return None


def method_in(words: str) -> str | None:
    """How it was paid, from folded words."""
    return next((name for name in _METHODS if says(name, words)), None)


def share(amount: Decimal, rate: Decimal, decimals: int) -> Decimal:
    """So many per cent of the amount, rounded as merchants do."""
    exact = amount * rate / 100
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def squeezed(written: str | None) -> str:
    """Letters and digits alone, to see that two writings are of one number."""
    return re.sub(r"[\W_]", "", written or "").upper()


def distinct(values: Iterable[Decimal]) -> list[Decimal]:
    """The values once each, in their order."""
    return list(dict.fromkeys(values))
