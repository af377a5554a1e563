"""UN/CEFACT Cross Industry Invoice: Factur-X and XRechnung (D16B), ZUGFeRD 1 before them.

The two vintages say the same with other element names; `_Vintage` is the table of those.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from decimal import Decimal

from lxml import etree

from worker.readers.arithmetic import LineSum, Sums, TaxRow
from worker.readers.einvoice import (
    CREDIT_NOTE_CODES,
    Draft,
    Party,
    amount,
    amounts,
    formatted_day,
)
from worker.readers.model import Line, Problem, Source
from worker.readers.xml_trees import Names, Node

_ROOT = re.compile(
    r"\{(urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:\d+"
    r"|urn:ferd:CrossIndustryDocument:invoice:\w+)\}(CrossIndustryInvoice|CrossIndustryDocument)"
)
_STANDARD = "urn:un:unece:uncefact:data:standard:"
_PARTS = {"ram": "ReusableAggregateBusinessInformationEntity", "udt": "UnqualifiedDataType"}
_NEWEST = "100"


@dataclass(frozen=True, slots=True)
class _Vintage:
    """The names that changed from ZUGFeRD 1 to D16B."""

    context: str = "rsm:ExchangedDocumentContext"
    document: str = "rsm:ExchangedDocument"
    transaction: str = "rsm:SupplyChainTradeTransaction"
    agreement: str = "ram:ApplicableHeaderTradeAgreement"
    settlement: str = "ram:ApplicableHeaderTradeSettlement"
    totals: str = "ram:SpecifiedTradeSettlementHeaderMonetarySummation"
    contract: str = "ram:ContractReferencedDocument/ram:IssuerAssignedID"
    preceding: str = "ram:InvoiceReferencedDocument/ram:IssuerAssignedID"
    rate: str = "ram:RateApplicablePercent"
    line_agreement: str = "ram:SpecifiedLineTradeAgreement"
    line_delivery: str = "ram:SpecifiedLineTradeDelivery"
    line_settlement: str = "ram:SpecifiedLineTradeSettlement"
    line_totals: str = "ram:SpecifiedTradeSettlementLineMonetarySummation"


_D16B = _Vintage()
_ZUGFERD_1 = _Vintage(
    context="rsm:SpecifiedExchangedDocumentContext",
    document="rsm:HeaderExchangedDocument",
    transaction="rsm:SpecifiedSupplyChainTradeTransaction",
    agreement="ram:ApplicableSupplyChainTradeAgreement",
    settlement="ram:ApplicableSupplyChainTradeSettlement",
    totals="ram:SpecifiedTradeSettlementMonetarySummation",
    contract="ram:ContractReferencedDocument/ram:ID",
    preceding="ram:InvoiceReferencedDocument/ram:ID",
    rate="ram:ApplicablePercent",
    line_agreement="ram:SpecifiedSupplyChainTradeAgreement",
    line_delivery="ram:SpecifiedSupplyChainTradeDelivery",
    line_settlement="ram:SpecifiedSupplyChainTradeSettlement",
    line_totals="ram:SpecifiedTradeSettlementMonetarySummation",
)


def is_cii(tag: str) -> bool:
    """Whether the root element is one of a Cross Industry Invoice."""
    return _ROOT.fullmatch(tag) is not None


def read(root: etree._Element) -> Draft:
    """The terms that the document states."""
    problems: list[Problem] = []
    node = Node(root, _names(root), problems)
    vintage = _ZUGFERD_1 if node.name == "CrossIndustryDocument" else _D16B
    transaction = f"{vintage.transaction}/"
    draft = Draft(Source.CII, is_zugferd_1=vintage is _ZUGFERD_1, problems=problems)
    _read_header(node, vintage, draft)
    if agreement := node.first(transaction + vintage.agreement):
        draft.seller = _party(agreement.first("ram:SellerTradeParty"))
        draft.buyer = _party(agreement.first("ram:BuyerTradeParty"))
        draft.buyer_reference = agreement.text("ram:BuyerReference")
        draft.contract = agreement.text(vintage.contract)
    rows = list(node.all(f"{transaction}ram:IncludedSupplyChainTradeLineItem"))
    draft.lines = tuple(_line(row, vintage) for row in rows)
    if settlement := node.first(transaction + vintage.settlement):
        _read_settlement(settlement, vintage, draft)
        sums = (_line_sum(row, line, vintage) for row, line in zip(rows, draft.lines, strict=True))
        draft.sums = replace(draft.sums, lines=tuple(sums))
    return draft


def _names(root: etree._Element) -> Names:
    """The namespaces that this document uses: their last number is the version."""
    namespaces = {"rsm": str(etree.QName(root).namespace)}
    for prefix, part in _PARTS.items():
        used = (uri for e in root.iter(etree.Element) if (uri := etree.QName(e).namespace))
        family = f"{_STANDARD}{part}:"
        namespaces[prefix] = next((u for u in used if u.startswith(family)), family + _NEWEST)
    return Names(namespaces)


def _read_header(node: Node, vintage: _Vintage, draft: Draft) -> None:
    guideline = "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    draft.profile = node.text(f"{vintage.context}/{guideline}")
    draft.number = node.only(f"{vintage.document}/ram:ID")
    draft.type_code = node.only(f"{vintage.document}/ram:TypeCode")
    draft.is_credit_note = draft.type_code in CREDIT_NOTE_CODES
    draft.issue_date = _first_day(node, f"{vintage.document}/ram:IssueDateTime")


def _read_settlement(node: Node, vintage: _Vintage, draft: Draft) -> None:
    totals = node.first(vintage.totals)
    draft.currency = node.only("ram:InvoiceCurrencyCode")
    if draft.currency is None and totals:
        payable = totals.first("ram:DuePayableAmount") or totals.first("ram:GrandTotalAmount")
        draft.currency = payable.attribute("currencyID") if payable else None
    draft.has_payment_means = node.first("ram:SpecifiedTradeSettlementPaymentMeans") is not None
    draft.payment_reference = node.text("ram:PaymentReference")
    draft.preceding = tuple(node.texts(vintage.preceding))
    draft.iban = node.text(
        "ram:SpecifiedTradeSettlementPaymentMeans/ram:PayeePartyCreditorFinancialAccount/ram:IBANID",
        "ram:SpecifiedTradeSettlementPaymentMeans/ram:PayeePartyCreditorFinancialAccount/ram:ProprietaryID",
    )
    terms = "ram:SpecifiedTradePaymentTerms"
    draft.due_date = _first_day(node, f"{terms}/ram:DueDateDateTime")
    draft.has_terms = bool(node.texts(f"{terms}/ram:Description"))
    if totals:
        draft.sums = _sums(node, totals, vintage, draft.currency)


def _first_day(node: Node, path: str) -> dt.date | None:
    """The first day at the path. An instalment plan of the EXTENDED profile has several."""
    for inner in ("udt:DateTimeString", "udt:DateTime", "udt:DateString"):
        for stated in node.all(f"{path}/{inner}"):
            if found := formatted_day(stated):
                return found
    return None


def _party(node: Node | None) -> Party:
    if node is None:
        return Party()
    vat_id = _tax_id(node)
    organization = "ram:SpecifiedLegalOrganization"
    return Party(
        name=node.text("ram:Name", f"{organization}/ram:TradingBusinessName"),
        vat_id=vat_id,
        number=node.text("ram:ID", "ram:GlobalID"),
        email=_email(node),
        country=node.text("ram:PostalTradeAddress/ram:CountryID"),
        has_address=node.first("ram:PostalTradeAddress") is not None,
        has_contact=node.first("ram:DefinedTradeContact") is not None,
        is_identified=bool(vat_id or node.text("ram:ID", "ram:GlobalID", f"{organization}/ram:ID")),
    )


def _tax_id(party: Node) -> str | None:
    """The VAT identifier (BT-31, BT-48); another tax registration only where there is none."""
    other = None
    for stated in party.all("ram:SpecifiedTaxRegistration/ram:ID"):
        if stated.attribute("schemeID") == "VA" and stated.own_text():
            return stated.own_text()
        other = other or stated.own_text()
    return other


def _email(party: Node) -> str | None:
    contact = "ram:DefinedTradeContact/ram:EmailURIUniversalCommunication/ram:"
    if found := party.text(f"{contact}URIID", f"{contact}CompleteNumber"):
        return found
    for stated in party.all("ram:URIUniversalCommunication/ram:URIID"):
        if stated.attribute("schemeID") == "EM":
            return stated.own_text()
    return None


def _line(node: Node, vintage: _Vintage) -> Line:
    quantity_path = f"{vintage.line_delivery}/ram:BilledQuantity"
    quantity = node.first(quantity_path)
    settlement = vintage.line_settlement
    rates = amounts(node, f"{settlement}/ram:ApplicableTradeTax/{vintage.rate}")
    price = f"{vintage.line_agreement}/ram:NetPriceProductTradePrice/ram:ChargeAmount"
    return Line(
        position=node.text("ram:AssociatedDocumentLineDocument/ram:LineID"),
        name=node.text("ram:SpecifiedTradeProduct/ram:Name"),
        description=node.text("ram:SpecifiedTradeProduct/ram:Description"),
        quantity=amount(node, quantity_path),
        unit=quantity.attribute("unitCode") if quantity else None,
        unit_price=amount(node, price),
        tax_rate=next(iter(rates), None),
        net_amount=amount(node, f"{settlement}/{vintage.line_totals}/ram:LineTotalAmount"),
    )


def _line_sum(node: Node, line: Line, vintage: _Vintage) -> LineSum:
    document = "ram:AssociatedDocumentLineDocument"
    status = node.text(f"{document}/ram:LineStatusReasonCode")
    settlement = node.first(vintage.line_settlement)
    allowances, charges = _allowances_and_charges(settlement) if settlement else ((), ())
    return LineSum(
        position=line.position,
        quantity=line.quantity,
        price=line.unit_price,
        price_base=_price_base(node, vintage),
        allowances=allowances,
        charges=charges,
        net=line.net_amount,
        parent=node.text(f"{document}/ram:ParentLineID"),
        is_group=status == "GROUP",
        # Of nested lines (EXTENDED) only the details are in the total.
        counts=status in (None, "DETAIL"),
    )


def _price_base(node: Node, vintage: _Vintage) -> Decimal | None:
    price = f"{vintage.line_agreement}/ram:NetPriceProductTradePrice"
    return amount(node, f"{price}/ram:BasisQuantity")


def _sums(node: Node, totals: Node, vintage: _Vintage, currency: str | None) -> Sums:
    allowances, charges = _allowances_and_charges(node)
    return Sums(
        currency=currency,
        line_total=amount(totals, "ram:LineTotalAmount"),
        allowances=allowances,
        allowance_total=amount(totals, "ram:AllowanceTotalAmount"),
        charges=charges,
        charge_total=amount(totals, "ram:ChargeTotalAmount"),
        net_total=amount(totals, "ram:TaxBasisTotalAmount"),
        taxes=tuple(_tax_row(row, vintage) for row in node.all("ram:ApplicableTradeTax")),
        tax_total=_tax_total(totals, currency),
        grand_total=amount(totals, "ram:GrandTotalAmount"),
        prepaid=amount(totals, "ram:TotalPrepaidAmount"),
        rounding=amount(totals, "ram:RoundingAmount"),
        payable=amount(totals, "ram:DuePayableAmount"),
    )


def _tax_total(totals: Node, currency: str | None) -> Decimal | None:
    """BT-110; a second one in the seller's own currency may stand beside it."""
    stated = list(totals.all("ram:TaxTotalAmount"))
    for candidate in stated:
        if candidate.attribute("currencyID") in (None, currency):
            return amount(candidate, ".")
    return amount(stated[0], ".") if stated else None


def _tax_row(node: Node, vintage: _Vintage) -> TaxRow:
    return TaxRow(
        basis=amount(node, "ram:BasisAmount"),
        amount=amount(node, "ram:CalculatedAmount"),
        rate=amount(node, vintage.rate),
        category=node.text("ram:CategoryCode"),
        kind=node.text("ram:TypeCode"),
        exemption=node.text("ram:ExemptionReason", "ram:ExemptionReasonCode"),
    )


def _allowances_and_charges(
    node: Node,
) -> tuple[tuple[Decimal | None, ...], tuple[Decimal | None, ...]]:
    allowances: list[Decimal | None] = []
    charges: list[Decimal | None] = []
    for row in node.all("ram:SpecifiedTradeAllowanceCharge"):
        is_charge = row.text("ram:ChargeIndicator/udt:Indicator") in ("true", "1")
        (charges if is_charge else allowances).append(amount(row, "ram:ActualAmount"))
    # Freight of the EXTENDED profile counts as a charge.
    charges += amounts(node, "ram:SpecifiedLogisticsServiceCharge/ram:AppliedAmount")
    return tuple(allowances), tuple(charges)
