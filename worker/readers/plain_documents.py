"""The invoices on the pages of one document: one, or several bound together.

A page begins another invoice where it has a title of its own and a number that is not the last
one's. Such a file would show one customer the papers of another, so it is held for a person to cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from worker.readers import plain_invoices, written_amounts
from worker.readers.hints import NO_HINTS, Hints
from worker.readers.layout_labels import label_in
from worker.readers.model import Invoice, Problem, Source
from worker.readers.page_layout import Layout, Row, from_text
from worker.readers.party_numbers import iban
from worker.readers.pdf_attachments import UnreadablePdf
from worker.readers.scans import NoOcr
from worker.readers.structured import ReadInvoice

_CENTS = re.compile(r"\d[.,]\d\d(?!\d)")


def read(
    layout: Layout,
    source: Source,
    hints: Hints = NO_HINTS,
    picture: Callable[[], Layout] | None = None,
) -> tuple[ReadInvoice, ...]:
    """The invoices that the pages show, in their order.

    `picture` reads the pages by their looks; it is asked where the text lies behind a picture.
    """
    ranges = list(_ranges(layout))
    found = []
    for first, last in ranges:
        one = plain_invoices.read(_pages(layout, first, last), source, hints)
        if one is not None:
            found.append(_placed(one, first, last) if len(ranges) > 1 else one)
    doubts = list(_doubts(layout, len(found)))
    if layout.is_behind_picture and picture is not None and len(found) == 1:
        doubts += _differences(found[0].invoice, picture, hints)
    return tuple(ReadInvoice(one.invoice, (*one.problems, *doubts)) for one in found)


def _ranges(layout: Layout) -> Iterator[tuple[int, int]]:
    """The first and last page of each invoice."""
    pages = sorted({row.page for row in layout.rows})
    if not pages:
        return
    first, number = pages[0], None
    for page in pages:
        named = plain_invoices.headed_number(_pages(layout, page, page)) if len(pages) > 1 else None
        if number is not None and named is not None and named != number:
            yield first, page - 1
            first = page
        number = named or number
    yield first, pages[-1]


def _pages(layout: Layout, first: int, last: int) -> Layout:
    """Some of the pages as a document of their own, whose first page is page 1."""
    if first == 1 and last >= layout.pages:
        return layout
    rows = [
        Row(tuple(replace(cell, page=cell.page - first + 1) for cell in row.cells))
        for row in layout.rows
        if first <= row.page <= last
    ]
    return Layout(rows, height=layout.height, width=layout.width, pages=last - first + 1)


def _placed(one: ReadInvoice, first: int, last: int) -> ReadInvoice:
    """The invoice with its pages as evidence, counted from the beginning of the file."""
    evidence = {
        name: {**place, "page": place["page"] + first - 1}
        for name, place in one.invoice.evidence.items()
    }
    evidence["pages"] = {"page": first, "last": last}
    return ReadInvoice(one.invoice.model_copy(update={"evidence": evidence}), one.problems)


def _doubts(layout: Layout, count: int) -> Iterator[Problem]:
    if count > 1:
        text = (
            f"the file holds {count} invoices on its pages; please send each as a file of its own"
        )
        yield Problem(rule="SEVERAL", text=text)
    yield from hidden_figures(layout)


def hidden_figures(layout: Layout) -> Iterator[Problem]:
    """That the text of a page has figures which its picture does not show, if so."""
    hidden = " ".join(word.text for word in layout.hidden)
    if _carries_figures(hidden):
        text = f"the page hides words with figures, which were not believed: {hidden[:120]!r}"
        yield Problem(rule="HIDDEN", text=text)


def _carries_figures(hidden: str) -> bool:
    """Whether hidden words could change what is paid, to whom or for what."""
    if not any(map(str.isdigit, hidden)):
        return False
    mark = written_amounts.decimal_mark_of(hidden)
    has_money = any(amount.is_money for amount in written_amounts.find(hidden, mark))
    # Letters too small to see run into each other.
    has_money = has_money or _CENTS.search(hidden) is not None
    label = label_in(hidden[:200])
    has_account = iban(from_text(hidden[:2000])) is not None
    return has_money or has_account or (label is not None and "number" in label.roles)


def _differences(
    invoice: Invoice, picture: Callable[[], Layout], hints: Hints
) -> Iterator[Problem]:
    """What the picture itself shows otherwise than the text that was laid behind it."""
    try:
        seen = plain_invoices.read(picture(), Source.OCR, hints)
    except (NoOcr, UnreadablePdf):
        seen = None
    if seen is None:
        text = "the text lies behind a picture, and the picture could not be compared with it"
        yield Problem(rule="PICTURE", text=text)
        return
    for what in ("number", "total"):
        said, shown = getattr(invoice, what), getattr(seen.invoice, what)
        if said != shown:
            text = f"the text behind the picture says the {what} is {said}, the picture {shown}"
            yield Problem(rule="PICTURE", text=text)
