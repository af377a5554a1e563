"""A remittance on a page: a PDF's words or a scan's, its columns found by where they stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from worker.readers import remittance_prose, remittance_tables
from worker.readers.page_layout import Cell, Layout, Row
from worker.readers.remittance_columns import columns_of
from worker.readers.remittance_drafts import Draft, DraftLine, checked, distinct
from worker.readers.remittance_figures import currency_named, figures
from worker.readers.remittance_tokens import TokenKind, tokens
from worker.readers.remittance_words import flattened, folded, says

MAX_ROWS = 3_000
_TITLE_ROWS = 14
_FITS = 3.0


def read(layout: Layout, sent_on: dt.date | None) -> Draft | None:
    """The payment that the page states, by its columns, else by its lines, else by its words.

    A reading that comes after another must have a sum of its own; words never overrule columns.
    """
    drafts = [draft for draft in _readings(layout, sent_on) if draft.lines]
    for draft in drafts:
        if draft.is_total_stated and draft.has_every_amount and not draft.problems:
            return draft
    return drafts[0] if drafts else None


def is_advice(layout: Layout) -> bool:
    """Whether the page names itself an advice of payment."""
    return any(says("titles", folded(flattened(row.text))) for row in layout.rows[:_TITLE_ROWS])


def _readings(layout: Layout, sent_on: dt.date | None) -> Iterator[Draft]:
    rows = layout.rows[:MAX_ROWS]
    currency = _currency(layout)
    by_columns = remittance_tables.read(_table(rows), sent_on, currency)
    if by_columns is not None:
        yield by_columns
    text = "\n".join(row.text for row in rows)
    prose = [d for d in remittance_prose.read(text, sent_on, currency) if d.lines]
    by_lines = _by_lines(rows, sent_on, currency)
    facts = by_columns or (prose[0] if prose else None)
    if by_lines is not None and facts is not None:
        yield replace(
            by_lines,
            paid_on=facts.paid_on,
            method=facts.method,
            payer_reference=facts.payer_reference,
        )
    if len(prose) == 1 and not (by_columns is not None and by_columns.has_every_amount):
        yield prose[0]


def _currency(layout: Layout) -> str | None:
    """The only currency that the page names."""
    named = {c for row in layout.rows[:MAX_ROWS] if (c := currency_named(flattened(row.text)))}
    return named.pop() if len(named) == 1 else None


def _table(rows: list[Row]) -> list[list[str]]:
    """The page as a table: cells under the headers that stand above them."""
    header: Row | None = None
    table: list[list[str]] = []
    for row in rows:
        texts = [cell.text for cell in row.cells]
        if columns_of([flattened(text) for text in texts]) is not None:
            header = row
            table.append(texts)
        elif header is None:
            table.append(texts)
        else:
            table.append(_aligned(row, header))
    return table


def _aligned(row: Row, header: Row) -> list[str]:
    """The row's cells in the places of the headers; what stands under none goes behind."""
    placed = [""] * len(header.cells)
    for cell in row.cells:
        place = max(range(len(header.cells)), key=lambda i: _fit(cell, header.cells[i]))
        placed[place] = f"{placed[place]} {cell.text}".strip()
    return placed


def _fit(cell: Cell, header: Cell) -> float:
    """How well a cell stands under a header: by overlap, and by edges where columns are set."""
    overlap = min(cell.right, header.right) - max(cell.left, header.left)
    edge = min(abs(cell.left - header.left), abs(cell.right - header.right))
    return overlap + (1000.0 if edge <= _FITS else 0.0)


def _by_lines(rows: list[Row], sent_on: dt.date | None, currency: str | None) -> Draft | None:
    """Lines that each hold a reference and amounts, of which the last was paid.

    Where headers are run together or missing: believed only where the sum is printed, too.
    """
    lines: list[DraftLine] = []
    sums: list[Decimal] = []
    for row in rows:
        text = flattened(row.text)
        if says("subtotal", folded(text)):
            continue
        amounts = [f.value for f in figures(text, currency)]
        written = [t.text for t in tokens(text, sent_on=sent_on) if t.kind is TokenKind.REFERENCE]
        is_sum = says("total", folded(text))
        if amounts and written and not is_sum:
            lines.append(_line(written[0], amounts))
        elif amounts and is_sum:
            sums += amounts
    whole = sum((line.amount for line in lines if line.amount is not None), Decimal(0))
    if not lines or whole not in distinct(sums):
        return None
    return checked(Draft(tuple(lines), whole, is_total_stated=True, currency=currency))


def _line(written: str, amounts: list[Decimal]) -> DraftLine:
    # A last column of nothing is what is still owing.
    while len(amounts) > 1 and amounts[-1] == 0:
        amounts = amounts[:-1]
    net = amounts[-1]
    if len(amounts) >= 3 and amounts[-3] - abs(amounts[-2]) == net and amounts[-2] != 0:
        return DraftLine(written, net, abs(amounts[-2]))
    return DraftLine(written, net)
