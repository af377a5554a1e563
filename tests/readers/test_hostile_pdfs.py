"""PDFs made to harm or merely broken: told apart, flagged, and never raising."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pytest

from tests.readers.samples import FILES, pdf_of, pdf_with, sample
from worker import readers

TEXT = (FILES / "plain" / "german_window.txt").read_text("utf-8")


def changed(data: bytes, change: Callable[[pikepdf.Pdf], object]) -> bytes:
    """The PDF after a change to its inside."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JavaScript", "Launch", "SubmitForm"])
def test_a_script_is_flagged_and_the_invoice_read_all_the_same(kind: str) -> None:
    def add(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name(f"/{kind}"), JS="app.alert(1)")

    reading = readers.examine(changed(pdf_of(TEXT), add)).reading
    assert reading.invoices[0].number == "LH-2026-0120"
    assert any("never run" in warning for warning in reading.warnings)


def test_a_password_is_said() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of(TEXT))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    reading = readers.examine(out.getvalue()).reading
    assert reading.error is not None
    assert "password" in reading.error


def test_pages_in_a_circle_end() -> None:
    def bend(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Pages.Kids = pikepdf.Array([pdf.Root.Pages])

    assert readers.examine(changed(pdf_of(TEXT), bend)).reading.invoices == ()


def test_an_attachment_that_is_no_file_is_passed_over() -> None:
    def break_it(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AF = pikepdf.Array([1, pikepdf.Dictionary(EF=7), pikepdf.Dictionary()])

    data = changed(pdf_with({"factur-x.xml": sample("invoice_cii.xml")}), break_it)
    assert readers.examine(data).reading.invoices[0].number == "LH-2026-0118"


def test_bytes_before_the_header_make_no_difference() -> None:
    reading = readers.examine(b"\r\nsome mail gateway was here\r\n" + pdf_of(TEXT)).reading
    assert reading.invoices[0].number == "LH-2026-0120"


def test_a_page_of_thousands_of_addresses_takes_no_minutes() -> None:
    page = "\n".join(f"Invoice {n}   12345 Town   Total {n},00 EUR" for n in range(60))
    assert len(readers.examine(pdf_of(page)).reading.invoices) <= 1
