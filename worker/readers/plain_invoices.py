"""Invoices that people wrote for people: a layout of words, read as one reads it.

No layout is known beforehand. Labels in many languages name candidates for each fact, the
document's own habits settle how its days and amounts are written, and arithmetic decides between
totals. What is read says where it stands, and how surely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from worker.readers import (
    layout_due,
    layout_lines,
    layout_parties,
    layout_titles,
    layout_totals,
    odd_characters,
    written_amounts,
    written_dates,
)
from worker.readers.amounts import with_currency_digits
from worker.readers.credited import named_invoices
from worker.readers.hints import NO_HINTS, Hints
from worker.readers.invoice_words import folded
from worker.readers.layout_labels import HINTED, Fact, Labelled, labelled
from worker.readers.layout_parties import Parties
from worker.readers.layout_totals import Totals
from worker.readers.model import Buyer, DocType, Invoice, Line, Problem, Seller, Source
from worker.readers.page_layout import Cell, Layout, Row
from worker.readers.structured import ReadInvoice
from worker.readers.written_dates import DateOrder

_NUMBER = re.compile(r"[^\W_][\w/\\.#-]*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was settled of the document."""

    kind: DocType
    number: Fact | None
    issued: Fact | None
    due: Fact | None
    totals: Totals
    currency: str | None
    lines: tuple[Line, ...]
    parties: Parties

    def places(self) -> dict[str, Cell]:
        """Where each fact stands."""
        places = dict(self.totals.places)
        facts = (("number", self.number), ("issue_date", self.issued), ("due_date", self.due))
        places |= {name: fact.cell for name, fact in facts if fact is not None}
        parties = (("seller", self.parties.seller.cell), ("buyer", self.parties.buyer.cell))
        return places | {name: cell for name, cell in parties if cell is not None}


def read(layout: Layout, source: Source, hints: Hints = NO_HINTS) -> ReadInvoice | None:
    """The invoice that the layout shows; None where it shows none."""
    text = layout.text
    labels = list(labelled(layout, hints.roles_by_phrase))
    kind = layout_titles.kind(layout, labels)
    if kind is None:
        return None
    mark = hints.decimal_mark or written_amounts.decimal_mark_of(_without_dates(text))
    order = _order(text, hints)
    number = _number(layout, labels, order)
    hinted = [each for each in labels if "payable" in each.roles and each.strength > HINTED]
    totals = layout_totals.read(layout, mark, hinted)
    issued = _issue_date(layout, labels, order, number)
    if totals.payable is None and number is None:
        return None
    if number is None and issued is None:
        return None
    due = layout_due.due(layout, labels, order, issued)
    shown = written_amounts.currency_of(text)
    currency = shown or written_amounts.currency_of_account(text)
    lines = layout_lines.read(layout, totals, mark)
    parties = layout_parties.read(layout, hints.sellers)
    facts = _Facts(kind, number, issued, due, totals, currency, lines, parties)
    invoice = _invoice(layout, labels, facts, source)
    problems = [*_problems(invoice, totals), *odd_characters.problems(invoice)]
    if currency and not shown:
        said = f"the pages name no currency; {currency} is that of the account named there"
        problems.append(Problem(rule="UNSHOWN", text=said))
    return ReadInvoice(invoice, tuple(problems))


def _order(text: str, hints: Hints) -> DateOrder:
    if hints.date_order is not None:
        return DateOrder(month_first=hints.date_order == "month_first")
    return written_dates.order_of(text)


def headed_number(layout: Layout) -> str | None:
    """The number on a page that has an invoice's title of its own; None on other pages."""
    titles = [cell for cell in layout.cells if cell.top < 0.5 * layout.height]
    if not any(
        layout_titles.TITLED.match(folded(cell.text)) for cell in titles if len(cell.text) < 70
    ):
        return None
    number = _number(layout, list(labelled(layout)), written_dates.order_of(layout.text))
    return str(number.value) if number is not None and number.strength >= 0.6 else None


def _without_dates(text: str) -> str:
    return re.sub(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", " ", text)


def _number(layout: Layout, labels: list[Labelled], order: DateOrder) -> Fact | None:
    facts = [
        Fact(value, found.cell, found.strength - 0.1 * (found.cell.page - 1))
        for found in labels
        if "number" in found.roles and (value := _number_in(found.value, order))
    ]
    for index, row in enumerate(layout.rows):
        facts += _titled_numbers(layout, index, row, order)
    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.value] = counts.get(fact.value, 0) + 1
    return max(
        facts, key=lambda fact: fact.strength + 0.05 * min(counts[fact.value], 3), default=None
    )


def _titled_numbers(layout: Layout, index: int, row: Row, order: DateOrder) -> Iterator[Fact]:
    """Numbers in the title itself: `Invoice # 42`, `Rechnung Nr. 42 vom …`, `Facture FA-42`."""
    for place, cell in enumerate(row.cells):
        if not layout_titles.ANY_TITLE.search(folded(cell.text)):
            continue
        words = cell.text.split()
        for start, end in _spans(len(words)):
            plain = folded(re.sub(r"\((\d{3})\)", r"\1", " ".join(words[start:end])))
            match = layout_titles.TITLED.fullmatch(plain)
            # Inside a sentence only `invoice no. 42` is a title, not `invoice 42`.
            if not match or (start and not match["mark"]):
                continue
            base = 0.88 if match["mark"] else 0.7
            base -= 0.1 * (cell.page - 1) + 0.1 * (cell.top > 0.6 * layout.height)
            base -= 0.15 * (start > 0)
            rest = " ".join(words[end:])
            if value := _number_in(rest, order):
                yield Fact(value, cell, base + 0.02 * (end - start))
            elif not rest.strip(" :#") and not start:
                near = _near(layout, index, row, place)
                found = ((_number_in(other.text, order, alone=True), other) for other in near)
                yield from (Fact(value, other, base - 0.2) for value, other in found if value)


def _spans(count: int) -> Iterator[tuple[int, int]]:
    """Where a title may stand in a line of so many words: up to six words, not far in."""
    for start in range(min(count, 8)):
        for end in range(start + 1, min(count, start + 6) + 1):
            yield start, end


def _near(layout: Layout, index: int, row: Row, place: int) -> list[Cell]:
    """The cells beside and under a title that stands alone."""
    cell = row.cells[place]
    below = [
        other
        for next_row in layout.rows[index + 1 : index + 3]
        for other in next_row.cells
        if other.page == cell.page and min(other.right, cell.right) > max(other.left, cell.left)
    ]
    return [*row.cells[place + 1 : place + 2], *below]


def _number_in(text: str, order: DateOrder, *, alone: bool = False) -> str | None:
    """The document number that the text begins with; None where it begins with none."""
    words = text.strip(" :#").split()
    if not words or (alone and len(words) > 3):
        return None
    if words[0].rstrip(".:").casefold() in ("nr", "no", "n°", "nº", "num", "number", "numéro", "#"):
        words = words[1:]
    if not words:
        return None
    first = words[0].strip("(),;:#").rstrip(".")
    # A series in letters may stand before the number: `F 1234/12`.
    if first.isalpha() and first.isupper() and len(first) <= 4 and len(words) > 1:
        second = words[1].strip("(),;:#").rstrip(".")
        if _is_number(second, order):
            return f"{first} {second}"
    return first if _is_number(first, order) else None


def _is_number(text: str, order: DateOrder) -> bool:
    if not any(character.isdigit() for character in text) or not _NUMBER.fullmatch(text):
        return False
    days = order.find(text)
    if days and days[0].start == 0 and days[0].end == len(text) and not text.isdigit():
        return False
    return len(text) <= 40 and re.fullmatch(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}", text) is None


def _issue_date(
    layout: Layout, labels: list[Labelled], order: DateOrder, number: Fact | None
) -> Fact | None:
    facts = [
        Fact(day, found.cell, _date_strength(found, layout))
        for found in labels
        if "issue_date" in found.roles
        and (day := order.first(found.value[:60]))
        and not _is_period(found.value, order)
    ]
    if number is not None:
        facts += _beside_number(layout, order, number)
    if not facts:
        facts = list(_loose_dates(layout, labels, order))
    return max(facts, key=lambda fact: fact.strength, default=None)


def _date_strength(found: Labelled, layout: Layout) -> float:
    # The bare word for a day stands beside other days as well.
    bare = 0.25 if len(found.label) <= 5 else 0.0
    low = 0.15 if found.cell.top > 0.5 * layout.height else 0.0
    begins = 0.0 if found.value[:1].isdigit() else 0.1
    return found.strength - bare - low - begins - 0.15 * (found.cell.page - 1)


def _is_period(text: str, order: DateOrder) -> bool:
    return len(order.find(text)) > 1


def _beside_number(layout: Layout, order: DateOrder, number: Fact) -> Iterator[Fact]:
    """The day behind the number: `Rechnung 42 vom 1.2.2026`, on its line or the next."""
    for index, row in enumerate(layout.rows):
        if number.cell not in row.cells:
            continue
        text = number.cell.text.partition(str(number.value))[2]
        if day := order.first(text):
            yield Fact(day, number.cell, 0.82)
        elif re.search(r"\b(?:vom|du|of|dated|from|van|del|z dnia)\s*$", text):
            below = layout.rows[index + 1 : index + 2]
            if below and (day := order.first(below[0].text)):
                yield Fact(day, below[0].cells[0], 0.75)


def _loose_dates(layout: Layout, labels: list[Labelled], order: DateOrder) -> Iterator[Fact]:
    """Days that nothing else claims, the first on the page first."""
    claimed = {found.cell for found in labels if {"due_date", "other_date"} & set(found.roles)}
    for cell in layout.cells:
        if cell.page == 1 and cell not in claimed and (day := order.first(cell.text)):
            yield Fact(day, cell, 0.4 - 0.3 * cell.top / layout.height)


def _invoice(layout: Layout, labels: list[Labelled], facts: _Facts, source: Source) -> Invoice:
    parties = facts.parties
    currency = facts.currency
    totals = facts.totals

    def money(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else with_currency_digits(amount, currency)

    return Invoice(
        doc_type=facts.kind,
        number=facts.number.value if facts.number else None,
        issue_date=facts.issued.value if facts.issued else None,
        due_date=facts.due.value if facts.due else None,
        currency=currency,
        total=money(totals.payable),
        grand_total=money(totals.grand),
        net_total=money(totals.net),
        tax_total=money(totals.tax),
        prepaid=money(totals.prepaid),
        seller=Seller(name=parties.seller.name, vat_id=parties.seller_vat, iban=parties.iban),
        buyer=Buyer(
            name=parties.buyer.name,
            vat_id=parties.buyer_vat,
            number=_labelled_text(labels, "customer_number"),
            email=parties.buyer.email,
        ),
        payment_reference=_labelled_text(labels, "payment_reference"),
        preceding_invoices=_preceding(layout, facts),
        lines=facts.lines,
        source=source,
        confidence=_confidence(facts.number, facts.issued, totals),
        evidence={
            name: {"page": cell.page, "words": cell.text[:120]}
            for name, cell in facts.places().items()
        },
    )


def _preceding(layout: Layout, facts: _Facts) -> tuple[str, ...]:
    if facts.kind is not DocType.CREDIT_NOTE:
        return ()
    return named_invoices(layout.text, facts.number.value if facts.number else None)


def _confidence(number: Fact | None, issued: Fact | None, totals: Totals) -> float:
    parts = (
        number.strength if number else 0.0,
        issued.strength if issued else 0.0,
        totals.confidence if totals.is_proven else 0.6 * totals.confidence,
    )
    return round(max(0.0, min(0.95, sum(parts) / len(parts))), 2)


def _labelled_text(labels: list[Labelled], role: str) -> str | None:
    found = [
        (each.strength, value)
        for each in labels
        if role in each.roles
        and (value := each.value.split("  ")[0].strip())
        and len(value) <= 35
        and any(character.isdigit() for character in value)
    ]
    return max(found)[1] if found else None


def _problems(invoice: Invoice, totals: Totals) -> Iterator[Problem]:
    missing = {
        "the invoice number": invoice.number,
        "the issue date": invoice.issue_date,
        "the total": invoice.total,
        "the currency": invoice.currency,
        "the buyer": invoice.buyer.name,
    }
    for what, value in missing.items():
        if value is None:
            yield Problem(rule="UNREAD", text=f"{what} was not found in the text")
    if invoice.total is not None and not totals.is_proven:
        text = "no sum in the document proves the total; please compare it"
        yield Problem(rule="UNPROVEN", text=text)
