"""The numbers that name a party in a layout: VAT identifiers and account numbers.

A pattern alone finds too much (order numbers look like VAT ids), so a VAT id needs its word beside
it and an account number its check digits.
"""

from __future__ import annotations

import re

from worker.readers import party_patterns as looks
from worker.readers.ibans import is_iban
from worker.readers.page_layout import Layout


def vat_ids(layout: Layout) -> tuple[str | None, str | None]:
    """The first VAT id that is not said to be the buyer's, and the one that is."""
    seller = buyer = None
    for row in layout.rows:
        for place, cell in enumerate(row.cells):
            for match in looks.VAT_ID.finditer(cell.text):
                if is_iban(match[0]) or sum(c.isdigit() for c in match[0]) < 7:
                    continue
                before = " ".join(c.text for c in row.cells[:place]) + cell.text[: match.start()]
                after = cell.text[match.end() : match.end() + 6]
                if not looks.VAT_WORD.search(before) and not looks.VAT_WORD.search(after):
                    continue
                number = re.sub(r"[ .-]", "", match[1])
                if looks.BUYERS_OWN.search(before):
                    buyer = buyer or number
                else:
                    seller = seller or number
    return seller, buyer


def iban(layout: Layout) -> str | None:
    """The first account number with right check digits; else one that is called an IBAN."""
    called = None
    for row in layout.rows:
        for match in looks.IBAN.finditer(row.text.replace("  ", " ")):
            for end in range(len(match[0]), 14, -1):
                candidate = match[0][:end].strip()
                if is_iban(candidate):
                    return "".join(candidate.split())
            if "iban" in row.text.lower():
                called = called or "".join(match[0].split())
    return called
