"""Scans: pages without text, read by tesseract and always shown to a person."""

from __future__ import annotations

import io

import pikepdf
import pypdfium2
import pytest

from tests.readers.samples import FILES, pdf_of
from worker import readers
from worker.readers import scans
from worker.readers.model import Source

TEXT = (FILES / "plain" / "german_window.txt").read_text("utf-8")


def scan_of(text: str) -> bytes:
    """A PDF that holds only a picture of the page with this text, 150 dots an inch."""
    document = pypdfium2.PdfDocument(pdf_of(text))
    bitmap = document[0].render(scale=150 / 72, grayscale=True)
    pixels = memoryview(bitmap.buffer).cast("B")
    rows = [
        bytes(pixels[y * bitmap.stride : y * bitmap.stride + bitmap.width])
        for y in range(bitmap.height)
    ]
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    image = pdf.make_stream(b"".join(rows))
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width, image.Height = bitmap.width, bitmap.height
    image.ColorSpace, image.BitsPerComponent = pikepdf.Name.DeviceGray, 8
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
    page.obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")
    document.close()
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def test_a_scanned_invoice_is_read_and_held_for_a_look() -> None:
    examined = readers.examine(scan_of(TEXT))
    (invoice,) = examined.reading.invoices
    assert invoice.source is Source.OCR
    assert (invoice.number, str(invoice.total)) == ("LH-2026-0120", "130.90")
    assert [p.rule for p in examined.invoice_problems[0] if p.holds] == ["OCR"]


def test_an_empty_page_is_no_invoice() -> None:
    assert readers.examine(scan_of("")).reading.kind == "other"


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(scans.NoOcr):
        scans.read_picture(data)
