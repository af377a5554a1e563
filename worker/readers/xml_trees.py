"""XML from strangers: no DTD, no entities, no network, bounded size and depth, one value a field.

A document that names a DTD is refused whole: nothing an invoice needs is in one, and entities are
how XML is made to explode or to fetch (RFC 3470 section 4.13).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from lxml import etree

from worker.readers.model import Problem

MAX_SIZE_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 400_000

_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")
_TOO_MANY = etree.XPath(f"count(//*) > {MAX_ELEMENTS}")
_TAG = re.compile(r"<(?:!DOCTYPE\s|[A-Za-z_][\w.-]*[:\s/>])", re.IGNORECASE)
_PREFIXED = re.compile(r"(\w+):(\w+)")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


class RefusedXml(ValueError):
    """The bytes are no XML that we read; the message says why in words for a person."""


def parse(data: bytes) -> etree._Element:
    """The root of the document, which has no DTD and is of bounded size and depth."""
    if len(data) > MAX_SIZE_BYTES:
        raise RefusedXml("the XML is larger than 32 MiB")
    if _after_prolog(start_text(data)).upper().startswith("<!DOCTYPE"):
        raise RefusedXml("the XML declares a document type (DTD), which is refused")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedXml(f"the XML is not well formed: {str(error)[:200]}") from error
    _check(root)
    return root


def start_text(data: bytes, size: int = 65536) -> str:
    """The first characters of a text file in the encoding that its first bytes show."""
    head = data[:size]
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head.decode(encoding, "ignore")
    return head.decode("utf-8", "replace")


def looks_like_xml(data: bytes) -> bool:
    """Whether the bytes begin as XML does that is no web page, in any encoding."""
    root = _after_prolog(start_text(data, 8192))
    name = root[1:15].lower()
    return _TAG.match(root) is not None and not name.startswith(("html", "!doctype html"))


def _after_prolog(start: str) -> str:
    """The text from its first tag or declaration on, by steps: a pattern could be made slow."""
    position = _first_mark(start, 0)
    while True:
        for opening, closing in (("<?", "?>"), ("<!--", "-->")):
            if start.startswith(opening, position):
                end = start.find(closing, position)
                if end < 0:
                    return ""
                position = _first_mark(start, end + len(closing))
                break
        else:
            return start[position : position + 200]


def _first_mark(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n\ufeff":
        position += 1
    return position


def _check(root: etree._Element) -> None:
    # A second look after parsing: the prolog may be in an encoding we did not guess.
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedXml("the XML declares a document type (DTD), which is refused")
    if _TOO_DEEP(root):
        raise RefusedXml(f"the XML is nested deeper than {MAX_DEPTH} levels")
    if _TOO_MANY(root):
        raise RefusedXml(f"the XML has more than {MAX_ELEMENTS} elements")


class Names:
    """The prefixes that paths of one vocabulary are written with."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self.namespaces = dict(namespaces)
        self.steps = lru_cache(maxsize=512)(self._steps)

    def _steps(self, path: str) -> tuple[str, ...]:
        """The tags on the way, as lxml writes them."""
        steps = (step for step in path.split("/") if step != ".")
        return tuple(_PREFIXED.sub(self._expanded, step) for step in steps)

    def _expanded(self, prefixed: re.Match[str]) -> str:
        space = self.namespaces[prefixed[1]]
        return f"{{{space}}}{prefixed[2]}" if space else prefixed[2]


class Node:
    """An element, its descendants by prefixed paths, and the problems met while reading.

    Each element's children are sorted by name once: a document is asked for many more fields than
    it has.
    """

    __slots__ = ("_children", "_element", "_names", "_problems")

    def __init__(self, element: etree._Element, names: Names, problems: list[Problem]) -> None:
        self._element = element
        self._names = names
        self._problems = problems
        self._children: dict[str, list[Node]] | None = None

    @property
    def name(self) -> str:
        """The element's name without its namespace."""
        return str(self._element.tag).rpartition("}")[2]

    def all(self, path: str) -> Iterator[Node]:
        """Every element at the path, in the order of the document."""
        nodes: Sequence[Node] = (self,)
        for tag in self._names.steps(path):
            if len(nodes) == 1:
                nodes = nodes[0]._named().get(tag, ())
            else:
                nodes = [child for node in nodes for child in node._named().get(tag, ())]
        return iter(nodes)

    def _named(self) -> dict[str, list[Node]]:
        """The children by their tags."""
        if self._children is None:
            self._children = {}
            for element in self._element.iterchildren(etree.Element):
                node = Node(element, self._names, self._problems)
                self._children.setdefault(str(element.tag), []).append(node)
        return self._children

    def first(self, path: str) -> Node | None:
        """The first element at the path."""
        return next(self.all(path), None)

    def texts(self, path: str) -> list[str]:
        """The texts at the path that are not blank."""
        return [text for node in self.all(path) if (text := node.own_text())]

    def text(self, *paths: str) -> str | None:
        """The first text that is not blank at the first path that has one."""
        for path in paths:
            for node in self.all(path):
                if text := node.own_text():
                    return text
        return None

    def only(self, path: str) -> str | None:
        """The one text at the path. Two that differ are a problem, and none of them is taken."""
        texts = self.texts(path)
        if len(set(texts)) > 1:
            field = path.rpartition(":")[2]
            self.note("XML", f"{field} is given {len(texts)} times with different values")
            return None
        return texts[0] if texts else None

    def attribute(self, name: str) -> str | None:
        """The attribute's text, if it has one that is not blank."""
        return (self._element.get(name) or "").strip() or None

    def own_text(self) -> str | None:
        """The element's text without the blanks around it."""
        text = self._element.text
        if len(self._element):
            # A comment inside a value is how two readers are made to see two values.
            if any(isinstance(child, etree._Comment) for child in self._element):
                self.note("XML", f"the text of {self.name} is split by a comment")
                text = (text or "") + "".join(child.tail or "" for child in self._element)
            elif text is None:
                return None
        return (text or "").strip() or None

    def note(self, rule: str, text: str, *, holds: bool = True) -> None:
        """Keep a problem with the document."""
        problem = Problem(rule=rule, text=text, holds=holds)
        if problem not in self._problems:
            self._problems.append(problem)
