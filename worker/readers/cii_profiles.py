"""Which parts of CII the profiles of Factur-X leave out.

MINIMUM is short enough to name what it has; of the others it is enough to name what only EXTENDED
has (Factur-X 1.0, the schemas of its profiles; EN 16931-3-3 says "should not be present").
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from worker.readers.einvoice_profiles import Level
from worker.readers.model import Problem

_MAX_REPORTED = 5
_MINIMUM_NAMES = (
    "ExchangedDocumentContext ExchangedDocument SupplyChainTradeTransaction"
    " BusinessProcessSpecifiedDocumentContextParameter ID IssuerAssignedID CountryID"
    " GuidelineSpecifiedDocumentContextParameter TypeCode IssueDateTime DateTimeString"
    " ApplicableHeaderTradeAgreement ApplicableHeaderTradeDelivery BuyerReference Name"
    " ApplicableHeaderTradeSettlement SellerTradeParty BuyerTradeParty PostalTradeAddress"
    " SpecifiedLegalOrganization SpecifiedTaxRegistration BuyerOrderReferencedDocument"
    " InvoiceCurrencyCode SpecifiedTradeSettlementHeaderMonetarySummation"
    " TaxBasisTotalAmount TaxTotalAmount GrandTotalAmount DuePayableAmount"
)
_MINIMUM = frozenset(_MINIMUM_NAMES.split())
_EXTENDED_ONLY = (
    "ParentLineID LineStatusCode LineStatusReasonCode SpecifiedLogisticsServiceCharge"
    " InvoiceeTradeParty InvoicerTradeParty TaxApplicableTradeCurrencyExchange"
    " ApplicableTradePaymentDiscountTerms ApplicableTradePaymentPenaltyTerms"
    " IncludedReferencedProduct IndividualTradeProductInstance ItemSellerTradeParty"
    " UltimateShipToTradeParty ShipFromTradeParty DeliveryNoteReferencedDocument"
    " SalesAgentTradeParty BuyerTaxRepresentativeTradeParty ProductEndUserTradeParty"
    " ApplicableTradeDeliveryTerms QuotationReferencedDocument PackageQuantity ChargeFreeQuantity"
    " UltimateCustomerOrderReferencedDocument SpecifiedAdvancePayment BuyerAgentTradeParty"
    " LineTotalBasisAmount AllowanceChargeBasisAmount PayerTradeParty RoleCode"
)
_EXTENDED_TAGS = tuple(f"{{*}}{name}" for name in _EXTENDED_ONLY.split())
# Below EXTENDED a price's allowance is an amount alone.
_PRICE_ALLOWANCE = "{*}AppliedTradeAllowanceCharge"
_PRICE_ALLOWANCE_EXTRAS = ("{*}CalculationPercent", "{*}BasisAmount")
_BELOW_EXTENDED = frozenset({Level.BASIC_WL, Level.BASIC, Level.EN16931, Level.XRECHNUNG})


def problems(root: etree._Element, level: Level) -> list[Problem]:
    """The parts of a D16B document that its profile does not have. None of them holds it."""
    if level is Level.MINIMUM:
        names = _beyond_minimum(root)
    elif level in _BELOW_EXTENDED:
        names = _only_extended(root)
    else:
        return []
    unique = list(dict.fromkeys(names))[:_MAX_REPORTED]
    text = "the {} profile has no {}"
    return [
        Problem(rule="PROFILE", text=text.format(level.value, name), holds=False) for name in unique
    ]


def _only_extended(root: etree._Element) -> Iterator[str]:
    for element in root.iter(*_EXTENDED_TAGS, _PRICE_ALLOWANCE):
        name = etree.QName(element).localname
        if name != "AppliedTradeAllowanceCharge":
            yield name
        else:
            for extra in element.iterchildren(*_PRICE_ALLOWANCE_EXTRAS):
                yield etree.QName(extra).localname


def _beyond_minimum(root: etree._Element) -> Iterator[str]:
    for element in root.iterdescendants(etree.Element):
        name = etree.QName(element).localname
        if name not in _MINIMUM:
            yield name
