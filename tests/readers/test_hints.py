"""A business's own words for what stands on its papers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.readers.samples import pdf_of
from worker import readers
from worker.readers import NO_HINTS, Hints
from worker.readers.model import Invoice

PAPER = """The Lantern House
1 Quay Street, Bristol BS1 4RB

INVOICE

Folio           77-B
Drawn up        03/04/2026
Settle before   05/06/2026
Chit            9912

Northwind Traders
9 Mill Lane
Truro TR1 2XN

Three lamps                    100,000
Damage as agreed               120,000
"""
HINTS = Hints(
    number=("Folio",),
    issue_date=("Drawn up",),
    due_date=("Settle before",),
    total=("Damage as agreed",),
    sellers=("The Lantern House",),
    date_order="month_first",
    decimal_mark=".",
)


def read(hints: Hints) -> Invoice | None:
    found = readers.examine(pdf_of(PAPER), hints).reading.invoices
    return found[0] if found else None


def test_hints_name_what_no_list_of_words_knows() -> None:
    invoice = read(HINTS)
    assert invoice is not None
    assert invoice.number == "77-B"
    assert (str(invoice.issue_date), str(invoice.due_date)) == ("2026-03-04", "2026-05-06")
    assert str(invoice.total) == "120000.00"
    assert invoice.seller.name == "The Lantern House"
    assert invoice.buyer.name == "Northwind Traders"


def test_without_hints_nothing_is_made_up() -> None:
    invoice = read(NO_HINTS)
    assert invoice is None or invoice.number != "77-B"


def test_a_hint_outweighs_a_common_label() -> None:
    page = pdf_of(PAPER.replace("Chit ", "Invoice number "))
    assert readers.examine(page, HINTS).reading.invoices[0].number == "77-B"


def test_an_unknown_hint_is_refused() -> None:
    with pytest.raises(ValidationError):
        Hints.model_validate({"total": ["Damage"], "amount": ["Sum"]})
