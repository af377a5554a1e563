"""The words of PDF pages as our own press sets them, read in a tenth of the time.

Read from the finished bytes: which glyphs each page shows, and which letters the file says that
they stand for, as a search or a copy in any viewer would. A page set by another program may use
more of PDF (ISO 32000-2, 9.4 and 9.10) than is understood here; its words are then not found, and
never others in their place. So whoever misses something asks a thorough reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pikepdf

# A font is chosen by name and size; an array has glyph numbers in hexadecimal, and their distances.
_SHOWN = re.compile(rb"/(\S+) [\d.]+ Tf|\[([^\]]*)\] TJ")
_GLYPHS = re.compile(rb"<((?:[0-9a-f]{4})+)>")
# Of the map that a font has for this: one glyph, and its letters in UTF-16.
_STANDS_FOR = re.compile(rb"^<([0-9a-f]{4})> <((?:[0-9a-f]{4})+)>$", re.MULTILINE)


class _Letters(dict[int, str]):
    """The letters of each glyph; none for a glyph that the font says nothing of."""

    def __missing__(self, glyph: int) -> str:
        return ""


def of_pages(document: pikepdf.Pdf) -> Iterator[str]:
    """The words of each page in the order in which they were set."""
    known: dict[tuple[int, int], _Letters] = {}
    for page in document.pages:
        fonts = _entry(_entry(page.obj, "/Resources"), "/Font")
        letters = {
            name.removeprefix("/").encode(): _letters(font, known)
            for name, font in (fonts.items() if fonts is not None else ())
        }
        yield "".join(_words(_content(page.obj.get("/Contents")), letters))


def _entry(parent: Any, name: str) -> pikepdf.Dictionary | None:
    child = parent.get(name) if isinstance(parent, pikepdf.Dictionary) else None
    return child if isinstance(child, pikepdf.Dictionary) else None


def _words(content: bytes, fonts: dict[bytes, _Letters]) -> Iterator[str]:
    letters = _Letters()
    for font, shown in _SHOWN.findall(content):
        if font:
            letters = fonts.get(font, _Letters())
        else:
            glyphs = bytes.fromhex(b"".join(_GLYPHS.findall(shown)).decode("ascii"))
            yield glyphs.decode("utf-16-be", "replace").translate(letters)


def _content(stream: Any) -> bytes:
    if not isinstance(stream, pikepdf.Stream):
        return b""
    try:
        return stream.read_bytes()
    except pikepdf.PdfError:
        return b""


def _letters(font: Any, known: dict[tuple[int, int], _Letters]) -> _Letters:
    if not isinstance(font, pikepdf.Dictionary) or font.get("/Subtype") != "/Type0":
        return _Letters()
    table = font.get("/ToUnicode")
    key = table.objgen if isinstance(table, pikepdf.Stream) else (0, 0)
    if key not in known:
        known[key] = _Letters(
            (int(glyph, 16), bytes.fromhex(letters.decode()).decode("utf-16-be", "replace"))
            for glyph, letters in _STANDS_FOR.findall(_content(table))
        )
    return known[key]
