"""The tree of a mail's parts: tolerant of everything, bounded, and checked by a second walk.

Nothing here raises on any bytes. What two mail programs could read differently, or what exceeds
the limits, is named in `problems`; a mail that has one goes to a person.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from worker.readers import boundaries
from worker.readers.headers import BROKEN, ContentType, Headers, base64_bytes, content_type, parse

DEPTH_MAX = 20
PARTS_MAX = 500
MAIL_MAX_BYTES = 64 * 1024 * 1024

_BLANK_LINE = re.compile(rb"^\r?\n", re.MULTILINE)
_FIELD_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
MBOX_LINE = re.compile(rb"\A(?:[ \t]*\r?\n)*(?:>?From [^\r\n]*\r?\n)?")
# SMTP smuggling: a dot between line breaks of which one is bare (CVE-2023-51764 and its kin).
_HIDDEN_END = re.compile(rb"(?<!\r)\n\.\r?\n|\r\n\.\n|\r\.\r\n")
_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global", "message/news"})
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(slots=True)
class Entity:
    """One node: headers and either children or a body. `level` counts the mails around it."""

    headers: Headers
    content_type: ContentType
    body: bytes
    level: int = 0
    children: list[Entity] = field(default_factory=list)

    @property
    def media_type(self) -> str:
        return self.content_type.media_type

    @property
    def is_message(self) -> bool:
        return self.media_type in _MESSAGE_TYPES

    @property
    def transfer_encoding(self) -> str:
        return self.headers.first("content-transfer-encoding").strip(" \t.;\"'").lower()

    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        return undone(self.body, self.transfer_encoding)

    def leaves(self) -> Iterator[Entity]:
        """The nodes without children, in the order of the mail."""
        waiting = [self]
        while waiting:
            entity = waiting.pop()
            if entity.children:
                waiting.extend(reversed(entity.children))
            else:
                yield entity


@dataclass(slots=True)
class Tree:
    """A mail's root with what is wrong with it: `problems` always, `defects` with attachments."""

    root: Entity
    problems: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def read(data: bytes) -> Tree:
    """The parts of a mail."""
    walk = _Walk()
    data = data[MBOX_LINE.match(data).end() :]  # type: ignore[union-attr]  # matches nothing too
    if len(data) > MAIL_MAX_BYTES:
        walk.problem(f"The mail is larger than {MAIL_MAX_BYTES // 1024 // 1024} MiB.")
        data = data[:MAIL_MAX_BYTES]
    if b"\r" in data and b"\n" not in data:
        walk.problem("The mail's lines end with bare carriage returns.")
        data = data.replace(b"\r", b"\n")
    if b"\r\n" in data and _HIDDEN_END.search(data):
        walk.problem("A line that some mail servers take for the end of a mail stands inside it.")
    root = walk.entity(data, depth=0, level=0, default="text/plain")
    if not walk.problems and _signature(root) != boundaries.signature(data):
        walk.problem("Two ways of reading the mail's parts give different parts.")
    return Tree(root, walk.problems, walk.defects)


class _Walk:
    """The recursive walk: each multipart is cut at its own boundary, the outermost first."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.defects: list[str] = []
        self.count = 0

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def entity(self, data: bytes, *, depth: int, level: int, default: str) -> Entity:
        headers, body = _split(data)
        self.defects.extend(headers.problems)
        if BROKEN in headers.problems:
            self.problem(BROKEN)
        entity = Entity(headers, content_type(headers, default=default), body, level)
        self.count += 1
        if not (entity.content_type.is_multipart or entity.is_message):
            return entity
        if depth >= DEPTH_MAX:
            self.problem(f"The mail's parts are nested deeper than {DEPTH_MAX} levels.")
        elif self.count > PARTS_MAX:
            self.problem(f"The mail has more than {PARTS_MAX} parts.")
        elif entity.is_message:
            inner = self.entity(
                entity.content(), depth=depth + 1, level=level + 1, default="text/plain"
            )
            entity.children.append(inner)
        else:
            self._descend(entity, depth)
        return entity

    def _descend(self, entity: Entity, depth: int) -> None:
        boundary = entity.content_type.parameters.get("boundary", "").rstrip()
        if not boundary:
            self._unreadable(entity, "A multipart names no boundary.")
            return
        is_digest = entity.media_type == "multipart/digest"
        for part in self._cut(entity.body, boundary.encode("utf-8", "replace")):
            if self.count > PARTS_MAX:
                self.problem(f"The mail has more than {PARTS_MAX} parts.")
                break
            child = self.entity(
                part,
                depth=depth + 1,
                level=entity.level,
                default="message/rfc822" if is_digest else "text/plain",
            )
            entity.children.append(child)
        if not entity.children:
            self._unreadable(entity, "A multipart's boundary never appears.")

    def _unreadable(self, entity: Entity, text: str) -> None:
        # Whatever is in it cannot be seen; an empty one hides nothing.
        (self.problem if entity.body.strip() else self.defects.append)(text)

    def _cut(self, body: bytes, boundary: bytes) -> Iterator[bytes]:
        start: int | None = None
        is_last = False
        for begin, end, closes in _delimiters(body, b"--" + boundary):
            if is_last:
                self.defects.append("A boundary appears again after its end.")
                return
            if start is not None:
                yield _without_last_break(body[start:begin])
            start, is_last = end, closes
        if start is not None and not is_last:
            self.defects.append("A multipart is not closed.")
            yield body[start:]


def _delimiters(body: bytes, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each delimiter line begins and ends, and whether it is the closing one."""
    at = body.find(delimiter)
    while at >= 0:
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end + 1
        rest = body[at + len(delimiter) : end].rstrip(b" \t\r\n")
        if rest in (b"", b"--") and (at == 0 or body[at - 1 : at] == b"\n"):
            yield at, end, rest == b"--"
        at = body.find(delimiter, end)


def _without_last_break(part: bytes) -> bytes:
    # The line break before a delimiter belongs to the delimiter (RFC 2046, 5.1.1).
    if part.endswith(b"\r\n"):
        return part[:-2]
    return part.removesuffix(b"\n")


def _split(data: bytes) -> tuple[Headers, bytes]:
    """Headers and body. A block in which no line is a field is body."""
    blank = _BLANK_LINE.search(data)
    block, body = (data[: blank.start()], data[blank.end() :]) if blank else (data, b"")
    lines = [line for line in block.split(b"\n") if line.strip() and line[:1] not in b" \t"]
    good = sum(1 for line in lines if _FIELD_LINE.match(line))
    if 2 * good <= len(lines) and lines:
        return Headers(), data
    if not blank and good < len(lines):
        return _split_without_blank(data)
    return parse(block), body


def _split_without_blank(data: bytes) -> tuple[Headers, bytes]:
    """Where no empty line ends the headers, the first line that is no field begins the body."""
    at = 0
    for line in data.splitlines(keepends=True):
        if line[:1] not in b" \t" and not _FIELD_LINE.match(line):
            break
        at += len(line)
    return parse(data[:at]), data[at:]


def undone(body: bytes, encoding: str) -> bytes:
    """The bytes that this Content-Transfer-Encoding stands for."""
    if encoding == "base64":
        return base64_bytes(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uudecoded(body)
    return body


def _uudecoded(body: bytes) -> bytes:
    out: list[bytes] = []
    begun = False
    for line in body.splitlines():
        if not begun:
            begun = line.startswith(b"begin ")
            continue
        if line.strip() == b"end":
            break
        out.append(_uu_line(line))
    return b"".join(out)


def _uu_line(line: bytes) -> bytes:
    # Some encoders pad the last group of a line; the line's own length says how much counts.
    size = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
    for candidate in (line, line[:size]):
        try:
            return binascii.a2b_uu(candidate)
        except binascii.Error:
            continue
    return b""


def _signature(root: Entity) -> list[tuple[str, str]]:
    """Type and transfer encoding of each leaf, as the second walk counts leaves.

    A multipart in which its boundary never appears has no leaf; that is a defect of its own.
    """
    found: list[tuple[str, str]] = []
    waiting = [root]
    while waiting:
        entity = waiting.pop()
        hidden = entity.is_message and entity.transfer_encoding not in _IDENTITY
        if entity.children and not hidden:
            waiting.extend(reversed(entity.children))
        elif not entity.content_type.parameters.get("boundary"):
            found.append((entity.media_type, entity.transfer_encoding))
    return found
