"""What a PDF template is given: the shape of `context` for `invoice` and `payment_sheet`.

Whoever orders a document fills these values; `Sheet.context()` is the plain JSON that a template
sees under the same names. Money is `{"minor": 124050, "currency": "EUR"}` for the filter `money`,
a day is ISO text for `day`, a quantity, price or rate is decimal text for `number`, `price` and
`rate`. Nothing in here is computed: a document shows what the invoice says.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from worker.kernel.money import Money


@dataclass(frozen=True, slots=True)
class BusinessFace:
    """The seller as its documents show it.

    `logo` is a `data:` address of a PNG, JPEG or SVG, or a path in the template set such as
    `assets/logo.png`. `colour` is `#rrggbb`; a colour too light to read is darkened for text.
    """

    name: str
    legal_name: str | None = None
    address_lines: tuple[str, ...] = ()
    vat_id: str | None = None
    email: str | None = None
    phone: str | None = None
    website: str | None = None
    logo: str | None = None
    colour: str = "#1f3a5f"
    iban: str | None = None
    bic: str | None = None
    bank_name: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerFace:
    """The buyer as the document addresses it."""

    name: str
    address_lines: tuple[str, ...] = ()
    vat_id: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the invoice. `unit` is as written there; `tax_rate` in percent."""

    name: str
    position: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    tax_rate: Decimal | None = None
    net: Money | None = None


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One rate in the tax summary. With no rows the sheet shows the sum of tax alone."""

    net: Money
    tax: Money
    rate: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CreditedFace:
    """An invoice that a credit was set against, how much of it, and what is still to pay there."""

    number: str
    amount: Money
    still_to_pay: Money


@dataclass(frozen=True, slots=True)
class CreditFace:
    """What a document gives back, never less than nothing, and what became of it."""

    amount: Money
    against: tuple[CreditedFace, ...] = ()
    to_balance: Money | None = None


@dataclass(frozen=True, slots=True)
class InvoiceFace:
    """The invoice as the document shows it. `total` is with tax and before prepayment.

    `doc_type` is `invoice`, `credit_note` or `credit_request`. With `credit` it gives money back
    and asks for none.
    """

    number: str
    issue_on: date
    currency: str
    total: Money
    still_to_pay: Money
    customer: CustomerFace
    due_on: date | None = None
    doc_type: str = "invoice"
    lines: tuple[SheetLine, ...] = ()
    net: Money | None = None
    tax: Money | None = None
    taxes: tuple[TaxRow, ...] = ()
    prepaid: Money | None = None
    payment_reference: str | None = None
    notes: tuple[str, ...] = ()
    credit: CreditFace | None = None


@dataclass(frozen=True, slots=True)
class LinkFace:
    """The pay link; without one (a credit note, a paid invoice) there is no button and no code."""

    url: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a PDF template is given. `language` is a tag such as `de` or `en-US`.

    The picture `qr.png` opens the link; with `has_transfer_code`, where there is no link, it fills
    in a bank transfer.
    """

    language: str
    business: BusinessFace
    invoice: InvoiceFace
    link: LinkFace | None = None
    has_transfer_code: bool = False

    def context(self) -> dict[str, Any]:
        """The sheet as plain JSON, names unchanged."""
        plain: dict[str, Any] = _plain(self)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
