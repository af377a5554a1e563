"""UBL 2.x Invoice and CreditNote: the terms of EN 16931, and those of plain UBL behind them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from lxml import etree

from worker.readers.arithmetic import LineSum, Sums, TaxRow
from worker.readers.einvoice import CREDIT_NOTE_CODES, Draft, Party, amount, amounts, day
from worker.readers.model import Line, Problem, Source
from worker.readers.xml_trees import Names, Node

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ROOTS = frozenset({f"{{{_UBL}Invoice-2}}Invoice", f"{{{_UBL}CreditNote-2}}CreditNote"})
_NAMES = Names(
    {
        "cac": f"{_UBL}CommonAggregateComponents-2",
        "cbc": f"{_UBL}CommonBasicComponents-2",
    }
)
_TOTALS = "cac:LegalMonetaryTotal/cbc:"


def read(root: etree._Element) -> Draft:
    """The terms that the document states."""
    problems: list[Problem] = []
    node = Node(root, _NAMES, problems)
    draft = Draft(Source.UBL, problems=problems)
    draft.profile = node.text("cbc:CustomizationID")
    draft.is_credit_note = node.name == "CreditNote"
    draft.type_code = node.only("cbc:InvoiceTypeCode") or node.only("cbc:CreditNoteTypeCode")
    # A UBL Invoice may carry the type code of a credit note (EN 16931 allows 380 and 381 in it).
    draft.is_credit_note |= draft.type_code in CREDIT_NOTE_CODES
    draft.number = node.only("cbc:ID")
    draft.issue_date = day(node, "cbc:IssueDate")
    draft.due_date = _due(node)
    draft.has_terms = bool(node.texts("cac:PaymentTerms/cbc:Note"))
    draft.has_payment_means = node.first("cac:PaymentMeans") is not None
    draft.buyer_reference = node.text("cbc:BuyerReference")
    draft.currency = _currency(node)
    draft.seller = _party(node.first("cac:AccountingSupplierParty"))
    draft.buyer = _party(node.first("cac:AccountingCustomerParty"))
    draft.iban = node.text("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID")
    draft.payment_reference = node.text("cac:PaymentMeans/cbc:PaymentID")
    draft.contract = node.text("cac:ContractDocumentReference/cbc:ID")
    draft.preceding = tuple(node.texts("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"))
    rows = [*node.all("cac:InvoiceLine"), *node.all("cac:CreditNoteLine")]
    draft.lines = tuple(_line(row) for row in rows)
    draft.sums = _sums(node, draft, rows)
    return draft


def _due(node: Node) -> dt.date | None:
    """BT-9, which UBL's credit note has only inside the payment means or terms."""
    if due := day(node, "cbc:DueDate"):
        return due
    for path in ("cac:PaymentMeans/cbc:PaymentDueDate", "cac:PaymentTerms/cbc:PaymentDueDate"):
        # The same day stands in each of several payment means.
        if node.texts(path):
            return day(node, path)
    return None


def _currency(node: Node) -> str | None:
    if code := node.only("cbc:DocumentCurrencyCode"):
        return code
    payable = node.first(f"{_TOTALS}PayableAmount")
    return payable.attribute("currencyID") if payable else None


def _party(node: Node | None) -> Party:
    inner = node.first("cac:Party") if node else None
    if node is None or inner is None:
        return Party()
    country = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
    # The legal name (BT-27, BT-44) before the trading name; a person where there is neither.
    name = inner.text(
        "cac:PartyLegalEntity/cbc:RegistrationName",
        "cac:PartyName/cbc:Name",
        "cac:Person/cbc:FamilyName",
        "cac:Contact/cbc:Name",
    )
    vat_id = _tax_id(inner)
    return Party(
        name=name,
        vat_id=vat_id,
        number=node.text(
            "cbc:SupplierAssignedAccountID", "cac:Party/cac:PartyIdentification/cbc:ID"
        ),
        email=_email(inner),
        country=inner.text(country),
        has_address=inner.first("cac:PostalAddress") is not None,
        has_contact=inner.first("cac:Contact") is not None,
        is_identified=bool(
            vat_id
            or inner.texts("cac:PartyIdentification/cbc:ID")
            or inner.texts("cac:PartyLegalEntity/cbc:CompanyID")
        ),
    )


def _tax_id(party: Node) -> str | None:
    """The VAT identifier (BT-31, BT-48); another tax registration only where there is none."""
    other = None
    for scheme in party.all("cac:PartyTaxScheme"):
        company = scheme.text("cbc:CompanyID")
        if company and (scheme.text("cac:TaxScheme/cbc:ID") or "").upper() == "VAT":
            return company
        other = other or company
    return other


def _email(party: Node) -> str | None:
    if found := party.text("cac:Contact/cbc:ElectronicMail"):
        return found
    endpoint = party.first("cbc:EndpointID")
    if endpoint and endpoint.attribute("schemeID") == "EM":
        return endpoint.own_text()
    return None


def _line(node: Node) -> Line:
    quantity = node.first("cbc:InvoicedQuantity") or node.first("cbc:CreditedQuantity")
    path = "cbc:InvoicedQuantity" if node.first("cbc:InvoicedQuantity") else "cbc:CreditedQuantity"
    return Line(
        position=node.text("cbc:ID"),
        name=node.text("cac:Item/cbc:Name"),
        description=node.text("cac:Item/cbc:Description"),
        quantity=amount(node, path),
        unit=quantity.attribute("unitCode") if quantity else None,
        unit_price=amount(node, "cac:Price/cbc:PriceAmount"),
        tax_rate=next(iter(amounts(node, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent")), None),
        net_amount=amount(node, "cbc:LineExtensionAmount"),
    )


def _line_sum(node: Node, line: Line) -> LineSum:
    allowances, charges = _allowances_and_charges(node)
    return LineSum(
        position=line.position,
        quantity=line.quantity,
        price=line.unit_price,
        price_base=amount(node, "cac:Price/cbc:BaseQuantity"),
        allowances=allowances,
        charges=charges,
        net=line.net_amount,
    )


def _sums(node: Node, draft: Draft, rows: list[Node]) -> Sums:
    allowances, charges = _allowances_and_charges(node)
    tax = _document_tax(node, draft.currency)
    return Sums(
        currency=draft.currency,
        lines=tuple(_line_sum(row, line) for row, line in zip(rows, draft.lines, strict=True)),
        line_total=amount(node, f"{_TOTALS}LineExtensionAmount"),
        allowances=allowances,
        allowance_total=amount(node, f"{_TOTALS}AllowanceTotalAmount"),
        charges=charges,
        charge_total=amount(node, f"{_TOTALS}ChargeTotalAmount"),
        net_total=amount(node, f"{_TOTALS}TaxExclusiveAmount"),
        taxes=tuple(_tax_row(row) for row in tax.all("cac:TaxSubtotal")) if tax else (),
        tax_total=amount(tax, "cbc:TaxAmount") if tax else None,
        grand_total=amount(node, f"{_TOTALS}TaxInclusiveAmount"),
        prepaid=amount(node, f"{_TOTALS}PrepaidAmount"),
        rounding=amount(node, f"{_TOTALS}PayableRoundingAmount"),
        third_party=_third_party(node, draft),
        payable=amount(node, f"{_TOTALS}PayableAmount"),
    )


def _document_tax(node: Node, currency: str | None) -> Node | None:
    """The tax total (BT-110) in the document's currency; another may follow in the seller's own."""
    totals = list(node.all("cac:TaxTotal"))
    for total in totals:
        stated = total.first("cbc:TaxAmount")
        if stated and stated.attribute("currencyID") in (None, currency):
            return total
    return totals[0] if totals else None


def _tax_row(node: Node) -> TaxRow:
    category = node.first("cac:TaxCategory")
    return TaxRow(
        basis=amount(node, "cbc:TaxableAmount"),
        amount=amount(node, "cbc:TaxAmount"),
        rate=(amount(category, "cbc:Percent") if category else None) or amount(node, "cbc:Percent"),
        category=category.text("cbc:ID") if category else None,
        kind=category.text("cac:TaxScheme/cbc:ID") if category else None,
        exemption=category.text("cbc:TaxExemptionReason", "cbc:TaxExemptionReasonCode")
        if category
        else None,
    )


def _allowances_and_charges(
    node: Node,
) -> tuple[tuple[Decimal | None, ...], tuple[Decimal | None, ...]]:
    by_indicator: dict[str, list[Decimal | None]] = {"false": [], "true": []}
    for row in node.all("cac:AllowanceCharge"):
        indicator = {"0": "false", "1": "true"}.get(
            flag := row.text("cbc:ChargeIndicator") or "", flag
        )
        by_indicator.setdefault(indicator, []).append(amount(row, "cbc:Amount"))
    return tuple(by_indicator["false"]), tuple(by_indicator["true"])


def _third_party(node: Node, draft: Draft) -> Decimal | None:
    """Payments collected for third parties (BT-DEX-002), which only XRechnung's extension adds.

    Elsewhere the same element lists what `PrepaidAmount` already holds.
    """
    if "extension:xrechnung" not in (draft.profile or ""):
        return None
    paid = amounts(node, "cac:PrepaidPayment/cbc:PaidAmount")
    return sum((part for part in paid if part is not None), Decimal(0)) if paid else None
