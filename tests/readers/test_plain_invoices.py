"""Invoices written for people: eleven countries' habits, as text and as pages of a PDF."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.readers.samples import FILES, pdf_of
from worker import readers
from worker.readers import layout_parties, page_layout, plain_invoices, written_amounts
from worker.readers.model import Invoice, Source
from worker.readers.structured import ReadInvoice
from worker.readers.written_dates import order_of

PLAIN = FILES / "plain"


class Expected(NamedTuple):
    number: str
    issued: str
    due: str | None
    total: str
    currency: str
    seller: str
    buyer: str


EXPECTED = {
    "british": Expected(
        "INV-0042", "2026-04-03", "2026-05-03", "148.00", "GBP",
        "ACME Widgets Ltd", "Northwind Traders Ltd",
    ),
    "american": Expected(
        "10023", "2025-12-31", "2026-01-30", "325.50", "USD",
        "Sunrise Supplies Inc.", "Golden Gate Cafe LLC",
    ),
    "spanish": Expected(
        "2026/0117", "2026-03-05", "2026-04-04", "1452.00", "EUR",
        "Talleres Faro S.L.", "Bicicletas Norte S.A.",
    ),
    "italian": Expected(
        "41/A", "2026-10-05", "2026-11-05", "1220.00", "EUR",
        "Officina del Faro S.r.l.", "Rossi Costruzioni S.p.A.",
    ),
    "dutch": Expected(
        "F2026-0031", "2026-03-15", "2026-04-14", "302.50", "EUR",
        "Fietsenmaker De Kade B.V.", "Van Dijk Transport B.V.",
    ),
    "polish": Expected(
        "FV/12/2026", "2026-02-10", "2026-02-24", "1230.00", "PLN",
        "Latarnia Sp. z o.o.", "Rower Plus Sp. z o.o.",
    ),
    "swedish": Expected(
        "2026118", "2026-03-01", "2026-03-31", "1750.00", "SEK",
        "Fyren Verktyg AB", "Cykel Nord AB",
    ),
    "danish_credit": Expected(
        "9001", "2026-03-01", None, "-1000.00", "DKK", "Fyrtårn Værktøj ApS", "Cykelby A/S"
    ),
    "swiss": Expected(
        "2026-77", "2026-02-15", "2026-03-17", "13512.50", "CHF",
        "Leuchtturm AG", "Muster & Co. KG",
    ),
    "german_window": Expected(
        "LH-2026-0120", "2026-11-02", "2026-11-16", "130.90", "EUR",
        "Lighthouse Tools GmbH", "Frau Ida Fischer",
    ),
    "french_deposit": Expected(
        "F-2026-31", "2026-03-05", "2026-04-04", "450.00", "EUR",
        "Au Phare SARL", "Atelier Lumière",
    ),
}  # fmt: skip


def text_of(name: str) -> str:
    return (PLAIN / f"{name}.txt").read_text("utf-8")


def read(text: str) -> ReadInvoice | None:
    return plain_invoices.read(page_layout.from_text(text), Source.TEXT)


def facts(invoice: Invoice) -> Expected:
    return Expected(
        invoice.number or "",
        str(invoice.issue_date),
        str(invoice.due_date) if invoice.due_date else None,
        str(invoice.total),
        invoice.currency or "",
        invoice.seller.name or "",
        invoice.buyer.name or "",
    )


def test_every_sample_is_expected() -> None:
    assert {Path(name).stem for name in PLAIN.iterdir()} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_text_says_every_fact(name: str) -> None:
    found = read(text_of(name))
    assert found is not None
    assert facts(found.invoice) == EXPECTED[name]
    assert found.problems == ()


@pytest.mark.parametrize("name", [name for name in EXPECTED if name != "polish"])
def test_the_page_says_the_same_as_the_text(name: str) -> None:
    examined = readers.examine(pdf_of(text_of(name)))
    (invoice,) = examined.reading.invoices
    assert invoice.source is Source.PDF
    assert facts(invoice) == EXPECTED[name]
    assert set(invoice.evidence) >= {"number", "issue_date", "grand_total"}
    assert 0.5 < invoice.confidence < 1


def test_a_credit_note_is_known_by_its_title() -> None:
    found = read(text_of("danish_credit"))
    assert found is not None
    assert found.invoice.doc_type == "credit_note"


def test_what_was_prepaid_leaves_less_to_pay() -> None:
    found = read(text_of("french_deposit"))
    assert found is not None
    invoice = found.invoice
    assert (str(invoice.grand_total), str(invoice.prepaid)) == ("600.00", "150.00")


@pytest.mark.parametrize(
    ("foot", "vat_id", "iban"),
    [
        ("USt-IdNr       Bank\nDE000000009    IBAN DE02 1203 0000 0000 2020 51", True, True),
        ("VAT DE000000009 IBAN DE02120300000000202051 BIC BYLADEM1001", True, True),
        ("Order DE000000009", False, False),
        ("USt-IdNr DE000000009 IBAN DE28700100809999999999", True, True),
    ],
)
def test_numbers_of_a_party_need_their_word(foot: str, vat_id: bool, iban: bool) -> None:
    parties = layout_parties.read(page_layout.from_text(f"Lighthouse Tools GmbH\n\n{foot}\n"))
    assert parties.seller_vat == ("DE000000009" if vat_id else None)
    assert (parties.iban is not None) == iban
    assert parties.iban is None or (parties.iban[:2], len(parties.iban)) == ("DE", 22)


def test_a_total_that_no_sum_proves_is_held() -> None:
    found = read(text_of("german_window").replace("20,90", "21,90"))
    assert found is not None
    assert [problem.rule for problem in found.problems if problem.holds] == ["UNPROVEN"]


@pytest.mark.parametrize(
    "text",
    [
        "Dear Bea,\nthank you for the invoice of last week.\nIda",
        "Delivery note 4711\n24 boxes\n",
        "Mahnung\nRechnung Nr. 12 vom 1.2.2026\nOffener Betrag 50,00 €",
        "",
    ],
)
def test_what_is_no_invoice_gives_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/04/2026 and 25/12/2025", dt.date(2026, 4, 3)),
        ("03/04/2026 and 12/25/2025", dt.date(2026, 3, 4)),
        ("03/04/2026 for $12.00 in the United States", dt.date(2026, 3, 4)),
        ("2. Mai 2026", dt.date(2026, 5, 2)),
        ("May 2nd, 2026", dt.date(2026, 5, 2)),
        ("2 de mayo de 2026", dt.date(2026, 5, 2)),
        ("2026年5月2日", dt.date(2026, 5, 2)),
        ("Nr. 12.34.5678", None),
        ("31.02.2026", None),
    ],
)
def test_days_are_read_in_the_order_that_the_text_shows(text: str, day: dt.date | None) -> None:
    assert order_of(text).first(text) == day


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.234,56 und 7,00", ["1234.56", "7.00"]),
        ("1,234.56 and 7.00", ["1234.56", "7.00"]),
        ("1 234,56 zł", ["1234.56"]),
        ("CHF 1'234.50", ["1234.50"]),
        ("-12,00 €", ["-12.00"]),
        ("12,00- EUR", ["-12.00"]),
        ("19,0 % von 10,00", ["10.00"]),
        ("am 05.03.2026 um 12:30", []),
        ("DE02120300000000202051", []),
    ],
)
def test_amounts_are_read_with_the_mark_that_the_text_shows(text: str, values: list[str]) -> None:
    mark = written_amounts.decimal_mark_of(text)
    assert [str(amount.value) for amount in written_amounts.find(text, mark)] == values


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("Invoice No 12.,/:-€ \n\tTotal 0Rechnung"), max_size=600))
def test_text_of_any_kind_is_read_or_not_and_never_raises(text: str) -> None:
    read(text)
