"""X12 interchanges (ANSI ASC X12) as transaction sets of segments.

The first segment says how the rest is cut: its fourth character stands between elements, the one
after its sixteenth element between components, and what follows that ends a segment. Senders pad
its elements or not, so the elements are counted, not the characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SIZE_BYTES = 32 * 1024 * 1024
MAX_SEGMENTS = 400_000
_ISA_ELEMENTS = 16
_BARE = re.compile(r"(?:GS([*|^!])RA\1|ST([*|^!])820\2)")


class NotX12(ValueError):
    """The bytes are no X12 interchange; the message says why in words for a person."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A tag and its elements, counted from 1 as the standard does."""

    tag: str
    elements: tuple[str, ...]

    def get(self, element: int) -> str:
        """The element, an empty text if absent."""
        return self.elements[element - 1].strip() if element <= len(self.elements) else ""


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """The segments between ST and SE, and what kind ST says they are."""

    kind: str
    segments: tuple[Segment, ...]


def is_x12(data: bytes) -> bool:
    """Whether the bytes begin as an interchange or a bare transaction set does."""
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip().decode("latin-1")
    if start.startswith("ISA") and len(start) > 4:
        return not start[3].isalnum() and not start[3].isspace() and start[:90].count(start[3]) > 8
    return _BARE.match(start) is not None


def transaction_sets(data: bytes) -> list[TransactionSet]:
    """The transaction sets of all interchanges in the bytes, in their order."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotX12(f"it is larger than {MAX_SIZE_BYTES >> 20} MiB")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip()
    found: list[TransactionSet] = []
    current: list[Segment] | None = None
    kind = ""
    for segment in segments(text):
        if segment.tag == "ST":
            kind, current = segment.get(1), []
        elif segment.tag == "SE" and current is not None:
            found.append(TransactionSet(kind, tuple(current)))
            current = None
        elif current is not None:
            current.append(segment)
    if current is not None:
        raise NotX12("it ends inside a transaction set")
    return found


def segments(text: str) -> list[Segment]:
    """The segments of a text, cut as its own first segment says."""
    element, terminator = _marks(text)
    if text.count(terminator) > MAX_SEGMENTS:
        raise NotX12(f"it has more than {MAX_SEGMENTS} segments")
    raw = [part.strip("\r\n\t ") for part in text.split(terminator)]
    cut = [part.split(element) for part in raw if part]
    return [Segment(parts[0].strip().upper(), tuple(parts[1:])) for parts in cut]


def _marks(text: str) -> tuple[str, str]:
    """The character between elements and the one that ends a segment."""
    if not text.startswith("ISA"):
        bare = re.match(r"[A-Z][A-Z0-9]{1,2}([^\w\s])", text)
        element = bare[1] if bare else "*"
        return element, next((mark for mark in "~\\'" if mark in text), "\n")
    element = text[3]
    position = 0
    for _ in range(_ISA_ELEMENTS):
        position = text.find(element, position + 1)
        if position < 0:
            raise NotX12("its first segment (ISA) is not whole")
    terminator = text[position + 2 : position + 3]
    if not terminator or terminator == element:
        raise NotX12("its first segment (ISA) is not whole")
    return element, "\n" if terminator == "\r" else terminator
