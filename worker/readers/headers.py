"""Header fields of a mail: unfolded, decoded, with their parameters; tolerant of everything."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from worker.readers import charsets

FIELD_MAX_BYTES = 256 * 1024
FIELDS_MAX = 1000
BROKEN = "A header holds a NUL character or a bare carriage return."
PARAMETERS_MAX = 100

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_NO_BASE64 = bytes(set(range(256)) - _BASE64)
_BROKEN = re.compile(rb"\x00|\r(?!\n|\Z)")
_ENCODED_WORD = re.compile(r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_PARAMETER = re.compile(
    r""";\s*([^\s=;"*]+)((?:\*\d+)?\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))""", re.DOTALL
)


@dataclass(slots=True)
class Headers:
    """The fields of one entity in their order: (name in lower case, value as raw bytes)."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _first: dict[str, str] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        """Every value of this field, unfolded but not decoded."""
        return [_unfold(value) for key, value in self.fields if key == name]

    def first(self, name: str) -> str:
        """The topmost value of this field, or nothing."""
        if name not in self._first:
            self._first[name] = next(iter(self.all(name)), "")
        return self._first[name]

    def text(self, name: str) -> str:
        """The topmost value with its encoded words decoded, on one line."""
        return one_line(decoded(self.first(name)))

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)

    def positions(self, name: str) -> list[int]:
        return [i for i, (key, _) in enumerate(self.fields) if key == name]


def parse(block: bytes) -> Headers:
    """The fields of a header block; lines that are none are noted and dropped."""
    headers = Headers()
    for raw in _logical_lines(block):
        if _BROKEN.search(raw):
            _note(headers, BROKEN)
        match = _FIELD.fullmatch(raw)
        if match is None:
            _note(headers, "A header line is no header field.")
            continue
        if len(headers.fields) >= FIELDS_MAX or len(raw) > FIELD_MAX_BYTES:
            _note(headers, "The headers are larger than any mail needs.")
            continue
        headers.fields.append((match[1].decode("ascii").lower(), match[2].strip(b" \t\r\n")))
    return headers


def _note(headers: Headers, problem: str) -> None:
    if problem not in headers.problems:
        headers.problems.append(problem)


def _logical_lines(block: bytes) -> Iterator[bytes]:
    """Each field with its continuation lines."""
    held: list[bytes] = []
    for line in block.split(b"\n"):
        if line[:1] in (b" ", b"\t") and held:
            held.append(line)
            continue
        if held:
            yield b"\n".join(held)
        held = [line] if line.strip() else []
    if held:
        yield b"\n".join(held)


def _unfold(value: bytes) -> str:
    value = re.sub(rb"\r?\n(?=[ \t])", b"", value)
    return charsets.decode(value.replace(b"\x00", b""), None)[0]


def one_line(text: str) -> str:
    """The text with every run of white space, line breaks and controls as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()


def decoded(value: str) -> str:
    """The text with RFC 2047 encoded words decoded; what cannot be decoded stays as it is.

    A character may be split over two words of one charset (against RFC 2047, section 5, but
    common), so neighbours are joined as bytes before they become text.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    charset, held, at = "", b"", 0
    for match in _ENCODED_WORD.finditer(value):
        raw = _payload(match[2], match[3])
        gap = value[at : match.start()]
        at = match.end()
        if charset.lower() == match[1].lower() and not gap.strip():
            held += raw
            continue
        out.append(charsets.decode(held, charset or None)[0])
        if gap.strip() or not charset:
            out.append(gap)
        charset, held = match[1], raw
    out.append(charsets.decode(held, charset or None)[0])
    return "".join([*out, value[at:]])


def _payload(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    return base64_bytes(data)


def base64_bytes(data: bytes) -> bytes:
    """The decoded bytes; what is no base64 is ignored, and a lost end costs only the end."""
    kept = data.translate(None, _NO_BASE64)
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    return base64.b64decode(kept + b"=" * (-len(kept) % 4))


@dataclass(frozen=True, slots=True)
class ContentType:
    """A media type in lower case with its parameters; `text/plain` where none is readable."""

    media_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")


_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]+)\s*/\s*([\w!#$&^.+-]+)", re.ASCII)


def content_type(headers: Headers, *, default: str = "text/plain") -> ContentType:
    """The declared type of an entity. Of several Content-Type fields the first counts."""
    value = headers.first("content-type")
    match = _MEDIA_TYPE.match(value)
    if match is None:
        return ContentType(default, parameters(value))
    return ContentType(f"{match[1]}/{match[2]}".lower(), parameters(value))


def parameters(value: str) -> dict[str, str]:
    """The parameters of a structured field: RFC 2231 continuations joined, values decoded."""
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(";" + value.partition(";")[2])):
        if count >= PARAMETERS_MAX:
            break
        name, star = match[1].lower(), match[2]
        raw = match[4].strip() if match[3] is None else re.sub(r"\\(.)", r"\1", match[3])
        if not star:
            plain.setdefault(name, decoded(raw))
            continue
        digits = star.strip("*")
        order = int(digits) if digits and len(digits) < 5 else 0
        sections.setdefault(name, []).append((order, star.endswith("*"), raw))
    # The extended form wins: the plain one is a fallback for old readers (RFC 6266, 4.3).
    return plain | {name: _joined(parts) for name, parts in sections.items()}


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    charset: str | None = None
    data = b""
    for order, is_encoded, raw in sorted(parts, key=lambda part: part[0]):
        text = raw
        if is_encoded and order == 0 and raw.count("'") >= 2:
            charset, _, text = raw.split("'", 2)
        data += unquote_to_bytes(text) if is_encoded else raw.encode("utf-8", "replace")
    return charsets.decode(data, charset)[0]
