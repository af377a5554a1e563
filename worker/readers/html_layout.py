"""HTML as a layout: the words of its blocks and tables where a simple browser would put them."""

from __future__ import annotations

import re

from lxml import etree, html

from worker.readers.page_layout import MAX_WORDS, Layout, Word, from_words

MAX_CHARACTERS = 1_000_000
_MAX_DEPTH = 100
_WIDTH, _LINE, _CHARACTER = 720.0, 12.0, 5.0
_TEXT_HEIGHT = 10.0
_HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg"})
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "header", "footer", "ul", "ol", "li", "dl", "dt", "dd"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "address", "hr", "form", "body"}
)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.IGNORECASE)


def from_html(text: str) -> Layout:
    """The layout of a page or a mail's body. Hidden parts are left out; nothing is fetched."""
    page = _Page()
    try:
        root = html.document_fromstring(text[:MAX_CHARACTERS].replace("\x00", ""))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return Layout()
    page.block(root, 0.0, _WIDTH, depth=0)
    height = page.top + _LINE
    return from_words(page.words, width=_WIDTH, height=height, pages=1)


class _Page:
    """Words placed so far, and where the next one goes."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.top = 0.0
        self._left = 0.0
        self._start = 0.0

    def block(self, element: html.HtmlElement, left: float, width: float, *, depth: int) -> None:
        """Place what the element holds between these edges, from a new line on."""
        outer = self._start
        self._break(left)
        self._inside(element, left, width, depth)
        self._break(outer)

    def _inside(self, element: html.HtmlElement, left: float, width: float, depth: int) -> None:
        self._text(element.text)
        for child in element:
            if isinstance(child.tag, str) and depth < _MAX_DEPTH and not _is_hidden(child):
                self._child(child, left, width, depth + 1)
            self._text(child.tail)

    def _child(self, child: html.HtmlElement, left: float, width: float, depth: int) -> None:
        if child.tag == "br":
            self._break(left, is_forced=True)
        elif child.tag == "table":
            self._table(child, left, width, depth)
        elif child.tag in _BLOCKS:
            self.block(child, left, width, depth=depth)
        else:
            self._inside(child, left, width, depth)

    def _table(self, table: html.HtmlElement, left: float, width: float, depth: int) -> None:
        outer = self._start
        rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
        columns = max((sum(_span(cell) for cell in _cells(row)) for row in rows), default=1)
        share = width / max(columns, 1)
        for row in rows:
            self._break(left)
            top = bottom = self.top
            column = 0
            for cell in _cells(row):
                self.top = top
                if not _is_hidden(cell):
                    self.block(cell, left + column * share, share * _span(cell), depth=depth)
                bottom = max(bottom, self.top)
                column += _span(cell)
            self.top = bottom
        self._break(outer)

    def _break(self, left: float, *, is_forced: bool = False) -> None:
        """Go to the start of a line; to a new one only where something stands on this."""
        if is_forced or self._left > self._start:
            self.top += _LINE
        self._left = self._start = left

    def _text(self, text: str | None) -> None:
        for word in (text or "").split():
            if len(self.words) >= MAX_WORDS:
                return
            right = self._left + len(word) * _CHARACTER
            self.words.append(Word(word, self._left, self.top, right, self.top + _TEXT_HEIGHT))
            self._left = right + _CHARACTER


def _cells(row: html.HtmlElement) -> list[html.HtmlElement]:
    return [child for child in row if child.tag in ("td", "th")]


def _span(cell: html.HtmlElement) -> int:
    text = (cell.get("colspan") or "1").strip()
    return min(max(int(text), 1), 50) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _is_hidden(element: html.HtmlElement) -> bool:
    return element.tag in _HIDDEN or _UNSEEN.search(element.get("style") or "") is not None
