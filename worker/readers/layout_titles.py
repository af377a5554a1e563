"""What a page calls itself: an invoice, a credit note, or a paper that only looks like one."""

from __future__ import annotations

import re

from worker.readers.invoice_words import (
    CREDIT_TITLE,
    INVOICE_TITLE,
    NUMBER_MARK,
    OTHER_TITLES,
    folded,
)
from worker.readers.layout_labels import Labelled, label_in
from worker.readers.model import DocType
from worker.readers.page_layout import Cell, Layout

# So much is the head of a text, however short it is.
_HEAD_POINTS = 180.0
TITLED = re.compile(
    rf"^(?:{INVOICE_TITLE}|{CREDIT_TITLE})(?: (?:des|der|de|du|of) [a-z]+)?(?: \d{{3}})?"
    rf"(?: (?P<mark>{NUMBER_MARK}))?(?= |$)"
)
ANY_TITLE = re.compile(rf"\b(?:{INVOICE_TITLE}|{CREDIT_TITLE})\b")
_CREDIT = re.compile(rf"^(?:\w+ )?{CREDIT_TITLE}\b")
# `2nd reminder`, `Letzte Mahnung`, `Copy of quotation`
_ORDINAL = re.compile(
    r"^(?:\d(?:st|nd|rd|th|e|er|ere|re|a|o)? |(?:erste|zweite|dritte|letzte|first|second|third|last"
    r"|final|friendly|premiere?|deuxieme|derniere?|eerste|tweede|laatste|primo|secondo|ultimo|primer"
    r"|segundo|forsta|andra|sista|forste|anden|andre|sidste|siste|prvni|druha|posledni|pierwsze"
    r"|drugie|ostateczne|copy of) )+"
)
_LONGEST_TITLE = max(len(title.split()) for title in OTHER_TITLES)


def kind(layout: Layout, labels: list[Labelled]) -> DocType | None:
    """What the first page calls itself; None where nothing on it is an invoice's word."""
    first = [cell for cell in layout.cells if cell.page == 1]
    titles = sorted(
        (cell for cell in first if len(cell.text) < 70),
        key=lambda cell: (-round(cell.height), cell.top),
    )
    for cell in titles:
        plain = folded(cell.text.replace(" ", "") if _is_spaced(cell.text) else cell.text)
        if _is_other(layout, cell, plain):
            return None
        if _CREDIT.match(plain):
            return DocType.CREDIT_NOTE
        if TITLED.match(plain):
            return DocType.INVOICE
    is_named = ANY_TITLE.search(folded(layout.text[:6000])) or any(
        "number" in found.roles for found in labels
    )
    return DocType.INVOICE if is_named else None


def _is_other(layout: Layout, cell: Cell, plain: str) -> bool:
    """Whether the cell is the title of a paper that is no invoice: a reminder, a quotation."""
    words = (plain if plain in OTHER_TITLES else _ORDINAL.sub("", plain)).split()
    size = next((n for n in range(_LONGEST_TITLE, 0, -1) if " ".join(words[:n]) in OTHER_TITLES), 0)
    rest = words[size:]
    if not size or len(rest) > 5 or cell.top > max(0.45 * layout.height, _HEAD_POINTS):
        return False
    # `Order 4711` and `Delivery note: 12` in the letters of the text are references.
    is_reference = ":" in cell.text or any(map(str.isdigit, rest)) or _has_value(layout, cell)
    is_large = cell.height > 1.15 * layout.usual_height
    about_invoice = ANY_TITLE.search(" ".join(rest)) is not None
    return is_large or about_invoice or not is_reference


def _has_value(layout: Layout, cell: Cell) -> bool:
    """Whether figures stand beside the cell or right under it, as they do with a label."""
    row, below = layout.row_of(cell)
    place = row.cells.index(cell)
    near = [*row.cells[place + 1 : place + 2]]
    near += [
        other
        for other in (below.cells if below else ())
        if abs(other.left - cell.left) < 12 or abs(other.right - cell.right) < 12
    ]
    return any(any(map(str.isdigit, other.text)) and not label_in(other.text) for other in near)


def _is_spaced(text: str) -> bool:
    """Whether the letters are spaced out: `I N V O I C E`."""
    words = text.split()
    return len(words) > 4 and all(len(word) == 1 for word in words)
