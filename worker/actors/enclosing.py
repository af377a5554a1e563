"""What goes along with a notice: the frozen PDF, the seller's own file, the logo."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from worker import delivery, documents, invoices
from worker.businesses import Rules
from worker.delivery import Enclosure, Notice
from worker.documents import Look
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.readers.model import Invoice as Reading
from worker.readers.model import Source
from worker.store import blobs

_NOT_IN_NAMES = re.compile(r"[^\w.\-]+")


def enclosures(s: Session, notice: Notice, rules: Rules, look: Look) -> list[Enclosure]:
    """The files of a notice."""
    files = _logo(rules, look)
    if notice.kind in ("invoice", "credit_note"):
        invoice = invoices.by_id(s, BusinessKey(notice.business), notice.subject_id)
        if invoice is not None:
            files += _papers(s, notice, invoice)
    return files


def transfer_code(notice: Notice, draw: Callable[[str], bytes]) -> list[Enclosure]:
    """The picture that fills in a bank transfer, where the notice shows one."""
    text = notice.context.get("transfer_text")
    if not text:
        return []
    return [Enclosure("transfer.png", "image/png", draw(text), content_id=delivery.TRANSFER_CID)]


def lacks_face(s: Session, notice: Notice) -> Invoice | None:
    """The invoice whose frozen PDF carries the pay link that this notice leaves out."""
    if notice.kind != "invoice" or notice.context.get("pay_url"):
        return None
    business = BusinessKey(notice.business)
    frozen = documents.of_invoice(s, business, notice.subject_id)
    if frozen is None or documents.of_invoice(s, business, notice.subject_id, with_link=False):
        return None
    return invoices.by_id(s, business, notice.subject_id)


def _papers(s: Session, notice: Notice, invoice: Invoice) -> list[Enclosure]:
    business = BusinessKey(invoice.business)
    has_link = bool(notice.context.get("pay_url"))
    document = documents.of_invoice(s, business, invoice.id, with_link=has_link)
    document = document or documents.of_invoice(s, business, invoice.id)
    if document is None:
        return []
    name = _NOT_IN_NAMES.sub("-", invoice.number).strip("-.") or "invoice"
    frozen = Enclosure(f"{name}.pdf", "application/pdf", documents.pdf_of(s, document))
    return [frozen, *_originals(s, invoice, name, behind_sheet=document.face != "invoice")]


def _originals(s: Session, invoice: Invoice, name: str, *, behind_sheet: bool) -> list[Enclosure]:
    """The received files, byte for byte, where they carry data that a copy of their pages lacks."""
    is_data = Reading.model_validate(invoice.reading).source is not Source.PDF
    if not behind_sheet or not is_data:
        return []
    business = BusinessKey(invoice.business)
    kept = (
        (invoice.xml_sha256, f"{name}-original.xml", "text/xml"),
        (invoice.pdf_sha256, f"{name}-original.pdf", "application/pdf"),
    )
    return [
        Enclosure(title, kind, blobs.fetch(s, business, sha256))
        for sha256, title, kind in kept
        if sha256
    ]


def _logo(rules: Rules, look: Look) -> list[Enclosure]:
    if not rules.documents.logo:
        return []
    # Mail programs do not show SVG: a PNG of the same name lies beside it.
    file = Path(look.folder, "assets", rules.documents.logo).with_suffix(".png")
    content = file.read_bytes()
    return [Enclosure("logo.png", "image/png", content, content_id=delivery.LOGO_CID)]
