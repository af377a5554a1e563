"""Words where they stand on a page, and the cells and rows that they form.

Coordinates are points from the top left corner, whatever the source: a PDF's text layer, a scan
after OCR, or plain text whose characters are thought of as a grid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from statistics import median

_GRID_WIDTH, _GRID_HEIGHT = 6.0, 12.0
# A gap wider than this share of the text's height separates cells; words of one cell stand closer.
_CELL_GAP = 0.95
MAX_WORDS = 60_000
# Where lines nearby have an edge too, a gap that is not as wide as a blank separates cells as well.
_THOUSANDS = re.compile(r"\d{3}(?!\d)")
_NO_BLANK, _EDGE_SLACK = 0.07, 0.6
# Words of such different heights stand in different cells, however close.
_OTHER_SIZE = 1.3
# Patterns run over one cell's text; no line that a person wrote is longer.
_MAX_CELL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without a blank."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    page: int = 1

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Words of one line that belong together."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    height: float
    page: int

    @classmethod
    def of(cls, words: list[Word]) -> Cell:
        """The cell that these words of one line make."""
        return cls(
            text=" ".join(word.text for word in words)[:_MAX_CELL_CHARACTERS],
            left=words[0].left,
            top=min(word.top for word in words),
            right=words[-1].right,
            bottom=max(word.bottom for word in words),
            height=max(word.height for word in words),
            page=words[0].page,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """Cells side by side, from left to right."""

    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        return "  ".join(cell.text for cell in self.cells)

    @property
    def top(self) -> float:
        return min(cell.top for cell in self.cells)

    @property
    def page(self) -> int:
        return self.cells[0].page


@dataclass
class Layout:
    """A document as rows of cells, page by page from the top."""

    rows: list[Row] = field(default_factory=list)
    height: float = 842.0
    width: float = 595.0
    pages: int = 1
    # What a PDF's text layer says and its page does not show; and whether all of the words lie
    # behind a picture, as those of a scan do that a program has read before.
    hidden: tuple[Word, ...] = ()
    is_behind_picture: bool = False

    @cached_property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    @cached_property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]

    def column(self, start: Cell, limit: int, *, gap: float = 2.6) -> Iterator[tuple[Cell, Row]]:
        """The cells under each other at one left or right edge with their rows, up to a wide gap.

        `gap` is in heights of the text.
        """
        last, count = start, 0
        for row in self.rows[self._row_of(start) :]:
            if row.page != start.page or count >= limit:
                return
            if row.top - last.bottom > gap * max(last.height, 8.0):
                return
            for cell in row.cells:
                is_aligned = abs(cell.left - start.left) < 8 or abs(cell.right - start.right) < 2
                if cell is start or (is_aligned and cell.top > last.top):
                    yield cell, row
                    last, count = cell, count + 1
                    break

    @cached_property
    def usual_height(self) -> float:
        """The height of most of the text."""
        return median(cell.height for cell in self.cells) if self.rows else 10.0

    def row_of(self, cell: Cell) -> tuple[Row, Row | None]:
        """The row that a cell stands in, and the one below it."""
        index = self._row_of(cell)
        return self.rows[index], self.rows[index + 1] if index + 1 < len(self.rows) else None

    def _row_of(self, cell: Cell) -> int:
        return self._places[id(cell)]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(cell): i for i, row in enumerate(self.rows) for cell in row.cells}


def from_words(words: Iterable[Word], *, width: float, height: float, pages: int) -> Layout:
    """The layout that these words form."""
    by_page: dict[int, list[Word]] = {}
    for word in words:
        by_page.setdefault(word.page, []).append(word)
    rows: list[Row] = []
    for page in sorted(by_page):
        level, turned = _apart(by_page[page])
        rows += [Row(tuple(map(Cell.of, cut))) for cut in _at_edges(_lines(level))]
        rows += _margin_rows(turned, height)
    return Layout(rows, height=height, width=width, pages=pages)


def from_text(text: str) -> Layout:
    """The layout of plain text, each character a field of a grid. Tabs are wide blanks."""
    words: list[Word] = []
    lines = text.replace("\t", "    ").splitlines()[:5000]
    for number, line in enumerate(lines):
        top = number * _GRID_HEIGHT
        for match in re.finditer(r"\S+", line[:1000]):
            left, right = match.start() * _GRID_WIDTH, match.end() * _GRID_WIDTH
            # One blank is 0.6 of the height, so it takes two to part cells.
            words.append(Word(match.group(), left, top, right, top + 10.0))
            if len(words) >= MAX_WORDS:
                break
    width = max((word.right for word in words), default=595.0)
    return from_words(words, width=width, height=len(lines) * _GRID_HEIGHT + 1, pages=1)


def _lines(words: list[Word]) -> list[list[list[Word]]]:
    """Words whose middles stand at one height, cut into cells at the wide gaps."""
    words.sort(key=lambda word: (word.middle, word.left))
    lines: list[list[Word]] = []
    for word in words:
        line = lines[-1] if lines else None
        if line is not None and _is_level(line, word):
            line.append(word)
        else:
            lines.append([word])
    return [list(_cells(sorted(line, key=lambda word: word.left))) for line in lines]


def _at_edges(lines: list[list[list[Word]]]) -> Iterator[list[list[Word]]]:
    """The cells cut once more, where a word stands exactly under or over the edge of a cell.

    Columns of a table may stand so close that a full cell all but touches the next.
    """
    edges = [[cell[0].left for cell in line[1:]] for line in lines]
    blank = _blank(lines)
    for index, line in enumerate(lines):
        near = [edge for other in edges[max(0, index - 6) : index + 7] for edge in other]
        cut: list[list[Word]] = []
        for cell in line:
            cut.append([cell[0]])
            for before, word in pairwise(cell):
                gap = (word.left - before.right) / max(before.height, word.height, 6.0)
                count = sum(abs(word.left - edge) < _EDGE_SLACK for edge in near)
                # Figures of one width end flush right, so their thousands form an edge too.
                count = 0 if _is_thousands(before.text, word.text) else count
                wider = gap - blank
                if count and (wider > _NO_BLANK or (count > 1 and wider < -_NO_BLANK)):
                    cut.append([])
                cut[-1].append(word)
        yield cut


def _is_thousands(before: str, after: str) -> bool:
    return bool(_THOUSANDS.match(after)) and before[-1].isdigit() and not before[-4:].isdigit()


def _blank(lines: list[list[list[Word]]]) -> float:
    """The usual gap between words, as a share of their height."""
    gaps = [
        (word.left - before.right) / max(before.height, word.height, 6.0)
        for line in lines
        for cell in line
        for before, word in pairwise(cell)
    ]
    return median(gaps) if gaps else 0.25


def _apart(words: list[Word]) -> tuple[list[Word], list[Word]]:
    """The level words and those that run up the page, short ones in their lines included."""
    columns = {round(word.left / 4): word.right for word in words if _is_turned(word)}
    level: list[Word] = []
    turned: list[Word] = []
    for word in words:
        right = columns.get(round(word.left / 4))
        is_short = right is not None and len(word.text) <= 3 and word.right <= right + 1
        (turned if _is_turned(word) or is_short else level).append(word)
    return level, turned


def _is_turned(word: Word) -> bool:
    """Whether the word runs up the page, as notices in a margin do."""
    return len(word.text) > 2 and word.height > 1.8 * (word.right - word.left)


def _margin_rows(words: list[Word], height: float) -> Iterator[Row]:
    """Lines that run up the page, laid level at its foot: they are what a footer says."""
    lines: dict[int, list[Word]] = {}
    for word in words:
        lines.setdefault(round(word.left / 4), []).append(word)
    for line in lines.values():
        line.sort(key=lambda word: -word.bottom)
        cell = Cell.of(line)
        level = replace(cell, left=0.0, right=500.0, top=height - 9, bottom=height, height=9.0)
        yield Row((level,))


def _is_level(line: list[Word], word: Word) -> bool:
    first = line[0]
    return word.middle - first.middle <= 0.45 * min(max(first.height, 4.0), max(word.height, 4.0))


def _cells(line: list[Word]) -> Iterator[list[Word]]:
    current: list[Word] = []
    for word in line:
        if current and _begins_cell(current[-1], word):
            yield current
            current = []
        current.append(word)
    if current:
        yield current


def _begins_cell(before: Word, word: Word) -> bool:
    low, high = sorted((before.height, word.height))
    if high > _OTHER_SIZE * low and len(word.text) > 3 and len(before.text) > 3:
        return True
    return word.left - before.right > _CELL_GAP * max(high, 6.0)
