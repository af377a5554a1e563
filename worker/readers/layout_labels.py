"""Labels in a layout and the texts that they stand beside or above."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from worker.readers.invoice_words import LONGEST_PHRASE, ROLES_BY_PHRASE, folded
from worker.readers.page_layout import Cell, Layout, Row

_SPLIT = re.compile(r"\s*[:：]\s*|\s+#\s*(?=\S)|(?<=[°º#])(?=\w)")
_COLON = re.compile(r" ?: ")
_GLUED = re.compile(r"(?<=[^\W\d_A-Z]{4})(?=[A-Z]{0,3}[-/]?\d)")
# What a business says of its own papers outweighs any guess.
HINTED = 1.0
_LEADING = re.compile(r"^[\s:：#.\-–]+(?=\S)")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the label that it belongs to. `strength` says how surely."""

    roles: tuple[str, ...]
    label: str
    value: str
    cell: Cell
    strength: float


@dataclass(frozen=True, slots=True)
class Fact:
    """A value, the words it was read from, and how surely it is the right one."""

    value: Any
    cell: Cell
    strength: float


@dataclass(frozen=True, slots=True)
class Label:
    """The label that a cell is or begins with. `is_bare`: nothing but it, or a colon behind it."""

    roles: tuple[str, ...]
    phrase: str
    rest: str
    is_whole: bool
    is_bare: bool


def labelled(
    layout: Layout, hinted: Mapping[str, tuple[str, ...]] | None = None
) -> Iterator[Labelled]:
    """Every label with every text that may be its value: in its cell, beside it, below it.

    `hinted` are a business's own labels; they count for more than any other.
    """
    for index, row in enumerate(layout.rows):
        for place, cell in enumerate(row.cells):
            if own := _hinted(cell.text, hinted or {}):
                for found in _values(layout, index, row, place, own):
                    yield replace(found, strength=found.strength + HINTED)
            if label := label_in(cell.text):
                yield from _values(layout, index, row, place, label)
            yield from _inner(cell)


def _hinted(text: str, hinted: Mapping[str, tuple[str, ...]]) -> Label | None:
    """The hinted label that the text is or begins with."""
    plain = folded(text) if hinted else ""
    for phrase, roles in hinted.items():
        if plain == phrase or plain.startswith(f"{phrase} "):
            rest = _after(text, len(phrase.split()))
            return Label(roles, phrase, rest, is_whole=not rest, is_bare=not rest)
    return None


def _inner(cell: Cell) -> Iterator[Labelled]:
    """Labels within a line, each with a colon and its value: `Date: 1 May Due: 31 May`."""
    marks = list(_COLON.finditer(cell.text))[:12]
    for place, mark in enumerate(marks):
        phrase, start = _phrase_before(cell.text[: mark.start()])
        end = len(cell.text)
        if place + 1 < len(marks):
            end = marks[place + 1].start()
            end -= len(_phrase_before(cell.text[:end])[0])
        value = cell.text[mark.end() : max(end, mark.end())].strip(" |·,;-")
        if phrase and start and value:
            roles = ROLES_BY_PHRASE[folded(phrase)]
            yield Labelled(roles, folded(phrase), value, cell, 0.9)


def _before_label(text: str) -> str:
    """The text up to the next label with a colon in it."""
    for mark in islice(_COLON.finditer(text), 3):
        phrase, start = _phrase_before(text[: mark.start()])
        if phrase and start:
            return text[:start].rstrip(" |·,;-")
    return text


def _phrase_before(text: str) -> tuple[str, int]:
    """The longest label that the text ends with, as written, and where it begins."""
    words = text.split(" ")
    for size in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        phrase = " ".join(words[-size:])
        if folded(phrase) in ROLES_BY_PHRASE:
            return phrase, len(text) - len(phrase)
    return "", 0


def label_of(text: str) -> tuple[str, ...]:
    """The roles of a text that is a label and nothing else; empty where it is none."""
    return ROLES_BY_PHRASE.get(folded(text), ())


@lru_cache(maxsize=4096)
def label_in(text: str) -> Label | None:
    """The label that the text is or begins with; before a colon also the one it ends with."""
    for glued in islice(_GLUED.finditer(text), 2):
        # In a narrow table the value touches its label.
        if roles := ROLES_BY_PHRASE.get(phrase := folded(text[: glued.start()])):
            return Label(roles, phrase, text[glued.start() :], is_whole=True, is_bare=True)
    parts = _SPLIT.split(text, maxsplit=1)
    head, rest = parts[0], parts[1] if len(parts) > 1 else ""
    words = folded(head).split()
    if not words or len(words) > 14:
        return None
    if roles := ROLES_BY_PHRASE.get(" ".join(words)):
        return Label(roles, " ".join(words), rest, is_whole=True, is_bare=True)
    for size in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        phrase = " ".join(words[:size])
        if roles := ROLES_BY_PHRASE.get(phrase):
            after = _after(text, size)
            return Label(roles, phrase, after, is_whole=False, is_bare=False)
    if len(parts) > 1:
        for size in range(min(LONGEST_PHRASE, len(words)), 0, -1):
            if roles := ROLES_BY_PHRASE.get(" ".join(words[-size:])):
                return Label(roles, " ".join(words[-size:]), rest, is_whole=False, is_bare=True)
    return None


def _after(text: str, count: int) -> str:
    """What follows the first `count` folded words of the text."""
    words = text.split()
    for taken in range(1, len(words) + 1):
        if len(folded(" ".join(words[:taken])).split()) >= count:
            return " ".join(words[taken:])
    return ""


def _values(layout: Layout, index: int, row: Row, place: int, label: Label) -> Iterator[Labelled]:
    cell = row.cells[place]
    certainty = 1.0 if label.is_whole else 0.8
    rest = _LEADING.sub("", _before_label(label.rest)).strip()
    if rest and not label_of(rest):
        yield Labelled(label.roles, label.phrase, rest, cell, certainty)
        return
    if place + 1 < len(row.cells):
        beside = row.cells[place + 1]
        value = _LEADING.sub("", f" {beside.text}").strip()
        if value and not label_of(value):
            yield Labelled(label.roles, label.phrase, value, beside, certainty * 0.95)
    for distance, below in enumerate(_below(layout, index, cell)):
        yield Labelled(
            label.roles, label.phrase, below.text, below, certainty * (0.85 - 0.25 * distance)
        )
    if above := _above(layout, index, cell):
        yield Labelled(label.roles, label.phrase, above.text, above, certainty * 0.35)


def _above(layout: Layout, index: int, label: Cell) -> Cell | None:
    """The cell right over a label, as forms that are filled in have it."""
    for row in reversed(layout.rows[max(0, index - 3) : index]):
        if row.page != label.page or label.top - row.top > 3.0 * max(label.height, 8.0):
            return None
        for cell in row.cells:
            if min(cell.right, label.right) > max(cell.left, label.left):
                return None if label_in(cell.text) else cell
    return None


def _below(layout: Layout, index: int, label: Cell) -> Iterator[Cell]:
    """The cells under a label, at most two, near enough to belong to it."""
    reach = 3.2 * max(label.height, 8.0)
    found = 0
    for row in layout.rows[index + 1 : index + 9]:
        if row.page != label.page or row.top - label.bottom > reach:
            return
        for cell in row.cells:
            overlap = min(cell.right, label.right) - max(cell.left, label.left)
            if overlap > 0 or 0 <= cell.left - label.left < 6:
                if label_of(cell.text):
                    return
                yield cell
                found += 1
                if found == 2:
                    return
                break
