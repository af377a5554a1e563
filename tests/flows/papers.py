"""Invoices and the mails that forward them, made for a test: sums right unless asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from typing import Literal, Self

_UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-11-02</cbc:IssueDate>
<cbc:DueDate>2026-12-02</cbc:DueDate>
<cbc:InvoiceTypeCode>{type_code}</cbc:InvoiceTypeCode>
<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cbc:BuyerReference>{buyer_number}</cbc:BuyerReference>{reference}
<cac:AccountingSupplierParty><cac:Party>
<cac:PostalAddress><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>DE123456788</cbc:CompanyID>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>Northlight Lampen GmbH</cbc:RegistrationName>
</cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>
<cac:PartyIdentification><cbc:ID>{buyer_number}</cbc:ID></cac:PartyIdentification>
<cac:PostalAddress><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>{buyer_vat_id}</cbc:CompanyID>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>{buyer}</cbc:RegistrationName></cac:PartyLegalEntity>
<cac:Contact><cbc:ElectronicMail>{buyer_email}</cbc:ElectronicMail></cac:Contact>
</cac:Party></cac:AccountingCustomerParty>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">{tax}</cbc:TaxAmount>
<cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">{net}</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="EUR">{tax}</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal>
<cbc:LineExtensionAmount currencyID="EUR">{net}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="EUR">{net}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="EUR">{gross}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="EUR">{gross}</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="EUR">{net}</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>Reading lamp, oak</cbc:Name>
<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="EUR">{net}</cbc:PriceAmount></cac:Price>
</cac:InvoiceLine></Invoice>
"""
_REFERENCE = (
    "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{}</cbc:ID>"
    "</cac:InvoiceDocumentReference></cac:BillingReference>"
)

_numbers = count(1)
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Paper:
    """One invoice as UBL, or with `credits` a credit note. `wrong_by` breaks the sum with tax."""

    number: str = field(default_factory=lambda: f"F-{next(_numbers):04d}")
    net: Decimal = Decimal("100.00")
    buyer: str = "Brightwater Interiors GmbH"
    buyer_number: str = "K-1003"
    buyer_vat_id: str = "DE297562840"
    buyer_email: str = "accounts@brightwater.example"
    wrong_by: Decimal = Decimal("0.00")
    credits: str = ""

    @property
    def gross(self) -> Decimal:
        """What is to be paid."""
        return self.net + self._tax + self.wrong_by

    def xml(self) -> bytes:
        """The document."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        facts["type_code"] = "381" if self.credits else "380"
        facts["reference"] = _REFERENCE.format(self.credits) if self.credits else ""
        return _UBL.format(**facts, tax=self._tax, gross=self.gross).encode()

    def but(self, **changes: object) -> Self:
        """The same invoice with something else in it."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def _tax(self) -> Decimal:
        return (self.net * Decimal("0.19")).quantize(_CENT, ROUND_HALF_UP)


def stranger(**changes: object) -> Paper:
    """An invoice to somebody who is not on file."""
    return Paper(
        buyer="Hafen Kontor eG",
        buyer_number="K-9000",
        buyer_vat_id="DE136695976",
        buyer_email="rechnung@hafenkontor.example",
    ).but(**changes)


@dataclass(frozen=True)
class Forward:
    """A mail from the bookkeeper with files in it."""

    files: dict[str, bytes]
    note: str = "Please send this out."
    sender: str = "Mara Lindqvist <mara@northlight.example>"
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """The mail as bytes."""
        message = EmailMessage(policy=SMTP)
        for name, value in self.headers.items():
            message[name] = value
        message["From"] = self.sender
        message["To"] = "invoices@northlight.example"
        message["Subject"] = "Fwd: " + ", ".join(self.files)
        message["Date"] = "Mon, 02 Nov 2026 09:00:00 +0100"
        message["Message-ID"] = f"<forward-{next(_numbers)}@northlight.example>"
        message.set_content(self.note + "\n")
        for name, content in self.files.items():
            kind = {"xml": "xml", "pdf": "pdf"}.get(name.rpartition(".")[2], "octet-stream")
            message.add_attachment(content, "application", kind, filename=name)
        return message.as_bytes()


def forward(paper: Paper, **how: object) -> Forward:
    """A forward of one invoice."""
    return Forward({f"{paper.number}.xml": paper.xml()}, **how)  # type: ignore[arg-type]


def reply(
    to: EmailMessage,
    text: str,
    *,
    sender: str = Forward.sender,
    headers: dict[str, str] | None = None,
) -> bytes:
    """An answer to a mail of ours as a mail program writes it, with our words quoted below."""
    message = EmailMessage(policy=SMTP)
    for name, value in (headers or {}).items():
        message[name] = value
    message["From"] = sender
    message["To"] = to["Reply-To"]
    message["Subject"] = f"Re: {to['Subject']}"
    message["Date"] = "Mon, 02 Nov 2026 09:30:00 +0100"
    message["Message-ID"] = f"<reply-{next(_numbers)}@northlight.example>"
    message["In-Reply-To"] = message["References"] = str(to["Message-ID"])
    quoted = "\n".join(f"> {line}" for line in words_of(to).splitlines())
    message.set_content(f"{text}\n\nOn Mon, 2 Nov 2026 at 09:00, {to['From']} wrote:\n{quoted}\n")
    return message.as_bytes()


TextKind = Literal["plain", "html"]


def words_of(email: EmailMessage, kind: TextKind = "plain") -> str:
    """What is written in a mail, as plain text or as a page."""
    body = email.get_body((kind,))
    assert body is not None, email.as_string()
    return str(body.get_content())


def bounce(to: str, message_id: str, recipient: str) -> bytes:
    """A delivery report in the standard's form (RFC 3464) about one mail of ours."""
    return f"""Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: {to}
Delivered-To: {to}
Subject: Undelivered mail
Date: Mon, 02 Nov 2026 10:00:00 +0100
Message-ID: <report-{next(_numbers)}@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<{recipient}>: 550 5.1.1 no such user

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
To: {recipient}

--b--
""".replace("\n", "\r\n").encode()
