"""The amounts that stand by one reference: what was paid, what taken off, what is to come."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from worker.readers.model import Problem
from worker.readers.remittance_drafts import distinct, reason_in, share


class Role(StrEnum):
    """What an amount is, by the words around it."""

    PLAIN = "plain"
    TOTAL = "total"
    DEDUCTION = "deduction"
    REST = "rest"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount with its role and the words that gave it."""

    value: Decimal
    role: Role
    words: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was paid for one item. A deduction comes on top."""

    amount: Decimal
    deduction: Decimal | None = None
    reason: str | None = None
    is_part: bool = False
    part_of: Decimal | None = None
    problems: tuple[Problem, ...] = ()


def settle(sums: list[Sum], rate: Decimal | None, decimals: int, *, is_part: bool) -> Settled:
    """The amount paid and what was taken off, where arithmetic proves it; else a problem."""
    values = distinct(s.value for s in sums)
    if len(values) == 1:
        return Settled(values[0], is_part=is_part)
    taken_off = [s for s in sums if s.role is Role.DEDUCTION]
    rest = [s for s in sums if s.role is Role.REST]
    plain = distinct(s.value for s in sums if s.role not in (Role.DEDUCTION, Role.REST))
    for settled in (
        _with_deduction(plain, taken_off, rate, decimals),
        _with_rest(plain, rest),
        _with_rate(plain, rate, decimals),
        _with_difference(sums, plain),
    ):
        if settled is not None:
            return settled
    if is_part and len(values) == len(plain) == 2:
        # "500 of the 1,250".
        return Settled(min(plain), is_part=True, part_of=max(plain))
    paid = [s.value for s in sums if s.role in (Role.TOTAL, Role.PLAIN)] or values
    problem = Problem(
        rule="AMOUNTS", text=f"{len(values)} amounts are named and do not explain each other"
    )
    return Settled(paid[0], is_part=is_part, problems=(problem,))


def _with_deduction(
    plain: list[Decimal], taken_off: list[Sum], rate: Decimal | None, decimals: int
) -> Settled | None:
    if not taken_off or not plain:
        return None
    parts = distinct(abs(s.value) for s in taken_off)
    whole = sum(parts, Decimal(0))
    reason = reason_in(" ".join(s.words for s in taken_off), rate)
    if len(plain) == 1:
        [value] = plain
        # Alone it may be the net or the gross amount: its rate says which, else the net is meant,
        # and the open item must bear it out.
        if len(parts) == 1 and rate is not None and share(value, rate, decimals) == whole:
            return Settled(value - whole, whole, reason)
        return Settled(value, whole, reason)
    if len(plain) == 2 and max(plain) - whole == min(plain):
        return Settled(min(plain), whole, reason)
    return None


def _with_rest(plain: list[Decimal], rest: list[Sum]) -> Settled | None:
    """Part of it now and the rest later."""
    if len(distinct(s.value for s in rest)) != 1:
        return None
    to_come = rest[0].value
    if len(plain) == 1:
        return Settled(plain[0], is_part=True, part_of=plain[0] + to_come)
    if len(plain) == 2 and max(plain) - to_come == min(plain):
        return Settled(min(plain), is_part=True, part_of=max(plain))
    return None


def _with_rate(plain: list[Decimal], rate: Decimal | None, decimals: int) -> Settled | None:
    """Two amounts of which one is the other less a stated rate."""
    if rate is None or len(plain) not in (2, 3):
        return None
    gross = max(plain)
    part = share(gross, rate, decimals)
    expected = {part, gross - part}
    if set(plain) - {gross} <= expected:
        return Settled(gross - part, part, f"deduction {rate.normalize():f} %")
    return None


def _with_difference(sums: list[Sum], plain: list[Decimal]) -> Settled | None:
    """Three amounts of which one is the difference of the others, with a reason in words."""
    words = " ".join(s.words for s in sums)
    if len(plain) == 3:
        high, middle, low = sorted(plain, reverse=True)
        if high == middle + low:
            return Settled(middle, low, reason_in(words))
    asked = [s.value for s in sums if s.role is Role.ASKED]
    if len(plain) == 2 and len(asked) == 1 and max(plain) == asked[0]:
        reason = reason_in(words)
        if reason is not None:
            return Settled(min(plain), max(plain) - min(plain), reason)
    return None
