"""A file of credit requests: columns customer, amount, currency, due_on, contract, title, pay_by.

Every line is read, and what is wrong with it is said with its number: nothing is guessed, and a
line that cannot be read never becomes another amount.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

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
        missing = [name for name in _NEEDED if name not in names]
        unknown = [name for name in names if name not in COLUMNS]
        if missing or unknown:
            raise Refused(
                f"The file {f'has no column {missing[0]}' if missing else f'names {unknown[0]!r}'}."
                f" Its first line names the columns: {', '.join(COLUMNS)}."
            )
        lines: list[Line] = []
        for row in rows:
            if len(lines) == LINES_MAX:
                raise Refused(f"The file has more than {LINES_MAX} lines: split it.")
            lines.append(_line(rows.line_num, row, currency))
    except csv.Error as e:
        raise Refused(f"Line {rows.line_num} is no CSV: {e}.") from e
    return _twice(lines)


def _line(number: int, row: dict[str, str | None], currency: str) -> Line:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    line = Line(number, cells["customer"])
    try:
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


def _twice(lines: list[Line]) -> list[Line]:
    """A line that says the same as an earlier one is most likely a slip: it is not asked twice."""
    seen: dict[tuple[object, ...], int] = {}
    found = []
    for line in lines:
        about = (line.customer, line.amount, line.due_on, line.contract, line.title)
        first = seen.setdefault(about, line.number)
        if line.problem is not None or first == line.number:
            found.append(line)
        else:
            why = f"It says the same as line {first}: if both are meant, give each its own title."
            found.append(Line(line.number, line.customer, problem=why))
    return found


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
