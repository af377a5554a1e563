"""Plain PDFs of layouts and lands that nobody tuned for: how many facts of them are read."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from tests.readers.papers import WORDS, Paper, papers
from worker import readers
from worker.readers import page_layout, plain_invoices
from worker.readers.model import Invoice, Source

# One for every land, and every layout twice; more only cost time.
PAPERS = list(papers(len(WORDS) + 1))


def facts(paper: Paper, invoice: Invoice) -> dict[str, bool]:
    words = paper.words
    lines: list[tuple[object, ...]] = [
        (line.name, line.quantity, line.net_amount) for line in invoice.lines
    ]
    return {
        "number": invoice.number == paper.number,
        "issue_date": invoice.issue_date == paper.issued,
        "due_date": invoice.due_date == paper.due,
        "currency": invoice.currency == words["currency"],
        "total": invoice.total == paper.payable,
        "grand_total": invoice.grand_total == paper.gross,
        "prepaid": (invoice.prepaid or Decimal(0)) == paper.prepaid,
        "seller": invoice.seller.name == words["seller"][0],
        "buyer": invoice.buyer.name == words["buyer_lines"][0],
        "iban": invoice.seller.iban == (words["iban"] or None),
        "kind": invoice.doc_type == ("credit_note" if paper.special == "credit" else "invoice"),
        "lines": lines == [(name, Decimal(n), n * price) for name, n, price in paper.lines],
    }


def test_every_fact_of_unfamiliar_papers_is_read() -> None:
    missed: Counter[str] = Counter()
    for paper in PAPERS:
        (invoice,) = readers.examine(paper.pdf()).reading.invoices
        missed.update(f"{paper} {name}" for name, good in facts(paper, invoice).items() if not good)
    assert missed == {}


OTHERS = [(land, title) for land, words in WORDS.items() for title in words["others"]]


@pytest.mark.parametrize(("land", "title"), [*OTHERS, ("en", "Second reminder: invoice 12")])
def test_what_only_looks_like_an_invoice_is_none(land: str, title: str) -> None:
    paper = Paper(land, "text")
    facts = "\n".join(f"{label}: {value}" for label, value in [*paper.meta(), *paper.sums()])
    seller, buyer = "\n".join(paper.words["seller"]), "\n".join(paper.words["buyer_lines"])
    page = page_layout.from_text(f"{seller}\n\n{buyer}\n\n{title}\n\n{facts}\n")
    assert plain_invoices.read(page, Source.TEXT) is None
