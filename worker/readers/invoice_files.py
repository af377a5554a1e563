"""The invoices in one file, whatever kind of file it is."""

from __future__ import annotations

from dataclasses import dataclass

from worker.readers import facturx, pdf_attachments, structured, xml_trees
from worker.readers.pdf_attachments import UnreadablePdf
from worker.readers.structured import ReadInvoice
from worker.readers.xml_trees import RefusedXml

# Types that say nothing of the content: what the bytes begin with decides.
_UNKNOWN = frozenset({"application/octet-stream", "text/plain"})


@dataclass(frozen=True, slots=True)
class Found:
    """What one file holds. `error` says why nothing could be read of it."""

    invoices: tuple[ReadInvoice, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None


def read(data: bytes, media_type: str) -> Found:
    """The invoices in these bytes, of the type that their content shows."""
    if media_type == "application/pdf":
        return _pdf(data)
    if media_type.endswith(("/xml", "+xml")) or (
        media_type in _UNKNOWN and xml_trees.looks_like_xml(data)
    ):
        return _xml(data)
    return Found()


def _xml(data: bytes) -> Found:
    try:
        found = structured.read(data)
        if found is None:
            return Found(reasons=(f"It is {structured.name_of_other(data)}, not an invoice.",))
    except RefusedXml as error:
        return Found(error=f"Not read: {error}.")
    return Found((found,), (_says(found),))


def _pdf(data: bytes) -> Found:
    try:
        pdf = pdf_attachments.read(data)
    except UnreadablePdf as error:
        return Found(error=f"Not read: {error}.")
    embedded = facturx.read(pdf)
    if embedded.found is None:
        return Found(warnings=embedded.warnings)
    reasons = (f"The PDF carries its data: {_says(embedded.found)}",)
    return Found((embedded.found,), reasons, embedded.warnings)


def _says(found: ReadInvoice) -> str:
    invoice = found.invoice
    kind = "credit note" if invoice.doc_type == "credit_note" else "invoice"
    profile = invoice.evidence.get("profile")
    claim = f" of the profile {profile}" if profile else ""
    return f"{invoice.source.upper()} {kind}{claim}."
