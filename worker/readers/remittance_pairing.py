"""Several references and several amounts: which belongs to which, proved by the sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.readers.model import Problem
from worker.readers.remittance_drafts import DraftLine, distinct, reason_in, share
from worker.readers.remittance_settling import Role, Sum, settle


@dataclass(frozen=True, slots=True)
class Group:
    """A reference with the amounts that stand by it, the nearest first."""

    reference: str
    sums: tuple[Sum, ...]
    is_credit: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the whole text says of its amounts."""

    words: str
    rate: Decimal | None
    decimals: int
    is_part: bool


@dataclass(frozen=True, slots=True)
class Paired:
    """Lines with the sum stated for them; None where no sum is."""

    lines: tuple[DraftLine, ...]
    total: Decimal | None = None
    problems: tuple[Problem, ...] = ()


def paired(groups: Sequence[Group], loose: Sequence[Sum], edge: int, said: Said) -> Paired | None:
    """Each reference with its amount; None where one has none.

    `loose` amounts stand by no reference; by the group at `edge` may also stand what is said of all
    of them: the sum, or a deduction.
    """
    totals = [s for s in loose if s.role in (Role.TOTAL, Role.PLAIN)]
    over_all: list[Sum] = []
    lines: list[DraftLine] = []
    problems: list[Problem] = []
    for place, group in enumerate(groups):
        own = list(group.sums)
        if place == edge and len(own) > 1:
            own, of_all, over_all = _shared(own)
            totals += of_all
        if not own:
            return None
        if place == edge and (ending := _ending(groups, own, edge)):
            totals.append(ending)
            own = own[:1]
        settled = settle(own, said.rate, said.decimals, is_part=said.is_part)
        problems += settled.problems
        amount = -settled.amount if group.is_credit and settled.amount > 0 else settled.amount
        reason = None
        if settled.deduction is not None:
            reason = settled.reason or reason_in(said.words, said.rate)
        lines.append(DraftLine(group.reference, amount, settled.deduction, reason))
    return _closed(lines, totals, over_all, problems, said)


def _shared(own: list[Sum]) -> tuple[list[Sum], list[Sum], list[Sum]]:
    """The group's own amounts, the sums of all, and the deductions from all."""
    of_all = [s for s in own if s.role is Role.TOTAL]
    if len(of_all) == len(own):
        of_all = of_all[1:]
    rest = [s for s in own if s not in of_all]
    plain = [s for s in rest if s.role is not Role.DEDUCTION]
    taken_off = [s for s in rest if s.role is Role.DEDUCTION]
    if len(plain) == 1 and taken_off:
        return plain, of_all, taken_off
    return rest, of_all, []


def _ending(groups: Sequence[Group], own: list[Sum], edge: int) -> Sum | None:
    """A last amount without a word for it that is just what all the first ones make."""
    if len(distinct(s.value for s in own)) < 2:
        return None
    whole = Decimal(0)
    for place, group in enumerate(groups):
        first = own[0] if place == edge else next(iter(group.sums), None)
        if first is None:
            return None
        whole += -first.value if group.is_credit and first.value > 0 else first.value
    return own[-1] if own[-1].value == whole else None


def _closed(
    lines: list[DraftLine],
    totals: list[Sum],
    over_all: list[Sum],
    problems: list[Problem],
    said: Said,
) -> Paired:
    """The lines with their total; a deduction from all of them is spread where it fits."""
    if over_all:
        lines = _spread(lines, over_all, said) or lines
    whole = sum((line.amount for line in lines if line.amount is not None), Decimal(0))
    stated = distinct(s.value for s in totals)
    if not stated:
        return Paired(tuple(lines), None, tuple(problems))
    if len(stated) > 1 and whole not in stated:
        problems.append(Problem(rule="AMOUNTS", text="several sums are stated"))
    total = whole if whole in stated else stated[-1]
    return Paired(tuple(lines), total, tuple(problems))


def _spread(lines: list[DraftLine], over_all: list[Sum], said: Said) -> list[DraftLine] | None:
    """A deduction from the sum, shared by its rate; None unless the shares are exact."""
    if said.rate is None:
        return None
    shares = [share(line.amount or Decimal(0), said.rate, said.decimals) for line in lines]
    if sum(shares, Decimal(0)) != sum((s.value for s in over_all), Decimal(0)):
        return None
    reason = reason_in(" ".join(s.words for s in over_all), said.rate)
    return [
        replace(line, amount=(line.amount or Decimal(0)) - part, deduction=part, reason=reason)
        for line, part in zip(lines, shares, strict=True)
    ]
