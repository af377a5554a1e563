"""Which items a payer ticked, and how much of each: read strictly, decided by the server alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.kernel.money import Money, NotMoney, digits_of
from worker.web.account import Owed

# Plain digits with at most one mark before the smallest units: "1,000" may be one or a thousand, so
# it is asked about, never guessed.
_AMOUNT = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """Whether parts may be paid, and the least of them."""

    partial: bool
    least: Money


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be paid, by item; or what is wrong, by item, in words of the catalogue.

    `is_stale`: something was ticked of which nothing is to be paid here any more.
    """

    wanted: Mapping[str, Money]
    problems: Mapping[str, str]
    is_stale: bool


def chosen(owed: Sequence[Owed], form: Mapping[str, str], limits: Limits) -> Choice:
    """The items that were ticked, each whole or as typed. Nothing else of the form counts."""
    wanted: dict[str, Money] = {}
    problems: dict[str, str] = {}
    for one in owed:
        if form.get(f"pay.{one.item.id}") != "1":
            continue
        typed = form.get(f"amount.{one.item.id}", "").strip() if limits.partial else ""
        amount = read_amount(typed, one.amount.currency) if typed else one.amount
        problem = _problem(amount, one.amount, limits)
        if problem is not None:
            problems[one.item.id] = problem
        elif amount is not None:
            wanted[one.item.id] = amount
    known = {f"pay.{one.item.id}" for one in owed}
    is_stale = any(name.startswith("pay.") and name not in known for name in form)
    return Choice(wanted, problems, is_stale)


def read_amount(typed: str, currency: str) -> Money | None:
    """An amount as people type it; None where it could be another."""
    match = _AMOUNT.fullmatch(typed)
    if match is None or len(match[2] or "") > digits_of(currency):
        return None
    try:
        return Money.of(Decimal(f"{match[1]}.{match[2] or '0'}"), currency)
    except NotMoney:
        return None


def _problem(amount: Money | None, owed: Money, limits: Limits) -> str | None:
    if amount is None:
        return "unclear"
    if amount > owed:
        return "too_much"
    if not amount.is_positive or (amount < owed and amount < limits.least):
        return "too_little"
    return None
