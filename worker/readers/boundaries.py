"""A second, independent walk over a mail's boundaries: one pass, one stack, no tree.

The first walk (`mime`) cuts from the outside in, matches delimiters exactly and lets the first of
two equal fields count. This one goes line by line, matches the innermost boundary first and by its
beginning (as RFC 2046, 5.1.1 tells readers to), and lets the last field count. Honest mails look
the same to both; a mail built so that a filter and a reader see different parts does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.readers.headers import ContentType, Headers, content_type

LINES_MAX = 1_000_000

# Only lines that can matter: empty ones, possible delimiters, the two fields we compare.
_LINE = re.compile(
    rb"^(?:(?P<blank>)|(?P<dashes>--[^\r\n]*)|"
    rb"(?P<field>content-(?:type|transfer-encoding)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*))\r?$",
    re.MULTILINE | re.IGNORECASE,
)
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})


class _Pass:
    def __init__(self) -> None:
        self.open: list[tuple[bytes, str]] = []
        self.leaves: list[tuple[str, str]] = []
        self.default = "text/plain"
        self.fields: dict[str, bytes] = {}
        self.in_headers = True
        self.in_part = True

    def field(self, raw: bytes) -> None:
        if self.in_headers:
            name, _, value = raw.partition(b":")
            self.fields[name.strip().decode("ascii").lower()] = value.strip()

    def blank(self) -> None:
        """The end of a header block: what follows is a leaf, a multipart, or another mail."""
        if not self.in_headers:
            return
        declared, encoding = self._declared()
        self.fields = {}
        boundary = declared.parameters.get("boundary", "").rstrip()
        if declared.is_multipart and boundary:
            self.in_headers = self.in_part = False
            self.open.append((boundary.encode("utf-8", "replace"), declared.media_type))
        elif declared.media_type in _MESSAGES and encoding in ("", "7bit", "8bit", "binary"):
            self.default = "text/plain"
        else:
            self.in_headers = False
            self.leaves.append((declared.media_type, encoding))

    def dashes(self, line: bytes) -> None:
        """A delimiter of an open multipart closes everything inside it."""
        text = line[2:].rstrip()
        for depth in range(len(self.open) - 1, -1, -1):
            boundary, media_type = self.open[depth]
            if not text.startswith(boundary):
                continue
            self._end_of_part()
            is_last = text[len(boundary) :].startswith(b"--")
            del self.open[depth if is_last else depth + 1 :]
            self.in_headers = self.in_part = not is_last
            is_digest = media_type == "multipart/digest"
            self.default = "message/rfc822" if is_digest else "text/plain"
            return

    def end(self) -> None:
        self._end_of_part()

    def _end_of_part(self) -> None:
        if self.in_part and self.in_headers:
            declared, encoding = self._declared()
            self.leaves.append((declared.media_type, encoding))
        self.fields = {}
        self.in_headers = self.in_part = False

    def _declared(self) -> tuple[ContentType, str]:
        headers = Headers(list(self.fields.items()))
        encoding = headers.first("content-transfer-encoding").strip(" \t.;\"'").lower()
        return content_type(headers, default=self.default), encoding


def signature(data: bytes) -> list[tuple[str, str]]:
    """Declared type and transfer encoding of each leaf, in order."""
    walk = _Pass()
    for match in _lines(data):
        if match["field"] is not None:
            walk.field(match["field"])
        elif match["dashes"] is not None:
            walk.dashes(match["dashes"])
        else:
            walk.blank()
    walk.end()
    return walk.leaves


def _lines(data: bytes) -> Iterator[re.Match[bytes]]:
    for count, match in enumerate(_LINE.finditer(data)):
        if count >= LINES_MAX:
            return
        yield match
