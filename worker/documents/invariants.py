"""What always holds of frozen documents (RELIABILITY: invariants 23 and 29)."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from worker.documents.model import Document
from worker.invoices import Invoice
from worker.kernel.events import CreditNoteApplied, PayLinkOpened
from worker.store.blobs import Blob
from worker.store.invariants import is_in_hand

SHOWN = 50


def only_issued_invoices_are_printed(session: Session) -> list[str]:
    """A document is of an invoice that was issued, and its bytes are here."""
    kept = exists().where(Blob.business == Document.business, Blob.sha256 == Document.pdf_sha256)
    rows = session.execute(
        select(Document.business, Document.id)
        .join(
            Invoice,
            (Invoice.business == Document.business) & (Invoice.id == Document.item_id),
        )
        .where(or_(Invoice.issued_at.is_(None), ~kept))
        .limit(SHOWN)
    )
    return [f"{business}: {document} should not be." for business, document in rows]


def issued_invoices_are_printed(session: Session) -> list[str]:
    """An issued invoice has its document, or a job makes it, or a person was asked."""
    printed = exists().where(Document.business == Invoice.business, Document.item_id == Invoice.id)
    in_hand = or_(
        is_in_hand(Invoice.business, Invoice.id, PayLinkOpened.__name__),
        is_in_hand(Invoice.business, Invoice.id, CreditNoteApplied.__name__),
    )
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .where(Invoice.issued_at.is_not(None), Invoice.corrected_at.is_(None), ~printed, ~in_hand)
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} was never printed." for business, invoice in rows]


INVARIANTS = (only_issued_invoices_are_printed, issued_invoices_are_printed)
