"""A file of credit requests: columns customer, amount, currency, due_on, contract, title, pay_by.

Every line is read, and what is wrong with it is said with its number: nothing is guessed, and a
line that cannot be read never becomes another amount.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from worker.kernel.errors import Refused
from worker.kernel.money import Money, NotMoney

COLUMNS = ("customer", "amount", "currency", "due_on", "contract", "title", "pay_by")
_NEEDED = ("customer", "amount")
LINES_MAX = 10_000
_PAY_BY = {"": True, "card": True, "link": False}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read. With `problem` it cannot be used, and the rest means nothing."""

    number: int
    customer: str
    amount: Money | None = None
    due_on: date | None = None
    contract: str | None = None
    title: str | None = None
    by_card: bool = True
    problem: str | None = None


def read_list(text: str, *, currency: str) -> list[Line]:
    """Every line of a file; `currency` is that of lines which name none.

    Raises Refused when the file as a whole cannot be used.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        names = rows.fieldnames or ()
        _check_names(names)
        lines: list[Line] = []
        for row in rows:
            if len(lines) == LINES_MAX:
                raise Refused(f"The file has more than {LINES_MAX} lines: split it.")
            lines.append(_line(rows.line_num, row, currency))
    except csv.Error as e:
        raise Refused(f"Line {rows.line_num} is no CSV: {e}.") from e
    if not lines:
        raise Refused("The file has no lines below its first: there is nobody to ask.")
    return lines


def _check_names(names: Sequence[str]) -> None:
    wrong = [f"has no column {name}" for name in _NEEDED if name not in names]
    wrong += [f"names {name!r}" for name in names if name not in COLUMNS]
    wrong += [f"names {name} twice" for name in COLUMNS if names.count(name) > 1]
    if wrong:
        raise Refused(
            f"The file {wrong[0]}. Its first line names the columns, with commas between them: "
            f"{', '.join(COLUMNS)}."
        )


def _line(number: int, row: Mapping[str | None, Any], currency: str) -> Line:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    line = Line(number, cells["customer"])
    try:
        if None in row:
            # Most likely an amount with a comma in it: without its end it would be another one.
            raise Refused(
                "It has more cells than the first line names. An amount is written like 1000.00, "
                "and a text with a comma in quotes."
            )
        return Line(
            number=number,
            customer=_customer(cells["customer"]),
            amount=_amount(cells["amount"], cells["currency"].upper() or currency),
            due_on=_day(cells["due_on"]),
            contract=cells["contract"] or None,
            title=cells["title"] or None,
            by_card=_by_card(cells["pay_by"]),
        )
    except Refused as e:
        return Line(number, line.customer, problem=str(e))


def _customer(text: str) -> str:
    if not text:
        raise Refused("It names no customer.")
    return text


def _amount(text: str, currency: str) -> Money:
    try:
        amount = Money.parse(text, currency)
    except NotMoney as e:
        raise Refused(str(e)) from e
    if not amount.is_positive:
        raise Refused(f"{amount} cannot be asked for: an amount is more than nothing.")
    return amount


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as e:
        raise Refused(f"{text!r} is not a day: write it like 2026-11-22.") from e


def _by_card(text: str) -> bool:
    if text.lower() not in _PAY_BY:
        raise Refused(f"pay_by is card or link, not {text!r}.")
    return _PAY_BY[text.lower()]
