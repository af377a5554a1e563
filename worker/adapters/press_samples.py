"""Made-up sheets that a press is warmed up with, and that tests and the bench print.

They show all that an invoice can have, or nothing that it can do without. Amounts add up, since
somebody will look at them.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from decimal import Decimal

from worker.documents.ports import PrintOrder
from worker.documents.sheet import (
    BusinessFace,
    CustomerFace,
    InvoiceFace,
    LinkFace,
    Sheet,
    SheetLine,
    TaxRow,
)
from worker.kernel.money import Money, total

_RATE = Decimal(19)
_URL = "https://pay.example.com/l/4f7d2a9c0b6e1d3f8a5c7e9b2d4f6a8c"
_WARES = (
    ("Precision bracket, anodised", "Drawing 2041-B, batch 7", "pcs", 18, "24.90"),
    ("Consulting, senior engineer", None, "h", 6, "118.00"),
    ("Annual support contract", "October 2026 to September 2027", None, 1, "960.00"),
    ("Hydraulic valve kit", "Replaces HV-330", "pcs", 4, "173.45"),
    ("Calibration on site", None, "h", 3, "95.00"),
    ("Cable, by the metre", None, "m", 250, "0.385"),
    ("Replacement sensor module", "Serial numbers on the delivery note", "pcs", 2, "410.20"),
    ("Freight and handling", None, None, 1, "38.50"),
    ("Training workshop", "Two days, up to eight people", None, 1, "1450.00"),
    ("Software licence, renewal", None, "seats", 12, "29.00"),
)


def full_sheet(*, lines: int = 10, language: str = "en") -> Sheet:
    """An invoice of so many lines with everything on it that an invoice can have."""
    rows = tuple(_line(number) for number in range(lines))
    net = total((row.net for row in rows if row.net is not None), "EUR")
    tax = net.rate(_RATE / 100)
    invoice = InvoiceFace(
        number="RE-2026-00417",
        issue_on=date(2026, 11, 22),
        due_on=date(2026, 12, 6),
        currency="EUR",
        customer=_CUSTOMER,
        lines=rows,
        net=net,
        tax=tax,
        taxes=(TaxRow(net, tax, _RATE),),
        total=net + tax,
        still_to_pay=net + tax,
        payment_reference="RE-2026-00417",
        notes=("Payment within 14 days without deduction.",),
    )
    return Sheet(language, _BUSINESS, invoice, LinkFace(_URL))


def bare_sheet(*, language: str = "en") -> Sheet:
    """A credit note with nothing on it that it can do without, and nothing to pay."""
    amount = Money(-4200, "EUR")
    invoice = InvoiceFace(
        number="7",
        doc_type="credit_note",
        issue_on=date(2026, 11, 22),
        currency="EUR",
        customer=CustomerFace("Example Ltd"),
        total=amount,
        still_to_pay=amount,
        lines=(SheetLine("Returned goods"),),
    )
    return Sheet(language, BusinessFace("Example & Sons"), invoice)


def sample_order(
    sheet: Sheet, template: str, *, template_dir: str, set_hash: str = "shipped"
) -> PrintOrder:
    """The order that prints a sheet and checks that it shows its number and carries its link."""
    url = sheet.link.url if sheet.link else None
    return PrintOrder(
        template=template,
        template_dir=template_dir,
        set_hash=set_hash,
        context=sheet.context(),
        qr_text=url,
        must_show=(sheet.invoice.number,),
        must_link=url,
    )


def warming_orders(template_dir: str) -> tuple[PrintOrder, ...]:
    """One order for each document, in different languages."""
    return tuple(
        sample_order(full_sheet(language=language), template, template_dir=template_dir)
        for template, language in (("invoice", "de"), ("payment_sheet", "en"))
    )


def _line(number: int) -> SheetLine:
    name, description, unit, quantity, price = _WARES[number % len(_WARES)]
    return SheetLine(
        position=str(number + 1),
        name=name,
        description=description,
        quantity=Decimal(quantity),
        unit=unit,
        unit_price=Decimal(price),
        tax_rate=_RATE,
        net=Money.of(Decimal(price) * quantity, "EUR"),
    )


_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 236 60" width="236" height="60">
<path d="M30 4 56 52 30 42 4 52Z" fill="#0b6e4f"/><path d="M30 4 30 42 4 52Z" fill="#12a074"/>
<g fill="#12352b"><rect x="72" y="14" width="150" height="11" rx="5.5"/>
<rect x="72" y="33" width="104" height="11" rx="5.5"/></g></svg>"""
_BUSINESS = BusinessFace(
    name="Nordlicht Werkzeuge",
    legal_name="Nordlicht Werkzeuge GmbH",
    address_lines=("Hafenstraße 12", "20457 Hamburg", "Germany"),
    vat_id="DE123456789",
    email="rechnung@nordlicht.example",
    phone="+49 40 0000000",
    website="nordlicht.example",
    logo=f"data:image/svg+xml;base64,{b64encode(_LOGO.encode()).decode('ascii')}",
    colour="#0b6e4f",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    bank_name="Beispielbank",
)
_CUSTOMER = CustomerFace(
    name="Ünal & Søn GmbH",
    address_lines=("Gewerbeallee 4", "10115 Berlin", "Germany"),
    vat_id="DE987654321",
    number="K-10042",
)
