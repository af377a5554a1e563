"""What the columns of an advice are, from one row of headers in any of our languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from worker.readers.remittance_words import folded, says

MAX_HEADER_CHARACTERS = 48
_PLAIN_AMOUNT = re.compile(r"\d[.,]\d{2}\b")


class Column(StrEnum):
    """What stands in a column."""

    REFERENCE = "reference"
    OURS = "ours"
    PAID_DAY = "paid_day"
    DAY = "day"
    NUMBER = "number"
    CURRENCY = "currency"
    TYPE = "type"
    PAID = "paid"
    AMOUNT = "amount"
    GROSS = "gross"
    DEDUCTION = "deduction"
    DEBIT = "debit"
    CREDIT = "credit"

    @property
    def is_amount(self) -> bool:
        return self in _AMOUNTS


_AMOUNTS = frozenset(
    {Column.PAID, Column.AMOUNT, Column.GROSS, Column.DEDUCTION, Column.DEBIT, Column.CREDIT}
)
# The first that applies wins: "Invoice date" is a day, "Net amount" is what was paid.
_ORDER = (
    (Column.PAID_DAY, "paid_day"),
    (Column.DAY, "column_day"),
    (Column.CURRENCY, "column_currency"),
    (Column.DEDUCTION, "column_deduction"),
    (Column.GROSS, "column_gross"),
    (Column.PAID, "column_paid"),
    (Column.AMOUNT, "column_amount"),
    (Column.DEBIT, "column_debit"),
    (Column.CREDIT, "column_credit"),
    (Column.TYPE, "column_type"),
    (Column.REFERENCE, "column_reference"),
)
_DESCRIPTION = re.compile(
    r"^(?:description|omschrijving|bezeichnung|text|libellé|descripción|descrizione|descrição|opis|beskrivning)"
)
_WHOLE_CURRENCY = re.compile(
    r"(?:currency|curr?|ccy|währung|whg|devise|valuta|moneda|divisa|moeda|waluta|通貨)\.?"
)
_NUMBER_OF = re.compile(r"(?:no|nr|number|num|numéro|numero|número|nummer|n°|#|番号)\b|番号")


def columns_of(row: Sequence[str]) -> dict[int, Column] | None:
    """The columns that a row of headers names; None unless items and amounts are among them."""
    named: dict[int, Column] = {}
    if sum(1 for cell in row if cell) < 2:
        return None
    for place, cell in enumerate(row):
        words = folded(cell)
        if not words or len(words) > MAX_HEADER_CHARACTERS:
            continue
        if _PLAIN_AMOUNT.search(words) or sum(c.isdigit() for c in words) > 3:
            return None
        column = _column(words)
        if column is not None:
            named[place] = column
    named = _one_reference(named, row)
    values = set(named.values())
    if Column.REFERENCE not in values or not values & _AMOUNTS:
        return None
    return named


def _column(words: str) -> Column | None:
    if says("column_ours", words):
        return Column.NUMBER if says("payment_number", words) else Column.OURS
    for column, name in _ORDER:
        if not says(name, words):
            continue
        if column is Column.CURRENCY and not _WHOLE_CURRENCY.fullmatch(words):
            continue
        if column.is_amount and _NUMBER_OF.search(words):
            continue
        return column
    return None


def _one_reference(named: dict[int, Column], row: Sequence[str]) -> dict[int, Column]:
    """Of several columns of references a description counts last, if at all."""
    references = [place for place, column in named.items() if column is Column.REFERENCE]
    best = [p for p in references if not _DESCRIPTION.match(folded(row[p]))]
    if best and len(best) < len(references):
        return {
            place: (Column.OURS if column is Column.REFERENCE and place not in best else column)
            for place, column in named.items()
        }
    return named
