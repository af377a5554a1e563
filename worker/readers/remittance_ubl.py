"""UBL RemittanceAdvice: what a payer's program says it paid, line by line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from worker.readers.dates import NotADay, iso_day
from worker.readers.model import Problem, Remittance, RemittanceLine
from worker.readers.statements import checked_remittance, money, sum_of
from worker.readers.xml_trees import Names, Node

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ROOT = f"{{{_UBL}RemittanceAdvice-2}}RemittanceAdvice"
_NAMES = Names(
    {"cac": f"{_UBL}CommonAggregateComponents-2", "cbc": f"{_UBL}CommonBasicComponents-2"}
)
# UNTDID 4461: how it was paid.
_MEANS = {
    "10": "cash", "20": "cheque", "21": "cheque", "23": "cheque", "25": "cheque",
    "30": "bank_transfer", "31": "bank_transfer", "42": "bank_transfer", "58": "bank_transfer",
    "48": "card", "54": "card", "55": "card", "49": "direct_debit", "59": "direct_debit",
}  # fmt: skip


def read(root: etree._Element) -> Remittance:
    """The payment that the document states."""
    problems: list[Problem] = []
    node = Node(root, _NAMES, problems)
    return checked_remittance(_remittance(node, problems))


def _remittance(node: Node, problems: list[Problem]) -> Remittance:
    total_node = node.first("cbc:TotalPaymentAmount")
    currency = (total_node.attribute("currencyID") if total_node else None) or node.text(
        "cbc:DocumentCurrencyCode"
    )
    text = node.only("cbc:TotalPaymentAmount")
    total = money(text, currency) if text else None
    lines = tuple(_lines(node, currency))
    lined = sum_of(lines)
    # Whether a debit is the payer's or the payee's, senders see differently; the total decides.
    if lined is not None and lined < 0 and total in (-lined, None):
        lines = tuple(
            line.model_copy(update={"amount": -line.amount if line.amount else line.amount})
            for line in lines
        )
    return Remittance(
        paid_on=_day(node),
        currency=currency,
        total=total if total is not None else sum_of(lines),
        method=_MEANS.get(node.text("cac:PaymentMeans/cbc:PaymentMeansCode") or ""),
        payer_reference=node.text("cbc:PaymentOrderReference", "cbc:PayerReference", "cbc:ID"),
        lines=lines,
        payer_name=_party(node, "cac:AccountingCustomerParty/cac:Party"),
        payee_name=_party(node, "cac:AccountingSupplierParty/cac:Party", "cac:PayeeParty"),
        problems=tuple(problems),
    )


def _lines(node: Node, currency: str | None) -> Iterator[RemittanceLine]:
    for line in node.all("cac:RemittanceAdviceLine"):
        debit, credit, balance = (
            money(text, currency) if (text := line.text(f"cbc:{name}")) else None
            for name in ("DebitLineAmount", "CreditLineAmount", "BalanceAmount")
        )
        number = line.text(
            "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
            "cac:BillingReference/cac:SelfBilledInvoiceDocumentReference/cbc:ID",
            "cac:BillingReference/cac:CreditNoteDocumentReference/cbc:ID",
            "cac:DocumentReference/cbc:ID",
        )
        if debit is None and credit is None:
            amount = balance
        else:
            amount = (debit or Decimal(0)) - (credit or Decimal(0))
        yield RemittanceLine(as_written=number, invoice_number=number, amount=amount)


def _day(node: Node) -> dt.date | None:
    text = node.text("cac:PaymentMeans/cbc:PaymentDueDate")
    try:
        return iso_day(text) if text else None
    except NotADay as error:
        node.note("DATE", str(error))
        return None


def _party(node: Node, *paths: str) -> str | None:
    names = ("cac:PartyName/cbc:Name", "cac:PartyLegalEntity/cbc:RegistrationName")
    return node.text(*(f"{path}/{name}" for path in paths for name in names))
