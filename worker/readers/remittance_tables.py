"""A remittance in a table: a sheet, a list with separators, the columns of a page.

The headers say what the columns are, in any of our languages and in any order; the sum that the
table states decides between readings. Rows above and below hold captions with the payment's day,
number and total.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.readers import remittance_figures
from worker.readers.remittance_columns import Column, columns_of
from worker.readers.remittance_days import days
from worker.readers.remittance_drafts import (
    Draft,
    DraftLine,
    checked,
    method_in,
    reason_in,
    squeezed,
)
from worker.readers.remittance_tokens import TokenKind, tokens
from worker.readers.remittance_words import flattened, folded, found, says
from worker.readers.written_dates import DateOrder, order_of

MAX_HEADER_ROW = 60
MAX_LINES = 2_000
_NEAR_DAYS = 10

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row that names an item, with the amounts of its columns."""

    written: str
    paid: Decimal | None
    gross: Decimal | None
    deduction: Decimal | None
    debit: Decimal | None
    credit: Decimal | None
    is_credit_note: bool
    day: dt.date | None


def read(rows: Rows, sent_on: dt.date | None, currency: str | None = None) -> Draft | None:
    """The payment that the table lists; None where no row names columns of one."""
    page = [[flattened(cell).strip() for cell in row] for row in rows]
    for place, row in enumerate(page[:MAX_HEADER_ROW]):
        columns = columns_of(row)
        if columns is not None:
            return _Reader(page, place, columns, sent_on, currency).draft()
    return None


class _Reader:
    def __init__(
        self,
        page: list[list[str]],
        header: int,
        columns: dict[int, Column],
        sent_on: dt.date | None,
        currency: str | None,
    ) -> None:
        self._page = page
        self._header = header
        self._columns = columns
        self._sent_on = sent_on
        self._currency = self._named_currency() or currency
        # What order the days have, the whole page shows better than one line of it.
        self._order = order_of("\n".join("  ".join(row) for row in page[:500]))

    def draft(self) -> Draft | None:
        """The lines of the table with what its captions say."""
        entries, totals = self._entries()
        if not entries:
            return None
        lines, total = self._settled(entries, totals)
        if not lines:
            return None
        draft = Draft(
            lines=tuple(lines),
            total=total,
            is_total_stated=total is not None,
            currency=self._currency,
            paid_on=self._paid_on(entries),
            method=method_in(folded(" ".join(c for row in self._page[:200] for c in row))),
            payer_reference=self._number(),
        )
        return checked(draft)

    # -- rows -----------------------------------------------------------------------------------

    def _entries(self) -> tuple[list[_Entry], list[Decimal]]:
        """The rows that name an item, and the sums under them."""
        entries: list[_Entry] = []
        totals: list[Decimal] = []
        for row in self._page[self._header + 1 :]:
            if len(entries) > MAX_LINES or columns_of(row) is not None:
                continue
            words = folded(" ".join(row))
            if says("subtotal", words):
                continue
            entry = None if _is_total(row) else self._entry(row)
            if entry is not None:
                entries.append(entry)
            else:
                totals += self._sums(row)
        return entries, totals + self._captioned_totals()

    def _entry(self, row: list[str]) -> _Entry | None:
        written = self._written(row)
        if written is None:
            return None
        amounts = {c: self._amount(row, c) for c in Column if c.is_amount}
        if all(amount is None for amount in amounts.values()):
            return None
        kind = folded(" ".join(self._cells(row, Column.TYPE) + self._cells(row, Column.REFERENCE)))
        return _Entry(
            written=written,
            paid=amounts[Column.PAID]
            if amounts[Column.PAID] is not None
            else amounts[Column.AMOUNT],
            gross=amounts[Column.GROSS],
            deduction=self._deduction(row),
            debit=amounts[Column.DEBIT],
            credit=amounts[Column.CREDIT],
            is_credit_note=says("credit_note", kind),
            day=self._day(row),
        )

    def _written(self, row: list[str]) -> str | None:
        """The reference in the row: of several cells the one under the best header."""
        for cell in self._cells(row, Column.REFERENCE):
            found_here = [
                t.text
                for t in tokens(f"no {cell}", sent_on=None)
                if t.kind in (TokenKind.REFERENCE, TokenKind.OTHER, TokenKind.PAYMENT)
            ]
            if found_here:
                return found_here[0]
            if any(c.isdigit() for c in cell) and len(cell) <= 24 and ":" not in cell:
                return None if days(cell, self._sent_on) else cell
        return None

    def _cells(self, row: list[str], column: Column) -> list[str]:
        return [
            row[place]
            for place, each in sorted(self._columns.items())
            if each is column and place < len(row) and row[place]
        ]

    def _amount(self, row: list[str], column: Column) -> Decimal | None:
        for cell in self._cells(row, column):
            value = remittance_figures.cell_value(cell, self._currency)
            if value is not None:
                return value
        return None

    def _deduction(self, row: list[str]) -> Decimal | None:
        values = [
            abs(value)
            for cell in self._cells(row, Column.DEDUCTION)
            if (value := remittance_figures.cell_value(cell, self._currency)) is not None
        ]
        whole = sum(values, Decimal(0))
        return whole if whole else None

    def _day(self, row: list[str]) -> dt.date | None:
        for column in (Column.PAID_DAY, Column.DAY):
            for cell in self._cells(row, column):
                if in_cell := days(cell, self._sent_on, self._order):
                    return in_cell[0][2]
        return None

    def _sums(self, row: list[str]) -> list[Decimal]:
        """The amounts of a row that names no item."""
        if not _is_total(row) and self._written(row) is not None:
            return []
        values = [remittance_figures.cell_value(cell, self._currency) for cell in row if cell]
        inside = [
            each.value
            for cell in row
            for each in remittance_figures.figures(cell, self._currency)
            if remittance_figures.cell_value(cell, self._currency) is None
        ]
        is_empty_but_sum = all(value is not None for value in values) and len(values) > 0
        if not _is_total(row) and not is_empty_but_sum:
            return []
        return [value for value in values if value is not None] + inside

    def _captioned_totals(self) -> list[Decimal]:
        """Sums in the captions above the table."""
        found_values = []
        for row in self._page[: self._header]:
            if says("total", folded(" ".join(row))) or _is_amount_caption(row):
                text = "  ".join(row)
                found_values += [f.value for f in remittance_figures.figures(text, self._currency)]
        return found_values

    # -- sums -----------------------------------------------------------------------------------

    def _settled(
        self, entries: list[_Entry], totals: list[Decimal]
    ) -> tuple[list[DraftLine], Decimal | None]:
        """The lines, in the reading whose sum the table states; else in the plainest."""
        readings = [lines for lines in self._readings(entries) if lines]
        for lines in readings:
            whole = _whole(lines)
            if whole in totals:
                return lines, whole
        for lines in readings:
            once = _once(lines)
            if len(once) < len(lines) and _whole(once) in totals:
                return once, _whole(once)
        if not readings:
            return [], None
        return readings[0], (totals[-1] if totals else None)

    def _readings(self, entries: list[_Entry]) -> Iterator[list[DraftLine]]:
        """The ways in which the columns can be meant, the likeliest first."""
        reason = self._reason()
        if any(e.debit is not None or e.credit is not None for e in entries):
            for sign in (1, -1):
                yield [
                    DraftLine(
                        e.written, sign * ((e.credit or Decimal(0)) - (e.debit or Decimal(0)))
                    )
                    for e in entries
                ]
        for column, is_flipped in itertools.product(("paid", "gross"), (True, False)):
            lines = []
            for entry in entries:
                amount = entry.paid if column == "paid" else entry.gross
                if amount is None:
                    amount = entry.gross if column == "paid" else entry.paid
                if amount is None:
                    break
                taken_off = entry.deduction
                is_gross = taken_off is not None and (
                    column == "gross" or (entry.paid is not None and entry.paid == entry.gross)
                )
                if is_gross or (entry.paid is None and taken_off is not None):
                    amount -= taken_off or Decimal(0)
                if entry.is_credit_note and is_flipped and amount > 0:
                    amount = -amount
                why = reason if taken_off is not None else None
                lines.append(DraftLine(entry.written, amount, taken_off, why))
            if len(lines) == len(entries):
                yield lines

    def _reason(self) -> str | None:
        header = self._page[self._header]
        words = [header[p] for p, c in self._columns.items() if c is Column.DEDUCTION]
        return reason_in(folded(" ".join(words))) if words else None

    # -- captions -------------------------------------------------------------------------------

    def _paid_on(self, entries: list[_Entry]) -> dt.date | None:
        if Column.PAID_DAY in self._columns.values():
            paid = {entry.day for entry in entries if entry.day is not None}
            if len(paid) == 1:
                return paid.pop()
        if captioned := caption_day(self._outside(), self._sent_on, self._order):
            return captioned
        own = {entry.day for entry in entries}
        day = own.pop() if len(own) == 1 else None
        is_near = (
            day is not None
            and self._sent_on is not None
            and abs((day - self._sent_on).days) <= _NEAR_DAYS
        )
        return day if is_near else None

    def _outside(self) -> list[list[str]]:
        return [
            row
            for place, row in enumerate(self._page)
            if place != self._header and (place < self._header or self._written(row) is None)
        ]

    def _number(self) -> str | None:
        header = self._page[self._header]
        for place, cell in enumerate(header):
            if self._columns.get(place) is Column.NUMBER:
                values = {row[place] for row in self._page[self._header + 1 :] if place < len(row)}
                values.discard("")
                if len(values) == 1:
                    return values.pop()
            del cell
        return caption_number(self._outside())

    def _named_currency(self) -> str | None:
        """The currency of a column, a header or a caption; None where several are named."""
        named: set[str] = set()
        for row in self._page[self._header + 1 :]:
            for cell in self._cells(row, Column.CURRENCY):
                if code := remittance_figures.currency_of(cell):
                    named.add(code)
        if not named:
            texts = ["  ".join(row) for row in self._page[: MAX_HEADER_ROW * 4]]
            named = {c for text in texts if (c := remittance_figures.currency_named(text))}
        return named.pop() if len(named) == 1 else None


def caption_day(rows: Rows, sent_on: dt.date | None, order: DateOrder) -> dt.date | None:
    """The payment's day in captions: one that says so, else a plain date, else one in a title."""
    for place, row in enumerate(rows):
        for at, cell in enumerate(row):
            caption = found("paid_day", folded(cell))
            if caption is None:
                continue
            text = "  ".join([cell, *row[at + 1 : at + 3]])
            behind = text[max(0, text.casefold().find(caption[0])) :]
            under = "  ".join(rows[place + 1]) if place + 1 < len(rows) else ""
            for where in (behind, "  ".join(row), under):
                if in_text := days(where, sent_on, order):
                    return in_text[0][2]
    plain = [cells for row in rows if (cells := _from_plain_date(row))]
    titled = ["  ".join(row) for row in rows if says("titles", folded("  ".join(row)))]
    alone = [cell for row in rows for cell in row if _is_day_alone(cell, sent_on, order)]
    for where in (*plain, *titled, *alone):
        if in_text := days(where, sent_on, order):
            return in_text[0][2]
    return None


_PLAIN_DATE = re.compile(r"^(?:date|datum|fecha|data|dato)\s*[.:]*\s*(?=\d|$)")


def _from_plain_date(row: Sequence[str]) -> str:
    """A row from its caption `Date` on."""
    for at, cell in enumerate(row):
        if _PLAIN_DATE.match(folded(cell)):
            return "  ".join([cell, *row[at + 1 : at + 2]])
    return ""


def _is_day_alone(cell: str, sent_on: dt.date | None, order: DateOrder) -> bool:
    found_days = days(cell, sent_on, order)
    return len(found_days) == 1 and len(cell.strip(" .")) - 1 <= found_days[0][1] - found_days[0][0]


def caption_number(rows: Rows) -> str | None:
    """The payment's own number in captions."""
    for row in rows:
        text = "  ".join(row)
        for token in tokens(text, sent_on=None):
            before = folded(text[max(0, token.start - 40) : token.start])
            if token.kind in (TokenKind.PAYMENT, TokenKind.REFERENCE) and says(
                "payment_number", before
            ):
                return token.text
            if token.kind is TokenKind.PAYMENT:
                return token.text
    return None


def _is_total(row: list[str]) -> bool:
    """Whether the row's words, without its figures, are those of a sum."""
    words = folded(" ".join(cell for cell in row if not re.search(r"\d{3}", cell) or ":" in cell))
    return says("total", words)


def _is_amount_caption(row: list[str]) -> bool:
    return any(
        re.match(
            r"^(?:amount|betrag|montant|bedrag|importe|importo|valor|kwota|belopp)\b", folded(c)
        )
        for c in row
    )


def _whole(lines: list[DraftLine]) -> Decimal:
    return sum((line.amount or Decimal(0) for line in lines), Decimal(0))


def _once(lines: list[DraftLine]) -> list[DraftLine]:
    """Each line once: stubs of cheques print the same list twice."""
    kept: dict[tuple[str, Decimal | None], DraftLine] = {}
    for line in lines:
        kept.setdefault((squeezed(line.as_written), line.amount), line)
    return list(kept.values())


def merged_currency(draft: Draft, currency: str | None) -> Draft:
    """The draft in the currency that another source names, where it names none."""
    return draft if draft.currency is not None else replace(draft, currency=currency)
