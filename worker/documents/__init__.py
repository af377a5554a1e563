"""Desk: an invoice to PDF bytes, frozen."""

from worker.documents.facing import reference_of
from worker.documents.model import Document
from worker.documents.ports import Attachment, Press, Printed, PrintOrder
from worker.documents.rendering import (
    Look,
    credit_face,
    freeze,
    keep,
    language_of,
    of_invoice,
    open_of,
    order,
    pdf_of,
)
from worker.documents.samples import samples

__all__ = [
    "Attachment",
    "Document",
    "Look",
    "Press",
    "PrintOrder",
    "Printed",
    "credit_face",
    "freeze",
    "keep",
    "language_of",
    "of_invoice",
    "open_of",
    "order",
    "pdf_of",
    "reference_of",
    "samples",
]
