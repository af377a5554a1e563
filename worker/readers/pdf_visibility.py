"""Words in a PDF's text layer that the page does not show: white, covered, tiny or off the page.

People pay what they see, so hidden words are not believed. What a word's own drawing gives away
(its colour, its mode, what is drawn over it) only raises the suspicion; the picture of the page
decides, for white letters on a dark head are as honest as black ones on white.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from worker.readers.page_layout import Word

_TINY_POINTS = 2.0
_MAX_OBJECTS = 20_000
_MAX_PIXELS = 4_000_000
# Shades of 256: how light letters are that may vanish on paper, and the least that sets them off.
_LIGHT, _LEAST_CONTRAST = 215, 20


@dataclass(frozen=True, slots=True)
class Turn:
    """How a page is turned so that its text is level: by quarters, clockwise.

    `width` and `height` are those of the page before; points count from the bottom left corner.
    """

    quarters: int
    width: float
    height: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height after the turn."""
        return (self.height, self.width) if self.quarters % 2 else (self.width, self.height)

    def box(
        self, left: float, bottom: float, right: float, top: float
    ) -> tuple[float, float, float, float]:
        """A box after the turn, as left, bottom, right, top."""
        if self.quarters == 1:
            return bottom, self.width - right, top, self.width - left
        if self.quarters == 2:
            return self.width - right, self.height - top, self.width - left, self.height - bottom
        if self.quarters == 3:
            return self.height - top, left, self.height - bottom, right
        return left, bottom, right, top


@dataclass(frozen=True, slots=True)
class Placed:
    """A word and the index of its first character in the text page."""

    word: Word
    index: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The words of a page by whether it shows them. `behind`: how many lie behind a picture."""

    shown: list[Word]
    hidden: list[Word]
    behind: int


@dataclass(frozen=True, slots=True)
class _Cover:
    """A filled shape or a picture; `depth` counts from the back of the page."""

    depth: int
    left: float
    bottom: float
    right: float
    top: float
    is_dark: bool

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def sort_out(
    page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, placed: Sequence[Placed], turn: Turn
) -> Seen:
    """The words of a page that it shows, and those that it hides."""
    width, height = turn.size
    depths, covers = _drawn(page, turn)
    styles: dict[int, _Style] = {}
    suspects: list[Word] = []
    gone: list[Word] = []
    behind = 0
    for each in placed:
        word = each.word
        x, y = (word.left + word.right) / 2, height - word.middle
        if not (0 <= x <= width and 0 <= y <= height) or word.height < _TINY_POINTS:
            gone.append(word)
            continue
        drawn = pdfium.FPDFText_GetTextObject(text_page, each.index)
        address = _address(drawn)
        if address not in styles:
            styles[address] = _style(drawn, text_page, each.index)
        style, depth = styles[address], depths.get(address, _MAX_OBJECTS)
        behind += style.is_unpainted
        over = [cover for cover in covers if cover.holds(x, y)]
        is_covered = any(cover.depth > depth for cover in over)
        is_lost = style.is_light and not any(c.is_dark and c.depth < depth for c in over)
        if (style.is_unpainted or is_covered or is_lost) and any(map(str.isalnum, word.text)):
            suspects.append(word)
    gone += _unseen(page, suspects, turn) if suspects else []
    hidden = {id(word) for word in gone}
    shown = [each.word for each in placed if id(each.word) not in hidden]
    return Seen(shown, gone, behind)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is drawn: not at all, or as light as paper."""

    is_unpainted: bool
    is_light: bool


def _style(drawn: object, text_page: pypdfium2.PdfTextPage, index: int) -> _Style:
    mode = pdfium.FPDFTextObj_GetTextRenderMode(drawn) if drawn else 0
    shade = [ctypes.c_uint() for _ in range(4)]
    pdfium.FPDFText_GetFillColor(text_page, index, *(ctypes.byref(part) for part in shade))
    red, green, blue, opacity = (part.value for part in shade)
    return _Style(
        is_unpainted=mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE,
        is_light=min(red, green, blue) >= _LIGHT or opacity < 40,
    )


def _address(handle: object) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def _drawn(page: pypdfium2.PdfPage, turn: Turn) -> tuple[dict[int, int], list[_Cover]]:
    """How deep each text lies, and the shapes and pictures that may lie over or under it."""
    depths: dict[int, int] = {}
    covers: list[_Cover] = []
    for depth in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        drawn = pdfium.FPDFPage_GetObject(page, depth)
        kind = pdfium.FPDFPageObj_GetType(drawn)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            depths[_address(drawn)] = depth
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE or (
            kind == pdfium.FPDF_PAGEOBJ_PATH and _is_filled(drawn)
        ):
            cover = _cover(drawn, depth, turn, is_picture=kind == pdfium.FPDF_PAGEOBJ_IMAGE)
            covers += (
                [cover] if cover.right - cover.left > 4 and cover.top - cover.bottom > 4 else []
            )
    return depths, covers


def _is_filled(path: object) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke))
    return fill.value != 0


def _cover(drawn: object, depth: int, turn: Turn, *, is_picture: bool) -> _Cover:
    box = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(drawn, *(ctypes.byref(edge) for edge in box))
    left, bottom, right, top = turn.box(*(edge.value for edge in box))
    shade = [ctypes.c_uint() for _ in range(4)]
    pdfium.FPDFPageObj_GetFillColor(drawn, *(ctypes.byref(part) for part in shade))
    is_dark = not is_picture and min(part.value for part in shade[:3]) < _LIGHT - 60
    return _Cover(depth, left, bottom, right, top, is_dark)


def _unseen(page: pypdfium2.PdfPage, suspects: list[Word], turn: Turn) -> list[Word]:
    """The suspects at whose place the picture of the page is of one shade."""
    width, height = turn.size
    scale = min(2.0, (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    rotation = (90 * turn.quarters - page.get_rotation()) % 360
    bitmap = page.render(scale=scale, grayscale=True, rotation=rotation)
    pixels = memoryview(bitmap.buffer).cast("B")

    def is_flat(word: Word) -> bool:
        # Lines of a table around the word are no letters: a little less than its box is looked at.
        edge = 0.2 * word.height
        columns = _span(word.left, word.right, scale, bitmap.width)
        rows = _span(word.top + edge, word.bottom - edge, scale, bitmap.height)
        shades = [
            shade
            for y in rows
            for shade in pixels[
                y * bitmap.stride + columns.start : y * bitmap.stride + columns.stop
            ]
        ]
        return not shades or max(shades) - min(shades) < _LEAST_CONTRAST

    return [word for word in suspects if is_flat(word)]


def _span(first: float, last: float, scale: float, limit: int) -> range:
    start = max(0, min(limit, int(first * scale)))
    return range(start, max(start, min(limit, int(last * scale) + 1)))
