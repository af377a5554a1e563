"""The invoices in one file, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from worker.readers import (
    charsets,
    edifact,
    edifact_segments,
    facturx,
    html_layout,
    page_layout,
    pdf_attachments,
    pdf_words,
    plain_documents,
    plain_invoices,
    scans,
    signed_files,
    sniffing,
    structured,
    written_amounts,
    xml_trees,
)
from worker.readers.edifact_segments import NotEdifact
from worker.readers.hints import NO_HINTS, Hints
from worker.readers.model import Invoice, Problem, Source
from worker.readers.page_layout import Layout
from worker.readers.pdf_attachments import UnreadablePdf
from worker.readers.scans import NoOcr
from worker.readers.signed_files import NotSigned
from worker.readers.structured import ReadInvoice
from worker.readers.xml_trees import RefusedXml

# Types that say nothing of the content: what the bytes begin with decides.
_TEXTS = frozenset({"application/octet-stream", "text/plain", "text/html"})
MAX_TEXT_BYTES = 1_000_000
_PICTURES = frozenset({"image/png", "image/jpeg", "image/tiff"})
# A page in letters that can be read is larger; what is smaller is a logo.
MIN_PICTURE_BYTES = 20_000
_UNKNOWN = frozenset({"application/octet-stream", "text/plain"})


@dataclass(frozen=True, slots=True)
class Found:
    """What one file holds. `error` says why nothing could be read of it.

    `page` is the words where they stand, of a file that is a page or a picture of one.
    """

    invoices: tuple[ReadInvoice, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    page: Layout | None = None
    is_scan: bool = False


def read(data: bytes, media_type: str, hints: Hints = NO_HINTS) -> Found:
    """The invoices in these bytes, of the type that their content shows."""
    if media_type == "application/pdf":
        return _pdf(data, hints)
    if media_type == "application/pkcs7-mime" or signed_files.is_signed(data):
        return _signed(data, hints)
    if edifact_segments.is_edifact(data):
        return _edifact(data)
    if media_type.endswith(("/xml", "+xml")) or (
        media_type in _UNKNOWN and xml_trees.looks_like_xml(data)
    ):
        return _xml(data)
    if media_type in _PICTURES and len(data) >= MIN_PICTURE_BYTES:
        return _scanned(lambda: scans.read_picture(data), "It is a picture.", hints)
    if media_type in _TEXTS:
        return _text(data, media_type, hints)
    return Found()


def _text(data: bytes, media_type: str, hints: Hints) -> Found:
    """An invoice written as plain text or as a web page."""
    if len(data) > MAX_TEXT_BYTES or b"\0" in data[:2048]:
        return Found()
    text, _ = charsets.decode(data, None)
    found = text_invoice(text, is_html=media_type == "text/html", hints=hints)
    if found is None:
        return Found()
    return Found((found,), (f"Its text is that of {_article(_kind(found))} {_kind(found)}.",))


def text_invoice(text: str, *, is_html: bool, hints: Hints = NO_HINTS) -> ReadInvoice | None:
    """The invoice in a text that anything may be: only where a sum proves it one."""
    layout = html_layout.from_html(text) if is_html else page_layout.from_text(text)
    found = plain_invoices.read(layout, Source.TEXT, hints)
    if found is None or any(problem.holds for problem in found.problems):
        return None
    return found


def _xml(data: bytes) -> Found:
    try:
        found = structured.read(data)
        if not found:
            return Found(reasons=(f"It is {structured.name_of_other(data)}, not an invoice.",))
    except RefusedXml as error:
        return Found(error=f"Not read: {error}.")
    return Found(tuple(found), tuple(_says(each) for each in found))


def _signed(data: bytes, hints: Hints) -> Found:
    try:
        inside = signed_files.content(data)
    except NotSigned as error:
        return Found(error=f"Not read: {error}.")
    if signed_files.is_signed(inside):
        return Found(error="Not read: it is signed more than once.")
    found = read(inside, sniffing.media_type(inside, "application/octet-stream"), hints)
    warning = "It is a signed file (p7m); the signature was not verified."
    return replace(found, warnings=(warning, *found.warnings))


def _edifact(data: bytes) -> Found:
    try:
        messages = edifact_segments.messages(data)
    except NotEdifact as error:
        return Found(error=f"Not read: {error}.")
    found = [structured.checked(edifact.read(m)) for m in messages if m.kind == "INVOIC"]
    others = sorted({m.kind for m in messages if m.kind != "INVOIC"})
    reasons = [_says(each) for each in found]
    reasons += [f"It holds an EDIFACT {kind[:6]} message, not an invoice." for kind in others]
    return Found(tuple(found), tuple(reasons))


def _pdf(data: bytes, hints: Hints) -> Found:
    try:
        pdf = pdf_attachments.read(data)
    except UnreadablePdf as error:
        return Found(error=f"Not read: {error}.")
    embedded = facturx.read(pdf)
    if pdf.has_script:
        warning = "The PDF holds a script or starts something when opened; it is never run here."
        embedded = replace(embedded, warnings=(*embedded.warnings, warning))
    if embedded.found is not None:
        reasons = (f"The PDF carries its data: {_says(embedded.found)}",)
        return Found((_compared(embedded.found, data),), reasons, embedded.warnings)
    found = _words(data, hints)
    return replace(found, warnings=(*embedded.warnings, *found.warnings))


def _compared(found: ReadInvoice, data: bytes) -> ReadInvoice:
    """The invoice with what its pages show otherwise: people pay what they see."""
    try:
        layout = pdf_words.read(data)
    except UnreadablePdf:
        return found
    if not layout.rows:
        return found
    return ReadInvoice(found.invoice, (*found.problems, *_unseen(found.invoice, layout)))


def _unseen(invoice: Invoice, layout: Layout) -> Iterator[Problem]:
    text = "".join(layout.text.split()).casefold()
    if invoice.number and "".join(invoice.number.split()).casefold() not in text:
        yield Problem(rule="PAGE", text=f"the pages do not show the number {invoice.number}")
    mark = written_amounts.decimal_mark_of(layout.text)
    shown = {abs(amount.value) for amount in written_amounts.find(layout.text, mark)}
    for what, amount in (("total", invoice.total), ("total with tax", invoice.grand_total)):
        if amount is not None and abs(amount) not in shown:
            yield Problem(rule="PAGE", text=f"the pages do not show the {what}, {amount}")


def _words(data: bytes, hints: Hints) -> Found:
    """What the pages of a PDF without data show."""
    try:
        layout = pdf_words.read(data)
    except UnreadablePdf as error:
        return Found(error=f"Not read: {error}.")
    if not layout.rows:
        return _scanned(lambda: scans.read_pdf(data), "The PDF has no text: it is a scan.", hints)
    found = plain_documents.read(layout, Source.PDF, hints, lambda: scans.read_pdf(data))
    reasons = tuple(map(_shows, found)) or ("The PDF's text is not one of an invoice.",)
    return Found(found, reasons, page=layout)


def _scanned(read_words: Callable[[], Layout], what: str, hints: Hints) -> Found:
    """What a picture of a page says. OCR errs, so a person compares before anything is sent."""
    try:
        page = read_words()
    except (NoOcr, UnreadablePdf) as error:
        said = f"{what} It was not read: {error}."
        return Found(warnings=(said,), page=Layout(), is_scan=True)
    text = "it was read from a picture, where letters and figures may be mistaken; please compare"
    found = tuple(
        ReadInvoice(each.invoice, (*each.problems, Problem(rule="OCR", text=text)))
        for each in plain_documents.read(page, Source.OCR, hints)
    )
    if not found:
        reasons = (f"{what} Its words are not those of an invoice.",)
        return Found(reasons=reasons, page=page, is_scan=True)
    return Found(found, (what, *map(_shows, found)), page=page, is_scan=True)


def _shows(found: ReadInvoice) -> str:
    return f"Its words are those of {_article(_kind(found))} {_kind(found)}."


def _kind(found: ReadInvoice) -> str:
    return found.invoice.doc_type.value.replace("_", " ")


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _says(found: ReadInvoice) -> str:
    invoice = found.invoice
    kind = "credit note" if invoice.doc_type == "credit_note" else "invoice"
    profile = invoice.evidence.get("profile")
    claim = f" of the profile {profile}" if profile else ""
    return f"{invoice.source.upper()} {kind}{claim}."
