"""What ISO 20022 messages say a payment is for: RmtInf, the same in camt, pain and remt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from worker.readers.model import RemittanceLine
from worker.readers.statements import money, short
from worker.readers.xml_trees import Node

# External code lists of ISO 20022 name adjustments; these are the ones that payers use.
REASONS = {
    "ADDN": "addition",
    "CRED": "credit note",
    "DISC": "discount",
    "INSU": "insurance",
    "RATE": "rate",
    "REBA": "rebate",
    "RETU": "returned goods",
    "SUBT": "subtraction",
    "TAXE": "tax",
}
_CREDIT_NOTE = "CREN"


@dataclass(frozen=True, slots=True)
class Purpose:
    """The free words of a payment, the payee's own reference, and the documents it names."""

    text: str
    creditor_reference: str | None
    lines: tuple[RemittanceLine, ...]

    @property
    def invoice_numbers(self) -> tuple[str, ...]:
        return tuple(line.invoice_number for line in self.lines if line.invoice_number)


def purpose(info: Node | None) -> Purpose:
    """What an RmtInf element says."""
    if info is None:
        return Purpose("", None, ())
    words = [*info.texts("c:Ustrd"), *info.texts("c:Strd/c:AddtlRmtInf")]
    return Purpose(
        text=short(" ".join(words)),
        creditor_reference=info.text("c:Strd/c:CdtrRefInf/c:Ref", "c:Strd/c:CdtrRefInf/c:CdtrRef"),
        lines=tuple(line for strd in info.all("c:Strd") for line in lines(strd)),
    )


def lines(structured: Node) -> Iterator[RemittanceLine]:
    """One line for each document that a Strd element names."""
    documents = list(structured.all("c:RfrdDocInf"))
    # The amounts of several documents together are those of none of them.
    amounts = structured.first("c:RfrdDocAmt") if len(documents) == 1 else None
    for document in documents:
        number = document.text("c:Nb", "c:RfrdDocNb")
        code = document.text("c:Tp/c:CdOrPrtry/c:Cd", "c:Tp/c:Cd")
        yield _line(number, amounts, is_credit=code == _CREDIT_NOTE)


def _line(number: str | None, amounts: Node | None, *, is_credit: bool) -> RemittanceLine:
    taken, reasons = _deductions(amounts) if amounts else (Decimal(0), [])
    paid = _paid(amounts, taken, is_credit=is_credit) if amounts else None
    return RemittanceLine(
        as_written=number,
        invoice_number=number,
        amount=-abs(paid) if paid is not None and is_credit else paid,
        deduction=taken or None,
        deduction_reason=", ".join(dict.fromkeys(reasons)) or None,
    )


def _paid(amounts: Node, taken: Decimal, *, is_credit: bool) -> Decimal | None:
    paid = _amount(amounts, "c:RmtdAmt")
    if paid is None and is_credit:
        return _amount(amounts, "c:CdtNoteAmt")
    due = _amount(amounts, "c:DuePyblAmt")
    return due - taken if paid is None and due is not None else paid


def _deductions(amounts: Node) -> tuple[Decimal, list[str]]:
    taken = Decimal(0)
    reasons: list[str] = []
    for path in ("c:DscntApldAmt/c:Amt", "c:DscntApldAmt"):
        if found := _amount(amounts, path):
            taken += found
            reasons.append("discount")
    for adjustment in amounts.all("c:AdjstmntAmtAndRsn"):
        found = _amount(adjustment, "c:Amt")
        if found is None:
            continue
        # A credit adds to what is paid; anything else is taken off.
        taken += -found if adjustment.text("c:CdtDbtInd") == "CRDT" else found
        code = adjustment.text("c:Rsn") or ""
        reasons.append(adjustment.text("c:AddtlInf") or REASONS.get(code, code) or "adjustment")
    return taken, reasons


def _amount(node: Node, path: str) -> Decimal | None:
    found = node.first(path)
    text = found.own_text() if found else None
    return money(text, found.attribute("Ccy")) if found and text else None
