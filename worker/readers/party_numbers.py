"""The numbers that name a party in a layout: VAT identifiers and account numbers.

A pattern alone finds too much (order numbers look like VAT ids), so a VAT id needs its word beside
it and an account number its check digits.
"""

from __future__ import annotations

import re

from worker.readers import party_patterns as looks
from worker.readers.ibans import LENGTH_BY_COUNTRY, is_iban
from worker.readers.page_layout import Cell, Layout


def vat_ids(layout: Layout) -> tuple[str | None, str | None]:
    """The first VAT id that is not said to be the buyer's, and the one that is."""
    seller = buyer = None
    for index, row in enumerate(layout.rows):
        for place, cell in enumerate(row.cells):
            for match in looks.VAT_ID.finditer(cell.text):
                if is_iban(match[0]) or sum(c.isdigit() for c in match[0]) < 7:
                    continue
                before = " ".join(c.text for c in row.cells[:place]) + cell.text[: match.start()]
                words = f"{before} {cell.text[match.end() :][:6]} {_above(layout, index, cell)}"
                if not looks.VAT_WORD.search(words):
                    continue
                number = _cut(re.sub(r"[ .-]", "", match[1]))
                if looks.BUYERS_OWN.search(before):
                    buyer = buyer or number
                else:
                    seller = seller or number
    return seller, buyer


def _cut(number: str) -> str:
    """The number without what stands behind it: each state's has its length."""
    state = "CHE" if number.startswith("CHE") else number[:2]
    return number[: len(state) + looks.VAT_LENGTHS.get(state, 12)]


def _above(layout: Layout, index: int, cell: Cell) -> str:
    """The words over a cell in its column, on the line before."""
    if index == 0 or layout.rows[index - 1].page != cell.page:
        return ""
    return " ".join(
        other.text
        for other in layout.rows[index - 1].cells
        if min(other.right, cell.right) > max(other.left, cell.left)
    )


def iban(layout: Layout) -> str | None:
    """The first account number with right check digits; else one that is called an IBAN."""
    called = None
    for row in layout.rows:
        text = row.text.replace("  ", " ")
        for match in looks.IBAN.finditer(text):
            for end in range(len(match[0]), 14, -1):
                candidate = match[0][:end].strip()
                if is_iban(candidate):
                    return "".join(candidate.split())
        if called is None and (named := looks.CALLED_IBAN.search(text)):
            compact = "".join(named[1].split())
            called = compact[: LENGTH_BY_COUNTRY.get(compact[:2], len(compact))]
    return called
