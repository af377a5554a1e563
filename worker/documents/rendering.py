"""One PDF per invoice: ordered from the books, printed by the press, frozen.

A PDF from the seller goes out behind a payment sheet, its pages as they are. An e-invoice without
a picture is printed by the business's template with the XML inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists
from sqlalchemy.orm import Session

from worker import customers, invoices, payments, store
from worker.businesses import Rules, money_text, transfer_code
from worker.documents.facing import reference_of, sheet
from worker.documents.model import Document
from worker.documents.ports import Attachment, Printed, PrintOrder
from worker.documents.sheet import CreditedFace, CreditFace
from worker.documents.xmp import factur_x, level_of
from worker.invoices import Invoice, OpenItem
from worker.kernel.errors import ReviewNeeded
from worker.kernel.events import DocumentStored
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import total
from worker.readers.model import Invoice as Reading
from worker.readers.model import Source
from worker.store import blobs, tell

_document = store.table_of(Document).c
_OPEN = store.Prepared(
    invoices.OPEN.add_columns(
        exists()
        .where(
            _document.business == bindparam("business"),
            _document.item_id == store.table_of(Invoice).c.id,
        )
        .label("is_printed")
    )
)

# Factur-X 1.0 names its file; the others are named for their syntax.
_DATA_FILES = {
    Source.CII: "factur-x.xml",
    Source.UBL: "ubl-invoice.xml",
    Source.FATTURAPA: "fatturapa.xml",
}


@dataclass(frozen=True, slots=True)
class Look:
    """The published templates on this host."""

    set_hash: str
    folder: str


def order(
    session: Session, invoice: Invoice, rules: Rules, look: Look, *, url: str | None
) -> PrintOrder:
    """What the press is to print for an invoice; reads the books, changes nothing."""
    business = BusinessKey(invoice.business)
    language = language_of(session, invoice, rules)
    owed = invoices.still_to_pay(session, invoice)
    credit = credit_face(session, invoice) if invoice.is_credit else None
    if not owed.is_positive:
        url = None
    xml = blobs.fetch(session, business, invoice.xml_sha256) if invoice.xml_sha256 else None
    behind = _picture(session, invoice, rules)
    reading = Reading.model_validate(invoice.reading)
    return PrintOrder(
        template=_template(invoice, behind),
        template_dir=look.folder,
        set_hash=look.set_hash,
        context=sheet(rules, invoice, owed, language=language, url=url, credit=credit).context(),
        qr_text=url or transfer_code(rules, owed, reference_of(invoice)),
        behind=behind,
        attachments=_embedded(xml, reading.source) if behind is None else (),
        xmp=_metadata(reading) if behind is None and xml else None,
        must_show=(invoice.number, money_text(credit.amount if credit else owed, language)),
        must_link=url,
    )


def credit_face(session: Session, note: Invoice) -> CreditFace:
    """What a credit note gives, and what it was set against."""
    business = BusinessKey(note.business)
    credited = payments.credited_by(session, business, note.id)
    items = [(a, invoices.by_id(session, business, a.item_id)) for a in credited]
    rest = -note.effect - total((a.amount for a in credited), note.currency)
    return CreditFace(
        amount=-note.effect,
        against=tuple(
            CreditedFace(item.number, a.amount, invoices.still_to_pay(session, item))
            for a, item in items
            if item is not None
        ),
        to_balance=rest if rest.is_positive else None,
    )


def _template(invoice: Invoice, behind: bytes | None) -> str:
    if invoice.is_credit_request:
        return "credit_request"
    if behind is None:
        return "invoice"
    return "credit_note" if invoice.is_credit else "payment_sheet"


def keep(
    session: Session, invoice: Invoice, printed: Printed, order: PrintOrder, *, at: datetime
) -> Document:
    """Freeze the PDF and tell; the one frozen first stays.

    Raises ReviewNeeded when the PDF does not carry this invoice's number, amount and link.
    """
    document = freeze(session, invoice, printed, order, at=at)
    tell(session, DocumentStored(BusinessKey(invoice.business), invoice.id))
    return document


def freeze(
    session: Session, invoice: Invoice, printed: Printed, order: PrintOrder, *, at: datetime
) -> Document:
    """Freeze the PDF as the face with or without the link; raises as `keep` does."""
    if printed.missing:
        raise ReviewNeeded(
            f"The PDF for invoice {invoice.id} does not show {', '.join(printed.missing)}. "
            f"Mend templates/pdf/{order.template} and run: tillmail invoices send {invoice.id}"
        )
    business = BusinessKey(invoice.business)
    with_link = order.must_link is not None
    document = of_invoice(session, business, invoice.id, with_link=with_link)
    if document is None:
        document = Document(
            business=business,
            id=new_id("doc"),
            item_id=invoice.id,
            face=order.template,
            with_link=with_link,
            pdf_sha256=blobs.keep(session, business, printed.pdf, at=at),
            pages=printed.pages,
            template_set=order.set_hash,
            frozen_at=at,
        )
        store.add(session, document)
    return document


def of_invoice(
    session: Session, business: BusinessKey, invoice_id: str, *, with_link: bool | None = None
) -> Document | None:
    """The frozen document of an invoice: the first, or the face with or without the pay link."""
    about: dict[str, object] = {"business": business, "item_id": invoice_id}
    if with_link is not None:
        about["with_link"] = with_link
    faces = store.every(session, Document, order="frozen_at, id", **about)
    return faces[0] if faces else None


def open_of(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> list[tuple[OpenItem, bool]]:
    """What a customer has to pay in a currency, and of which a document is frozen; one question."""
    about = invoices.open_for(business, customer_id, currency)
    rows = _OPEN.rows(session, about)
    return [(invoices.open_item(row, currency), bool(row[-1])) for row in rows]


def pdf_of(session: Session, document: Document) -> bytes:
    """The frozen bytes, checked against their hash."""
    return blobs.fetch(session, BusinessKey(document.business), document.pdf_sha256)


def language_of(session: Session, invoice: Invoice, rules: Rules) -> str:
    """The customer's language, else the business's."""
    customer = customers.by_id(session, BusinessKey(invoice.business), invoice.customer_id or "")
    return (customer.language if customer else None) or rules.language


def _picture(session: Session, invoice: Invoice, rules: Rules) -> bytes | None:
    """The seller's own PDF, unless the business shows e-invoices in its own template."""
    if invoice.pdf_sha256 is None:
        return None
    is_data = Reading.model_validate(invoice.reading).source in {Source.UBL, Source.CII}
    if rules.documents.face == "template" and is_data:
        return None
    return blobs.fetch(session, BusinessKey(invoice.business), invoice.pdf_sha256)


def _metadata(reading: Reading) -> bytes | None:
    if reading.source is not Source.CII:
        return None
    return factur_x(level_of(str(reading.evidence.get("profile", ""))))


def _embedded(xml: bytes | None, source: Source) -> tuple[Attachment, ...]:
    if xml is None:
        return ()
    name = _DATA_FILES.get(source, "invoice.xml")
    about = "The invoice as data"
    return (Attachment(name, "text/xml", xml, relationship="Alternative", description=about),)
