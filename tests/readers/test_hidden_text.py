"""What a page's text says and its picture does not show, and several invoices in one file."""

from __future__ import annotations

import io

import pikepdf
import pytest

from tests.readers.samples import FILES, pdf_of, pdf_with, sample
from tests.readers.test_scans import scan_of
from worker import readers
from worker.readers import pdf_words
from worker.readers.model import Examined

PLAIN = FILES / "plain"
TEXT = (PLAIN / "german_window.txt").read_text("utf-8")
SCRIPT = (PLAIN / "swiss.txt").read_text("utf-8")
LIE = b"(Gesamtbetrag 9.999,99 EUR IBAN FR1420041010050500013M02606) Tj"
ACCOUNT = "FR1420041010050500013M02606"


def drawn(content: bytes, into: bytes | None = None) -> bytes:
    """The sample page with more drawn on it."""
    with pikepdf.open(io.BytesIO(into or pdf_of(TEXT))) as pdf:
        pdf.pages[0].contents_add(pdf.make_stream(content))
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def rules(examined: Examined) -> list[str]:
    return [problem.rule for each in examined.invoice_problems for problem in each if problem.holds]


HIDDEN = {
    "white": b"BT 1 g /F1 8 Tf 30 100 Td " + LIE + b" ET",
    "not painted": b"BT 3 Tr /F1 8 Tf 30 100 Td " + LIE + b" ET",
    "tiny": b"BT /F1 0.5 Tf 30 100 Td " + LIE + b" ET",
    "off the page": b"BT /F1 8 Tf -900 100 Td " + LIE + b" ET",
    "covered": b"BT /F1 8 Tf 30 100 Td " + LIE + b" ET 1 g 20 90 500 30 re f",
    "black under black": b"BT 0 g /F1 8 Tf 30 100 Td " + LIE + b" ET 0 g 20 90 500 30 re f",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_hidden_figures_are_not_believed_and_hold_the_invoice(how: str) -> None:
    examined = readers.examine(drawn(HIDDEN[how]))
    (invoice,) = examined.reading.invoices
    assert str(invoice.total) == "130.90"
    assert invoice.seller.iban != ACCOUNT
    assert rules(examined) == ["HIDDEN"]


def test_white_letters_on_a_dark_ground_are_seen() -> None:
    shown = (
        b"0 g 20 90 500 30 re f BT 1 g /F1 8 Tf 30 100 Td (IBAN " + ACCOUNT.encode() + b") Tj ET"
    )
    assert ACCOUNT in pdf_words.read(drawn(shown)).text
    assert rules(readers.examine(drawn(shown))) == []


def test_hidden_words_without_figures_are_nobodys_concern() -> None:
    mark = b"BT 1 g /F1 8 Tf 30 100 Td (page made by a program) Tj ET"
    assert rules(readers.examine(drawn(mark))) == []


def test_data_that_only_hidden_text_confirms_are_held() -> None:
    lie = b"BT 1 g /F1 8 Tf 30 100 Td (LH-2026-0118 238,00 EUR) Tj ET"
    page = drawn(lie, pdf_of("Rechnung LH-2026-0118\nGesamtbetrag 23,80 EUR\n"))
    examined = readers.examine(pdf_with({"factur-x.xml": sample("invoice_cii.xml")}, into=page))
    assert "PAGE" in rules(examined)


@pytest.mark.parametrize(("text", "expected"), [(TEXT, []), (SCRIPT, ["PICTURE", "PICTURE"])])
def test_text_laid_behind_a_scan_must_say_what_the_scan_shows(
    text: str, expected: list[str]
) -> None:
    with (
        pikepdf.open(io.BytesIO(scan_of(TEXT))) as scan,
        pikepdf.open(io.BytesIO(pdf_of(text))) as words,
    ):
        font = words.make_indirect(words.pages[0].obj.Resources.Font)
        scan.pages[0].obj.Resources.Font = scan.copy_foreign(font)
        behind = b"BT 3 Tr ET\n" + words.pages[0].obj.Contents.read_bytes()
        scan.pages[0].contents_add(scan.make_stream(behind))
        out = io.BytesIO()
        scan.save(out)
    examined = readers.examine(out.getvalue())
    assert [rule for rule in rules(examined) if rule == "PICTURE"] == expected


def joined(*files: bytes) -> bytes:
    out, sheet = io.BytesIO(), pikepdf.new()
    for data in files:
        sheet.pages.extend(pikepdf.open(io.BytesIO(data)).pages)
    sheet.save(out)
    return out.getvalue()


def test_two_invoices_in_one_pdf_are_two_and_held() -> None:
    more = pdf_of("Seite 2\nLieferbedingungen und Hinweise\n")
    examined = readers.examine(joined(pdf_of(TEXT), more, pdf_of(SCRIPT)))
    found = examined.reading.invoices
    assert [invoice.number for invoice in found] == ["LH-2026-0120", "2026-77"]
    pages = [invoice.evidence["pages"] for invoice in found]
    assert pages == [{"page": 1, "last": 2}, {"page": 3, "last": 3}]
    assert rules(examined) == ["SEVERAL", "SEVERAL"]
    assert examined.invoice_parts == ((0,), (0,))


def test_a_copy_of_the_same_invoice_behind_it_is_no_second_one() -> None:
    assert len(readers.examine(joined(pdf_of(TEXT), pdf_of(TEXT))).reading.invoices) == 1


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_is_read_whichever_way_it_is_turned(quarters: int) -> None:
    with pikepdf.open(io.BytesIO(pdf_of(TEXT))) as pdf:
        # Laid on its side, and turned back by the viewer: as scanners and plotters do.
        pdf.pages[0].Rotate = 90 * quarters
        matrix = {3: b"0 -1 1 0 0 595 cm", 2: b"-1 0 0 -1 595 842 cm", 1: b"0 1 -1 0 842 0 cm"}
        pdf.pages[0].contents_add(pdf.make_stream(matrix[quarters]), prepend=True)
        if quarters % 2:
            pdf.pages[0].MediaBox = [0, 0, 842, 595]
        out = io.BytesIO()
        pdf.save(out)
    (invoice,) = readers.examine(out.getvalue()).reading.invoices
    assert (invoice.number, str(invoice.total)) == ("LH-2026-0120", "130.90")
