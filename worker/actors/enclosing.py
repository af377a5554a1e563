"""What goes along with a notice: the frozen PDF, the seller's own file, the logo."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from worker import delivery, documents, intake, invoices, review
from worker.businesses import Rules
from worker.delivery import Enclosure, Notice
from worker.documents import Look
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.readers.model import Invoice as Reading
from worker.readers.model import Source
from worker.review import WorkItem
from worker.store import blobs

MAX_BYTES = 8_000_000
_NOT_IN_NAMES = re.compile(r"[^\w.\-]+")


def enclosures(s: Session, notice: Notice, rules: Rules, look: Look) -> list[Enclosure]:
    """The files of a notice."""
    files = _logo(rules, look)
    if notice.kind in ("invoice", "credit_note", "credit_request"):
        invoice = invoices.by_id(s, BusinessKey(notice.business), notice.subject_id)
        return files + (_papers(s, notice, invoice) if invoice is not None else [])
    item = review.by_id(s, BusinessKey(notice.business), notice.subject_id)
    return files + (files_in_doubt(s, item) if item is not None else [])


def files_in_doubt(s: Session, item: WorkItem) -> list[Enclosure]:
    """The seller's own file that a question is about, as it came; nothing else of a mail goes on.

    What is no invoice's file was never kept apart, so a program or a picture is never passed on.
    """
    business = BusinessKey(item.business)
    invoice = invoices.by_id(s, business, item.subject)
    if invoice is not None:
        hashes = [invoice.pdf_sha256 or invoice.xml_sha256]
    elif item.kind in ("document_incomplete", "mail_from_stranger"):
        mail = intake.by_id(s, business, str(item.evidence.get("mail", "")))
        hashes = [d.pdf_sha256 or d.xml_sha256 for d in intake.drafts(mail)] if mail else []
        only = item.evidence.get("document")
        hashes = hashes if only is None else hashes[only : only + 1]
    else:
        hashes = []
    found = [blobs.fetch(s, business, sha256) for sha256 in dict.fromkeys(hashes) if sha256]
    return [_in_doubt(n, content) for n, content in enumerate(found) if len(content) < MAX_BYTES]


def _in_doubt(n: int, content: bytes) -> Enclosure:
    is_pdf = content.startswith(b"%PDF")
    name, kind = ("pdf", "application/pdf") if is_pdf else ("xml", "text/xml")
    return Enclosure(f"document-{n + 1}.{name}", kind, content)


def transfer_code(notice: Notice, draw: Callable[[str], bytes]) -> list[Enclosure]:
    """The picture that fills in a bank transfer, where the notice shows one."""
    text = notice.context.get("transfer_text")
    if not text:
        return []
    return [Enclosure("transfer.png", "image/png", draw(text), content_id=delivery.TRANSFER_CID)]


def lacks_face(s: Session, notice: Notice) -> Invoice | None:
    """The invoice whose frozen PDF carries the pay link that this notice leaves out."""
    if notice.kind not in ("invoice", "credit_request") or notice.context.get("pay_url"):
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
