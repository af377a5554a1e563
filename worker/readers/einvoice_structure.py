"""Is an e-invoice built as its schema says: known namespaces, known parts, in their order?

The tables hold what the schemas of UBL 2.1 and CII D16B say of the parts that invoices use. Nothing
here holds an invoice: what was read is read, and a person is told that other programs may refuse
it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from worker.readers.model import Problem

_MAX_REPORTED = 5

_PARTY = (
    "ID GlobalID Name RoleCode Description SpecifiedLegalOrganization DefinedTradeContact"
    " PostalTradeAddress URIUniversalCommunication SpecifiedTaxRegistration"
)
_REFERENCE = (
    "IssuerAssignedID URIID StatusCode CopyIndicator LineID TypeCode GlobalID RevisionID Name"
    " AttachmentBinaryObject Information ReferenceTypeCode SectionName PreviousRevisionID"
    " FormattedIssueDateTime"
)
# The order of the children in CII D16B (the parts that Factur-X EXTENDED uses).
_CII = {
    "CrossIndustryInvoice": "ExchangedDocumentContext ExchangedDocument"
    " SupplyChainTradeTransaction",
    "ExchangedDocumentContext": "TestIndicator BusinessProcessSpecifiedDocumentContextParameter"
    " GuidelineSpecifiedDocumentContextParameter",
    "ExchangedDocument": "ID Name TypeCode IssueDateTime CopyIndicator LanguageID IncludedNote"
    " EffectiveSpecifiedPeriod",
    "SupplyChainTradeTransaction": "IncludedSupplyChainTradeLineItem ApplicableHeaderTradeAgreement"
    " ApplicableHeaderTradeDelivery ApplicableHeaderTradeSettlement",
    "IncludedSupplyChainTradeLineItem": "AssociatedDocumentLineDocument SpecifiedTradeProduct"
    " SpecifiedLineTradeAgreement SpecifiedLineTradeDelivery SpecifiedLineTradeSettlement",
    "SpecifiedTradeProduct": "ID GlobalID SellerAssignedID BuyerAssignedID IndustryAssignedID"
    " ModelID Name Description BatchID BrandName ModelName ApplicableProductCharacteristic"
    " DesignatedProductClassification IndividualTradeProductInstance OriginTradeCountry"
    " IncludedReferencedProduct",
    "SpecifiedLineTradeSettlement": "ApplicableTradeTax BillingSpecifiedPeriod"
    " SpecifiedTradeAllowanceCharge SpecifiedTradeSettlementLineMonetarySummation"
    " InvoiceReferencedDocument AdditionalReferencedDocument"
    " ReceivableSpecifiedTradeAccountingAccount",
    "SellerTradeParty": _PARTY,
    "BuyerTradeParty": _PARTY,
    "PayeeTradeParty": _PARTY,
    "ShipToTradeParty": _PARTY,
    "PostalTradeAddress": "PostcodeCode LineOne LineTwo LineThree CityName CountryID"
    " CountrySubDivisionName",
    "DefinedTradeContact": "PersonName DepartmentName TypeCode TelephoneUniversalCommunication"
    " FaxUniversalCommunication EmailURIUniversalCommunication",
    "ApplicableTradeTax": "CalculatedAmount TypeCode ExemptionReason BasisAmount"
    " LineTotalBasisAmount AllowanceChargeBasisAmount CategoryCode ExemptionReasonCode"
    " TaxPointDate DueDateTypeCode RateApplicablePercent",
    "SpecifiedTradeAllowanceCharge": "ChargeIndicator SequenceNumeric CalculationPercent"
    " BasisAmount BasisQuantity ActualAmount ReasonCode Reason CategoryTradeTax",
    "SpecifiedTradePaymentTerms": "Description DueDateDateTime DirectDebitMandateID"
    " PartialPaymentAmount ApplicableTradePaymentPenaltyTerms ApplicableTradePaymentDiscountTerms"
    " PayeeTradeParty",
    "SpecifiedTradeSettlementHeaderMonetarySummation": "LineTotalAmount ChargeTotalAmount"
    " AllowanceTotalAmount TaxBasisTotalAmount TaxTotalAmount RoundingAmount GrandTotalAmount"
    " TotalPrepaidAmount DuePayableAmount",
    "BuyerOrderReferencedDocument": _REFERENCE,
    "ContractReferencedDocument": _REFERENCE,
}
_CII_1 = {
    "CrossIndustryDocument": "SpecifiedExchangedDocumentContext HeaderExchangedDocument"
    " SpecifiedSupplyChainTradeTransaction",
    "SpecifiedSupplyChainTradeTransaction": "ApplicableSupplyChainTradeAgreement"
    " ApplicableSupplyChainTradeDelivery ApplicableSupplyChainTradeSettlement"
    " IncludedSupplyChainTradeLineItem",
}
_UBL_HEAD = (
    "UBLExtensions UBLVersionID CustomizationID ProfileID ProfileExecutionID ID CopyIndicator UUID"
    " IssueDate IssueTime"
)
_UBL_CURRENCIES = (
    "DocumentCurrencyCode TaxCurrencyCode PricingCurrencyCode PaymentCurrencyCode"
    " PaymentAlternativeCurrencyCode AccountingCostCode AccountingCost LineCountNumeric"
    " BuyerReference InvoicePeriod"
)
_UBL_PARTIES = (
    "Signature AccountingSupplierParty AccountingCustomerParty PayeeParty BuyerCustomerParty"
    " SellerSupplierParty TaxRepresentativeParty Delivery DeliveryTerms PaymentMeans PaymentTerms"
)
_UBL_RATES = (
    "TaxExchangeRate PricingExchangeRate PaymentExchangeRate PaymentAlternativeExchangeRate"
)
_UBL = {
    "Invoice": f"{_UBL_HEAD} DueDate InvoiceTypeCode Note TaxPointDate {_UBL_CURRENCIES}"
    " OrderReference BillingReference DespatchDocumentReference ReceiptDocumentReference"
    " StatementDocumentReference OriginatorDocumentReference ContractDocumentReference"
    f" AdditionalDocumentReference ProjectReference {_UBL_PARTIES} PrepaidPayment AllowanceCharge"
    f" {_UBL_RATES} TaxTotal WithholdingTaxTotal LegalMonetaryTotal InvoiceLine",
    # The references of a credit note stand in another order in UBL 2.0 and 2.1: not asked.
    "CreditNote": f"{_UBL_PARTIES} {_UBL_RATES} AllowanceCharge TaxTotal LegalMonetaryTotal"
    " CreditNoteLine",
    "LegalMonetaryTotal": "LineExtensionAmount TaxExclusiveAmount TaxInclusiveAmount"
    " AllowanceTotalAmount ChargeTotalAmount WithholdingTaxTotalAmount PrepaidAmount"
    " PayableRoundingAmount PayableAmount PayableAlternativeAmount",
}
# Of these parts every child is in the table, so another one is a stranger.
_CLOSED = frozenset(
    {"CrossIndustryInvoice", "CrossIndustryDocument", "ExchangedDocumentContext", "Invoice"}
)
_ORDERS = {
    root: {name: {child: i for i, child in enumerate(order.split())} for name, order in table}
    for root, table in (
        ("CrossIndustryInvoice", _CII.items()),
        ("CrossIndustryDocument", _CII_1.items()),
        ("Invoice", _UBL.items()),
        ("CreditNote", _UBL.items()),
    )
}
# UBL's extensions may hold anything, signatures above all.
_STRANGERS = {
    "CrossIndustryInvoice": etree.XPath("//*[not(starts-with(namespace-uri(), 'urn:un:unece:'))]"),
    "CrossIndustryDocument": etree.XPath(
        "//*[not(starts-with(namespace-uri(), 'urn:un:unece:')"
        " or starts-with(namespace-uri(), 'urn:ferd:'))]"
    ),
    "Invoice": etree.XPath(
        "//*[not(starts-with(namespace-uri(), 'urn:oasis:names:specification:ubl:'))"
        " and not(ancestor::*[local-name() = 'UBLExtensions'])]"
    ),
}
_STRANGERS["CreditNote"] = _STRANGERS["Invoice"]


def problems(root: etree._Element) -> list[Problem]:
    """Where the document leaves its schema, at most a few of the places."""
    name = etree.QName(root).localname
    strangers = _STRANGERS[name](root)
    found = [
        f"{etree.QName(element).localname} is in no namespace of invoices"
        for element in (strangers if isinstance(strangers, list) else [])
        if isinstance(element, etree._Element)
    ]
    found += _order(root, _ORDERS[name])
    return [Problem(rule="XSD", text=text, holds=False) for text in found[:_MAX_REPORTED]]


def _order(root: etree._Element, orders: dict[str, dict[str, int]]) -> Iterator[str]:
    for element in root.iter(*(f"{{*}}{name}" for name in orders)):
        name = _local(element)
        order = orders[name]
        last, last_name = -1, ""
        for child in element.iterchildren(etree.Element):
            child_name = _local(child)
            place = order.get(child_name)
            if place is None:
                if name in _CLOSED:
                    yield f"{child_name} is no part of {name}"
                continue
            if place < last:
                yield f"{child_name} stands behind {last_name}"
            last, last_name = place, child_name


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
