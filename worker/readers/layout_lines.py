"""The lines of an invoice in a layout: a table whose head says what its columns are.

What a row's figures mean is settled by arithmetic: quantity times price is the amount. The lines
are taken only where their amounts add up to a total of the document; else none is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from pathlib import Path

from worker.readers import written_amounts
from worker.readers.invoice_words import folded
from worker.readers.layout_labels import Label, label_in
from worker.readers.layout_totals import Totals
from worker.readers.model import Line
from worker.readers.page_layout import Cell, Layout, Row

_MAX_LINES = 500
_CENT = Decimal("0.01")
_TOTALS = frozenset({"payable", "grand", "net", "tax", "prepaid"})
_NO_LINES = _TOTALS | {"no_total"}
_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,2})?) ?%")
_UNIT = re.compile(r"^[-+]?[\d.,' ]+\s?([^\W\d]{1,8})\.?$")


@dataclass(frozen=True, slots=True)
class Columns:
    """The head of a table: where each column stands, by what it holds."""

    cells: dict[str, Cell]

    def has(self, row: Row) -> bool:
        """Whether the row is of the head itself."""
        return any(head is cell for head in self.cells.values() for cell in row.cells)

    def holds(self, role: str, cell: Cell) -> bool:
        """Whether the cell stands in that column: under its head, or flush with an edge of it."""
        head = self.cells.get(role)
        if head is None:
            return False
        overlap = min(head.right, cell.right) - max(head.left, cell.left)
        is_flush = abs(head.right - cell.right) < 4 or abs(head.left - cell.left) < 4
        return overlap > 0 or is_flush


@dataclass(slots=True)
class _Draft:
    """A line while its rows are read."""

    name: str
    amount: Decimal
    quantity: Decimal | None = None
    price: Decimal | None = None
    rate: Decimal | None = None
    unit: str | None = None
    position: str | None = None
    last: Cell | None = None
    more: list[str] = field(default_factory=list)

    def line(self) -> Line:
        """The line as the contract has it."""
        return Line(
            position=self.position,
            name=self.name[:300],
            description=" ".join(self.more)[:600] or None,
            quantity=self.quantity,
            unit=self.unit,
            unit_price=self.price,
            tax_rate=self.rate,
            net_amount=self.amount,
        )


def read(layout: Layout, totals: Totals, mark: str) -> tuple[Line, ...]:
    """The lines, where their amounts add up to a total of the document, before tax or with it."""
    wanted = [abs(total) for total in (totals.net, totals.grand) if total]
    subtotals = [abs(total) for total in totals.subtotals if total]
    for drafts in (list(_in_table(layout, mark)), list(_by_product(layout, mark))):
        found = abs(sum((draft.amount for draft in drafts), Decimal(0)))
        slack = _CENT * max(2, len(drafts))
        # A single amount in the table would be its own sum.
        sums = wanted + (subtotals if len(drafts) > 1 else [])
        if drafts and any(abs(found - total) <= slack for total in sums):
            return tuple(draft.line() for draft in drafts)
    return ()


def _in_table(layout: Layout, mark: str) -> Iterator[_Draft]:
    """The lines under a head that says what the columns are."""
    columns: Columns | None = None
    current: _Draft | None = None
    count, total = 0, Decimal(0)
    for index, row in enumerate(layout.rows):
        columns = _head(layout, index) or columns
        if columns is None or columns.has(row) or count >= _MAX_LINES:
            continue
        if len(row.cells) > 3 and current is not None and not any(map(str.isdigit, row.text)):
            # The head of another table: of taxes, or of dates to pay.
            columns = None
            continue
        label = label_in(row.cells[0].text)
        if label is not None and _is_alone(label) and _NO_LINES.intersection(label.roles):
            if current is not None and _TOTALS.intersection(label.roles) and _figures(row, mark):
                # The totals begin: what follows is no line, until another head comes.
                columns = None
            continue
        draft = _draft(row, columns, mark)
        if draft is not None and draft.price is None and draft.amount == total and count > 1:
            # The sum so far, carried to the next page.
            continue
        if draft is not None:
            yield from [current] if current is not None else []
            current, count, total = draft, count + 1, total + draft.amount
        elif current is not None:
            _go_on(current, row, columns)
    yield from [current] if current is not None else []


def _by_product(layout: Layout, mark: str) -> Iterator[_Draft]:
    """Rows with a name and three figures of which one is the product of the others."""
    for index, row in enumerate(layout.rows[:2000]):
        name = max(
            (cell for cell in row.cells if sum(map(str.isalpha, cell.text)) >= 3),
            key=lambda cell: len(cell.text),
            default=None,
        )
        figures = [figure for figure in _figures(row, mark) if figure[1] is not name]
        below = layout.rows[index + 1] if index + 1 < len(layout.rows) else None
        if below is not None and not any(map(str.isalpha, below.text)):
            # Amounts are often set a little lower than what they belong to.
            near = below.page == row.page and below.top - row.top < 14
            figures += _figures(below, mark) if near else []
        if name is None or not 3 <= len(figures) <= 12:
            continue
        amount = max(figures, key=lambda figure: figure[1].left)
        others = [figure for figure in figures if figure is not amount]
        quantity, price = _factors(others, amount[0], Columns({}), _rates(row))
        if price is not None and quantity is not None:
            if price == price.to_integral_value() and quantity != quantity.to_integral_value():
                quantity, price = price, quantity
            yield _Draft(name.text, amount[0], quantity, price, next(iter(_rates(row)), None))


def _is_alone(label: Label) -> bool:
    """Whether nothing but figures stands behind the label in its cell."""
    return label.is_whole or sum(map(str.isalpha, label.rest)) <= 4


def _head(layout: Layout, index: int) -> Columns | None:
    """The columns, where the row is in the head of a table of lines.

    A head may fill several rows; it names an amount and the words of a line, or three columns.
    """
    row = layout.rows[index]
    if sum(folded(cell.text) in _columns() for cell in row.cells) < 2:
        return None
    band = [
        other
        for other in layout.rows[max(0, index - 2) : index + 3]
        if other.page == row.page and abs(other.top - row.top) < 1.7 * max(row.cells[0].height, 8.0)
    ]
    cells: dict[str, Cell] = {}
    for cell in row.cells:
        stacked = [
            other
            for each in band
            for other in each.cells
            if min(other.right, cell.right) > max(other.left, cell.left)
        ]
        whole = _columns().get(folded(" ".join(other.text for other in stacked)), ())
        roles = (*_columns().get(folded(cell.text), ()), *whole)
        role = next((role for role in roles if role not in cells), None)
        if role is not None:
            cells[role] = cell
    for other in (other for each in band if each is not row for other in each.cells):
        for role in _columns().get(folded(other.text), ()):
            cells.setdefault(role, other)
    is_head = "net_amount" in cells and ("name" in cells or len(cells) >= 3)
    return Columns(cells) if is_head else None


@lru_cache(maxsize=1)
def _columns() -> dict[str, tuple[str, ...]]:
    """What a column's head says that it holds, in any language."""
    table: dict[str, tuple[str, ...]] = {}
    words = Path(__file__).with_name("line_words.toml").read_text("utf-8")
    for role, languages in tomllib.loads(words).items():
        for phrase in (phrase for phrases in languages.values() for phrase in phrases):
            if role not in table.get(phrase, ()):
                table[phrase] = (*table.get(phrase, ()), role)
    return table


_Figure = tuple[Decimal, Cell]


def _figures(row: Row, mark: str) -> list[_Figure]:
    return [
        (amount.value, cell)
        for cell in row.cells
        for amount in written_amounts.find(cell.text, mark)
    ]


def _draft(row: Row, columns: Columns, mark: str) -> _Draft | None:
    """The line that the row begins: words, and a figure in the column of the amounts."""
    figures = _figures(row, mark)
    amount = next((f for f in reversed(figures) if columns.holds("net_amount", f[1])), None)
    name = _name(row, columns)
    if amount is None or name is None:
        return None
    before = [figure for figure in figures[: figures.index(amount)] if figure[1] is not name]
    rates = _rates(row)
    quantity, price = _factors(before, amount[0], columns, rates)
    counted = next((cell for value, cell in before if value == quantity), None)
    unit = _UNIT.match(counted.text) if counted else None
    first = row.cells[0]
    return _Draft(
        name=name.text,
        amount=amount[0],
        quantity=quantity,
        price=price,
        rate=next(iter(rates), None),
        unit=unit[1] if unit else None,
        position=first.text if columns.holds("position", first) and len(first.text) < 6 else None,
        last=name,
    )


def _name(row: Row, columns: Columns) -> Cell | None:
    """The cell with the words of the line: in their column, else the one with most letters."""
    worded = [cell for cell in row.cells if sum(map(str.isalpha, cell.text)) >= 2]
    under = [cell for cell in worded if columns.holds("name", cell)]
    return max(under or worded, key=lambda cell: len(cell.text), default=None)


def _rates(row: Row) -> list[Decimal]:
    """The rates in per cent that the row names: of tax, or of a discount."""
    found = (match for cell in row.cells for match in _RATE.finditer(cell.text))
    return [Decimal(match[1].replace(",", ".")) for match in found]


def _factors(
    before: list[_Figure], amount: Decimal, columns: Columns, rates: list[Decimal]
) -> tuple[Decimal | None, Decimal | None]:
    """Quantity and price: two figures whose product is the amount, else what the columns say."""
    pairs = [
        (quantity[0], price[0])
        for quantity, price in combinations(before, 2)
        if _is_product(quantity[0], price[0], amount, rates)
    ]
    if pairs:
        quantity, price = pairs[-1]
        is_turned = price == _in_column(before, "quantity", columns) != quantity
        return (price, quantity) if is_turned else (quantity, price)
    return _in_column(before, "quantity", columns), _in_column(before, "unit_price", columns)


def _is_product(
    quantity: Decimal, price: Decimal, amount: Decimal, rates: Iterable[Decimal]
) -> bool:
    slack = max(_CENT, abs(quantity) * _CENT / 2)
    whole = quantity * price
    less = [whole * (100 - rate) / 100 for rate in rates]
    return amount != 0 and any(abs(each - amount) <= slack for each in (whole, *less))


def _in_column(figures: Iterable[_Figure], role: str, columns: Columns) -> Decimal | None:
    return next((value for value, cell in figures if columns.holds(role, cell)), None)


def _go_on(draft: _Draft, row: Row, columns: Columns) -> None:
    """Take the words of a row that has no amount of its own as more of the line above it."""
    last = draft.last
    for cell in row.cells:
        is_near = last is not None and cell.page == last.page
        is_near = is_near and last is not None and cell.top - last.bottom < 1.2 * cell.height
        if is_near and len(draft.more) < 12 and columns.holds("name", cell):
            draft.more.append(cell.text)
            draft.last = cell
