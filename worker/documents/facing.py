"""From the books to the values a PDF template is given. Computes nothing, invents nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from worker.businesses import Rules, transfer_code
from worker.documents.sheet import (
    BusinessFace,
    CreditFace,
    CustomerFace,
    InvoiceFace,
    LinkFace,
    Sheet,
    SheetLine,
)
from worker.invoices import Invoice
from worker.kernel.money import Money, NotMoney
from worker.readers.model import Invoice as Document
from worker.readers.model import Line

# UN/ECE Recommendation 20, as EN 16931 has units: the codes that a reader would not understand.
_PIECES = ("C62", "H87", "EA", "XPP", "NAR", "PCE")
_UNITS: dict[str, str | None] = {
    "HUR": "h",
    "MIN": "min",
    "DAY": "d",
    "KGM": "kg",
    "GRM": "g",
    "TNE": "t",
    "LTR": "l",
    "MTR": "m",
    "KMT": "km",
    "MTK": "m²",
    "MTQ": "m³",
    "KWH": "kWh",
    **dict.fromkeys(_PIECES),
}


def sheet(
    rules: Rules,
    invoice: Invoice,
    still_to_pay: Money,
    *,
    language: str,
    url: str | None,
    credit: CreditFace | None = None,
) -> Sheet:
    """The whole context for one invoice, or with `credit` for one that gives money back."""
    return Sheet(
        language=language,
        business=business_face(rules),
        invoice=replace(_invoice_face(invoice, still_to_pay), credit=credit),
        link=LinkFace(url) if url else None,
        has_transfer_code=url is None
        and transfer_code(rules, still_to_pay, reference_of(invoice)) is not None,
    )


def reference_of(invoice: Invoice) -> str:
    """What a transfer for this invoice names."""
    stated = Document.model_validate(invoice.reading).payment_reference
    return stated or invoice.number


def business_face(rules: Rules) -> BusinessFace:
    """The seller as its papers show it."""
    return BusinessFace(
        name=rules.name,
        legal_name=rules.legal_name or None,
        address_lines=rules.address,
        vat_id=rules.vat_id or None,
        email=rules.email or None,
        phone=rules.phone or None,
        website=rules.website or None,
        logo=f"assets/{rules.documents.logo}" if rules.documents.logo else None,
        colour=rules.documents.colour,
        iban=rules.bank.iban or None,
        bic=rules.bank.bic or None,
        bank_name=rules.bank.name or None,
    )


def _invoice_face(invoice: Invoice, still_to_pay: Money) -> InvoiceFace:
    document = Document.model_validate(invoice.reading)
    code = invoice.currency
    grand_total = _money(document.grand_total, code)
    return InvoiceFace(
        number=invoice.number,
        issue_on=invoice.issue_on or invoice.received_at.date(),
        currency=code,
        total=invoice.total if grand_total is None else grand_total,
        still_to_pay=still_to_pay,
        customer=CustomerFace(
            name=document.buyer.name or invoice.recipient or "",
            vat_id=document.buyer.vat_id,
            number=document.buyer.number,
        ),
        due_on=invoice.due_on,
        doc_type=invoice.doc_type,
        lines=tuple(_line(line, code) for line in document.lines),
        net=_money(document.net_total, code),
        tax=_money(document.tax_total, code),
        prepaid=_money(document.prepaid, code),
        payment_reference=document.payment_reference,
        notes=(str(document.evidence["title"]),) if _has_title(invoice, document) else (),
    )


def _has_title(invoice: Invoice, document: Document) -> bool:
    return invoice.is_credit_request and bool(document.evidence.get("title"))


def _line(line: Line, code: str) -> SheetLine:
    return SheetLine(
        name=line.name or line.description or "",
        position=line.position,
        description=line.description if line.name else None,
        quantity=line.quantity,
        unit=_UNITS.get(line.unit or "", line.unit),
        unit_price=line.unit_price,
        tax_rate=line.tax_rate,
        net=_money(line.net_amount, code),
    )


def _money(amount: Decimal | None, code: str) -> Money | None:
    if amount is None:
        return None
    try:
        return Money.of(amount, code)
    except NotMoney:
        # A line may be finer than the currency; what cannot be shown exactly is not shown.
        return None
