"""What an e-invoice states in the business terms of EN 16931, whichever syntax it is written in.

UBL and CII say the same terms (BT numbers below are those of EN 16931-1); each reader fills a
`Draft`, and what follows (sums, required terms, the shape of the contract) is common to both.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from worker.readers.amounts import NotAnAmount, decimal_text, with_currency_digits
from worker.readers.arithmetic import Sums
from worker.readers.dates import NotADay, edifact_day, iso_day
from worker.readers.model import Buyer, DocType, Invoice, Line, Problem, Seller, Source
from worker.readers.xml_trees import Node

# UNTDID 1001, the codes that EN 16931 reads as credit notes (its code lists, sheet "1001").
_CODES = "81 83 261 262 296 308 381 396 420 458 502 503 532"
CREDIT_NOTE_CODES = frozenset(_CODES.split())


@dataclass(frozen=True, slots=True)
class Party:
    """A seller or buyer: BG-4 or BG-7."""

    name: str | None = None
    vat_id: str | None = None
    number: str | None = None
    email: str | None = None
    country: str | None = None
    has_address: bool = False
    has_contact: bool = False
    is_identified: bool = False


@dataclass(slots=True)
class Draft:
    """An e-invoice as its XML states it. What is absent is None."""

    source: Source
    profile: str | None = None
    is_zugferd_1: bool = False
    type_code: str | None = None
    is_credit_note: bool = False
    number: str | None = None
    issue_date: dt.date | None = None
    due_date: dt.date | None = None
    has_terms: bool = False
    has_payment_means: bool = False
    buyer_reference: str | None = None
    currency: str | None = None
    seller: Party = field(default_factory=Party)
    buyer: Party = field(default_factory=Party)
    iban: str | None = None
    payment_reference: str | None = None
    contract: str | None = None
    preceding: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    sums: Sums = field(default_factory=Sums)
    problems: list[Problem] = field(default_factory=list)

    def invoice(self) -> Invoice:
        """The invoice of the contract, its amounts with the digits of their currency."""
        sums = self.sums
        return Invoice(
            doc_type=DocType.CREDIT_NOTE if self.is_credit_note else DocType.INVOICE,
            number=self.number,
            issue_date=self.issue_date,
            due_date=self.due_date,
            currency=self.currency,
            total=self._money(_payable(sums)),
            grand_total=self._money(sums.grand_total),
            net_total=self._money(sums.net_total),
            tax_total=self._money(sums.tax_total),
            prepaid=self._money(sums.prepaid),
            seller=Seller(name=self.seller.name, vat_id=self.seller.vat_id, iban=self.iban),
            buyer=Buyer(
                name=self.buyer.name,
                vat_id=self.buyer.vat_id,
                number=self.buyer.number,
                email=self.buyer.email,
            ),
            payment_reference=self.payment_reference,
            contract=self.contract,
            preceding_invoices=tuple(dict.fromkeys(self.preceding)),
            lines=tuple(self._line(line) for line in self.lines),
            source=self.source,
            confidence=1.0,
            evidence={"profile": self.profile, "type_code": self.type_code},
        )

    def _line(self, line: Line) -> Line:
        return line.model_copy(
            update={
                "unit_price": self._money(line.unit_price),
                "net_amount": self._money(line.net_amount),
            }
        )

    def _money(self, amount: Decimal | None) -> Decimal | None:
        return None if amount is None else with_currency_digits(amount, self.currency)


def _payable(sums: Sums) -> Decimal | None:
    """The amount payable. Where the syntax lets it be absent it is the rest of the grand total."""
    if sums.payable is not None or sums.grand_total is None:
        return sums.payable
    return sums.grand_total - (sums.prepaid or Decimal(0)) + (sums.rounding or Decimal(0))


def amount(node: Node, path: str) -> Decimal | None:
    """The one amount at the path; what is no amount is left out and noted."""
    return _amount(node, node.only(path), path)


def amounts(node: Node, path: str) -> tuple[Decimal | None, ...]:
    """Every amount at the path, in the order of the document."""
    return tuple(_amount(node, text, path) for text in node.texts(path))


def _amount(node: Node, text: str | None, path: str) -> Decimal | None:
    if text is None:
        return None
    try:
        return decimal_text(text)
    except NotAnAmount as error:
        node.note("XML", f"{path.rpartition(':')[2]}: {error}")
        return None


def day(node: Node, path: str) -> dt.date | None:
    """The one ISO day at the path; what is no day is left out and noted."""
    text = node.only(path)
    if text is None:
        return None
    try:
        return iso_day(text)
    except NotADay as error:
        node.note("XML", f"{path.rpartition(':')[2]}: {error}")
        return None


def formatted_day(node: Node | None) -> dt.date | None:
    """The day in an element with a `format` attribute of UNTDID 2379."""
    text = node.own_text() if node else None
    if node is None or text is None:
        return None
    code = node.attribute("format")
    try:
        return iso_day(text) if code is None and "-" in text else edifact_day(text, code)
    except NotADay as error:
        node.note("XML", str(error))
        return None
