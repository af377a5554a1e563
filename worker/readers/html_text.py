"""HTML to the text a person sees, with quotations marked as in plain mail (`> `)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

HTML_MAX_CHARACTERS = 4_000_000

_BLOCK_TAGS = (
    "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 "
    "h3 h4 h5 h6 header li main nav ol p pre section table tbody tfoot thead tr ul"
)
_SPACED_TAGS = "p h1 h2 h3 h4 h5 h6 ul ol blockquote pre table dl"
_UNSEEN_TAGS = "head script style title template noscript object svg"
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_SPACED = frozenset(_SPACED_TAGS.split())
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.I)
_SPACE = re.compile(r"[ \t\r\n\f]+")


def text_of(html: str) -> str:
    """The visible text. Nothing is fetched, nothing runs, nesting of any depth is read."""
    # A declaration of encoding inside would make lxml refuse text that is already decoded.
    source = html[:HTML_MAX_CHARACTERS].encode("utf-8", "replace")
    parser = etree.HTMLParser(
        recover=True,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
        huge_tree=True,
    )
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError:
        return ""
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        # Nested deeper than the parser goes, so it stopped somewhere: better all words than some.
        return _SPACE.sub(" ", re.sub(r"<[^<>]*>", " ", html[:HTML_MAX_CHARACTERS])).strip()
    return _Page().read(root) if root is not None else ""


class _Page:
    """Lines being written: one open line, a quotation depth, and how many breaks are owed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line = ""
        self.quotes = 0
        self.preformatted = 0

    def read(self, root: Any) -> str:
        for event, element in _events(root):
            if event == "start":
                self._start(element)
            elif event == "end":
                self._end(element)
            else:
                self._text(element)
        self._break()
        while self.lines and not self.lines[-1].strip("> "):
            self.lines.pop()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip("\n")

    def _start(self, element: Any) -> None:
        tag = element.tag
        if tag == "br":
            self._break(always=True)
        elif tag == "hr":
            self._break()
            self.lines.append(self._prefix() + "_" * 32)
        elif tag in ("td", "th") and self.line.strip():
            self.line += "\t"
        elif tag in _BLOCKS:
            self._block(spaced=tag in _SPACED)
        if tag == "blockquote":
            self.quotes += 1
        self.preformatted += tag == "pre"
        if tag == "li":
            self.line += "- "

    def _end(self, element: Any) -> None:
        tag = element.tag
        if tag in _BLOCKS:
            self._break()
        if tag == "blockquote":
            self.quotes -= 1
        self.preformatted -= tag == "pre"
        if tag in _SPACED:
            self._block(spaced=True)

    def _text(self, text: str) -> None:
        if self.preformatted:
            first, *rest = text.split("\n")
            self.line += first
            for line in rest:
                self._break(always=True)
                self.line += line
            return
        text = _SPACE.sub(" ", text)
        if not self.line or self.line.endswith((" ", "\t")):
            text = text.lstrip(" ")
        self.line += text

    def _block(self, *, spaced: bool) -> None:
        self._break()
        if spaced and self.lines and self.lines[-1].strip("> "):
            self.lines.append(self._prefix().rstrip())

    def _break(self, *, always: bool = False) -> None:
        line = self.line.replace("\xa0", " ").rstrip()
        self.line = ""
        if line or always:
            self.lines.append((self._prefix() + line).rstrip())

    def _prefix(self) -> str:
        return "> " * min(self.quotes, 20)


def _events(root: Any) -> Iterator[tuple[str, Any]]:
    """Start, text and end of each visible element, without recursion."""
    waiting: list[tuple[str, Any]] = [("open", root)]
    while waiting:
        what, item = waiting.pop()
        if what != "open":
            yield what, item
            continue
        if item.tail:
            waiting.append(("text", item.tail))
        if not isinstance(item.tag, str) or _is_hidden(item):
            continue
        yield "start", item
        waiting.append(("end", item))
        waiting.extend(("open", child) for child in reversed(item))
        if item.text:
            waiting.append(("text", item.text))


def _is_hidden(element: Any) -> bool:
    if element.tag in _UNSEEN:
        return True
    style = element.get("style")
    return element.get("hidden") is not None or bool(style and _HIDDEN.search(style))
