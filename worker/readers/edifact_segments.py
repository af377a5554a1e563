"""EDIFACT interchanges (ISO 9735) as messages of segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_SEGMENTS = 200_000


class NotEdifact(ValueError):
    """The bytes are no EDIFACT interchange; the message says why in words for a person."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A tag and its elements, each a list of components; what is absent is an empty text."""

    tag: str
    elements: tuple[tuple[str, ...], ...]

    def get(self, element: int, component: int = 1) -> str:
        """The component counted from 1, as the directories count; an empty text if absent."""
        try:
            return self.elements[element - 1][component - 1].strip()
        except IndexError:
            return ""


@dataclass(frozen=True, slots=True)
class Message:
    """The segments between UNH and UNT, and the mark that amounts are written with."""

    kind: str
    segments: tuple[Segment, ...]
    decimal_mark: str


@dataclass(frozen=True, slots=True)
class _Marks:
    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    segment: str = "'"


def is_edifact(data: bytes) -> bool:
    """Whether the bytes begin as an interchange does."""
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"UNA", b"UNB+UNO")) and b"UNB" in data[:64]


def messages(data: bytes) -> list[Message]:
    """The messages of the interchange, in their order."""
    text = _decoded(data).lstrip("\ufeff \t\r\n")
    marks = _Marks()
    if text.startswith("UNA"):
        if len(text) < 9:
            raise NotEdifact("the interchange ends in its first segment")
        marks = _Marks(text[3], text[4], text[5], text[6], text[8])
        text = text[9:]
    found: list[Message] = []
    current: list[Segment] | None = None
    kind = ""
    for count, segment in enumerate(_segments(text, marks)):
        if count > MAX_SEGMENTS:
            raise NotEdifact(f"the interchange has more than {MAX_SEGMENTS} segments")
        if segment.tag == "UNH":
            kind, current = segment.get(2, 1), []
        elif segment.tag == "UNT" and current is not None:
            found.append(Message(kind, tuple(current), marks.decimal))
            current = None
        elif current is not None:
            current.append(segment)
    if current is not None:
        raise NotEdifact("the interchange ends inside a message")
    return found


def _decoded(data: bytes) -> str:
    # Levels UNOA to UNOK are single-byte sets, UNOW is UTF-8; senders do not keep to it.
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _segments(text: str, marks: _Marks) -> Iterator[Segment]:
    for raw in _split(text, marks.segment, marks.release):
        stripped = raw.strip("\r\n\t ")
        if not stripped:
            continue
        parts = _split(stripped, marks.element, marks.release)
        elements = tuple(
            tuple(
                _released(component, marks.release)
                for component in _split(part, marks.component, marks.release)
            )
            for part in parts[1:]
        )
        yield Segment(parts[0].split(marks.component)[0].strip(), elements)


def _split(text: str, mark: str, release: str) -> list[str]:
    """The text cut at a mark that no release character stands before."""
    if not release.strip() or release not in text:
        return text.split(mark)
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == release:
            position += 2
            continue
        if text[position] == mark:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return parts


def _released(text: str, release: str) -> str:
    if not release.strip() or release not in text:
        return text
    out, position = [], 0
    while position < len(text):
        if text[position] == release and position + 1 < len(text):
            position += 1
        out.append(text[position])
        position += 1
    return "".join(out)
