"""A message's bytes, written straight down: headers and parts of the few kinds that we send.

The standard library's message class parses and folds every header that it is given, which takes
five times as long as all the rest; its encoded words alone took a tenth of a worker's time.
"""

from __future__ import annotations

import binascii
import re
import string
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from worker.kernel.mail import Address, header_safe

END = b"\r\n"
_LINE_CHARACTERS = 78  # RFC 5322, 2.1.1
_BASE64_LINE = 76  # RFC 2045, 6.8
_ENCODED_WORD = 75 - len("=?utf-8?q??=")  # RFC 2047, 2
# What may stand for itself in an encoded word, also before an address (RFC 2047, 5 (3)).
_Q = {c: c for c in string.ascii_letters + string.digits + "!*+-/"} | {" ": "_"}
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_PLAIN_FILENAME = re.compile(r"[A-Za-z0-9._ -]+")


def field(name: str, value: str) -> bytes:
    """A header whose value is written as it is, on one line."""
    return f"{name}: {header_safe(value)}\r\n".encode()


def words(name: str, value: str) -> bytes:
    """A header of free words, in encoded words where they need it."""
    value = header_safe(value)
    if _is_plain(value) and len(name) + 2 + len(value) <= _LINE_CHARACTERS:
        return field(name, value)
    return f"{name}: {_encoded(name, value)}\r\n".encode("ascii")


def mailbox(name: str, phrase: str, address: Address) -> bytes:
    """A header that holds one address with the name of whose it is."""
    phrase = header_safe(phrase)
    if not _is_plain(phrase):
        phrase = _encoded(name, phrase)
    elif not _ATOMS.fullmatch(phrase):
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
    # Local parts beyond ASCII go out as UTF-8 (RFC 6532); the transport asks the server first.
    return f"{name}: {phrase} <{address}>\r\n".encode()


def text(kind: str, content: str) -> bytes:
    """A text as a part: plain text that a person can read in the raw mail, HTML as base64."""
    head = field("Content-Type", f'text/{kind}; charset="utf-8"')
    lines = END.join(content.encode().splitlines()) + END
    if kind == "plain":
        body = binascii.b2a_qp(lines.replace(END, b"\n"), istext=True).replace(b"\n", END)
        return head + field("Content-Transfer-Encoding", "quoted-printable") + END + body
    return head + _base64(lines)


def file(media_type: str, name: str, content: bytes, *, content_id: str | None = None) -> bytes:
    """A file as a part: attached, or with `content_id` shown inside the HTML."""
    head = field("Content-Type", media_type)
    head += field("Content-Disposition", _disposition(name, is_shown=content_id is not None))
    if content_id is not None:
        head += field("Content-ID", f"<{content_id}>")
    return head + _base64(content)


def several(kind: str, boundary: str, parts: Sequence[bytes], *, root: str = "") -> bytes:
    """Parts as one part; `root` is the type of the first where the kind wants it named."""
    named = f' type="{root}";' if root else ""
    head = field("Content-Type", f'multipart/{kind};{named} boundary="{boundary}"') + END
    mark = b"--" + boundary.encode("ascii")
    return head + b"".join(mark + END + part + END for part in parts) + mark + b"--" + END


def message(headers: Iterable[bytes], part: bytes) -> bytes:
    """The whole message."""
    return b"".join(headers) + field("MIME-Version", "1.0") + part


def _disposition(name: str, *, is_shown: bool) -> str:
    how = "inline" if is_shown else "attachment"
    name = header_safe(name)
    if _PLAIN_FILENAME.fullmatch(name):
        return f'{how}; filename="{name}"'
    return f"{how}; filename*=utf-8''{quote(name, safe='')}"  # RFC 2231


def _base64(content: bytes) -> bytes:
    whole = binascii.b2a_base64(content, newline=False)
    lines = [whole[i : i + _BASE64_LINE] for i in range(0, len(whole), _BASE64_LINE)]
    return field("Content-Transfer-Encoding", "base64") + END + END.join(lines) + END


def _is_plain(value: str) -> bool:
    # What looks like an encoded word would be read as one.
    return value.isascii() and "=?" not in value


def _encoded(name: str, value: str) -> str:
    """A value as encoded words (RFC 2047), a line for each and none cut inside a character."""
    words, word, room = [], "", _ENCODED_WORD - len(name) - len(": ")
    for character in value:
        written = _Q.get(character) or "".join([f"={octet:02X}" for octet in character.encode()])
        if len(word) + len(written) > room:
            words.append(word)
            word, room = "", _ENCODED_WORD
        word += written
    return "\r\n ".join([f"=?utf-8?q?{each}?=" for each in (*words, word)])
