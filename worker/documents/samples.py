"""Documents that never were: what a template tree is tried with before it is published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from worker.businesses import Rules
from worker.documents.facing import business_face
from worker.documents.ports import PrintOrder
from worker.documents.rendering import Look
from worker.documents.sheet import (
    CreditedFace,
    CreditFace,
    CustomerFace,
    InvoiceFace,
    LinkFace,
    Sheet,
    SheetLine,
)
from worker.kernel.money import Money

_URL = "https://pay.example.com/l/sample"


def samples(rules: Rules, look: Look) -> list[PrintOrder]:
    """Orders for every PDF template in every language."""
    return (
        [
            PrintOrder(
                template=template,
                template_dir=look.folder,
                set_hash=look.set_hash,
                context=_sheet(rules, language).context(),
                qr_text=_URL,
                must_show=("SAMPLE-1",),
                must_link=_URL,
            )
            for template in ("invoice", "payment_sheet", "credit_request")
            for language in ("en", "de")
        ]
        + [
            PrintOrder(
                template=template,
                template_dir=look.folder,
                set_hash=look.set_hash,
                context=_sheet(rules, "en", has_link=False).context(),
                qr_text="SAMPLE",
                must_show=("SAMPLE-1",),
            )
            for template in ("invoice", "payment_sheet")
        ]
        + [
            PrintOrder(
                template=template,
                template_dir=look.folder,
                set_hash=look.set_hash,
                context=_credit(rules, language).context(),
                must_show=("SAMPLE-1",),
            )
            for template in ("invoice", "credit_note")
            for language in ("en", "de")
        ]
    )


def _credit(rules: Rules, language: str) -> Sheet:
    """A credit note, set against an invoice that was paid in part: the rest is balance."""
    plain = _sheet(rules, language, has_link=False)
    amount, nothing = Money(11900, rules.currency), Money(0, rules.currency)
    against = CreditedFace("SAMPLE-0", Money(10000, rules.currency), nothing)
    credit = CreditFace(amount, (against,), Money(1900, rules.currency))
    face = replace(plain.invoice, still_to_pay=nothing, doc_type="credit_note", credit=credit)
    return replace(plain, invoice=face, has_transfer_code=False)


def _sheet(rules: Rules, language: str, *, has_link: bool = True) -> Sheet:
    code = rules.currency
    amount = Money(11900, code)
    line = SheetLine(name="Sample", quantity=Decimal(1), unit_price=Decimal(100), net=amount)
    return Sheet(
        language=language,
        business=business_face(rules),
        invoice=InvoiceFace(
            number="SAMPLE-1",
            issue_on=date(2026, 1, 31),
            due_on=date(2026, 2, 14),
            currency=code,
            total=amount,
            still_to_pay=amount,
            customer=CustomerFace(name="Sample & Sons <Ltd>"),
            lines=(line,),
            net=amount,
            payment_reference="SAMPLE-1",
        ),
        link=LinkFace(_URL) if has_link else None,
        has_transfer_code=not has_link,
    )
