"""How a question about an invoice is put: what was read and where, and the words that answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker.invoices.model import Hold, Invoice
from worker.readers.model import Invoice as Document
from worker.readers.model import Source

# Sources that a person wrote for persons: what was read from them may be read wrongly.
PLAIN = frozenset({Source.PDF, Source.TEXT, Source.OCR})
_FROM = {Source.PDF: "a plain PDF", Source.TEXT: "the mail's text", Source.OCR: "a scan"}
_SHOWN = ("number", "total", "issue_date", "due_date", "buyer", "seller")
_WORDS: Mapping[Hold, Sequence[str]] = {
    Hold.NO_CUSTOMER: ("yes", "send to ADDRESS", "customer NAME"),
    Hold.SEVERAL_CUSTOMERS: ("customer NAME",),
    Hold.NO_ADDRESS: ("send to ADDRESS", "customer NAME"),
    Hold.NEW_ADDRESS: ("yes", "send to ADDRESS"),
    Hold.SUMS: ("yes",),
    Hold.LIMIT: ("yes",),
    Hold.INSTRUCTION: ("send to ADDRESS",),
    Hold.PLAIN: ("yes", "send to ADDRESS"),
    Hold.NOTHING_TO_PAY: (),
    Hold.CREDIT_NOTE: (),
}
# What was read from a page may be put right in the answer; what a file says as data stands.
_MENDING = ("total AMOUNT", "number NUMBER", "customer NAME")
_FINAL = frozenset({Hold.CHANGED, Hold.CREDIT_NOTE, Hold.NOTHING_TO_PAY})


def doubt(document: Document, sure_from: float | None) -> str | None:
    """Why a document needs a person's look: it was read from a page and is not sure enough."""
    if document.source not in PLAIN:
        return None
    # A scan's letters are guesses themselves: no score of theirs sends it unseen.
    may_go = sure_from is not None and document.source is not Source.OCR
    if may_go and document.confidence >= (sure_from or 0):
        return None
    return (
        f"Invoice {document.number or 'without a number'} was read from "
        f"{_FROM[document.source]} ({document.confidence:.0%} sure). "
        "Please compare what was read with the document."
    )


def evidence(document: Document) -> dict[str, Any]:
    """What was read, each with the words it was read from and their page."""
    shown = {
        "number": document.number,
        "total": _total(document),
        "issue_date": document.issue_date.isoformat() if document.issue_date else None,
        "due_date": document.due_date.isoformat() if document.due_date else None,
        "buyer": document.buyer.name,
        "seller": document.seller.name,
    }
    if document.source not in PLAIN:
        return {name: shown[name] for name in ("number", "buyer", "total")}
    places = {"total": document.evidence.get("grand_total")} | dict(document.evidence)
    return {name: _with_place(shown[name], places.get(name)) for name in _SHOWN}


def words(invoice: Invoice, *, was_sent: bool) -> list[str]:
    """The words that answer the question about a held invoice, as the question shows them."""
    hold = Hold(invoice.hold or Hold.PLAIN)
    if hold is Hold.CHANGED:
        return ["send as corrected" if was_sent else "replace", "refuse"]
    found = [*_WORDS[hold]]
    if Document.model_validate(invoice.reading).source in PLAIN and hold not in _FINAL:
        found += [word for word in _MENDING if word not in found]
    return [*found, "no"]


def _total(document: Document) -> str | None:
    if document.total is None:
        return None
    return f"{document.total} {document.currency or '(no currency)'}"


def _with_place(value: str | None, place: Any) -> str:
    if value is None:
        return "not found"
    if not isinstance(place, Mapping) or "words" not in place:
        return value
    words = str(place["words"])[:80]
    where = f"page {place.get('page', 1)}"
    return f"{value} ({where})" if words == value else f"{value} ({where}: “{words}”)"
