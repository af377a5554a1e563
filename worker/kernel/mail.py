"""Email addresses in one strict grammar, and header values that cannot break a header.

The grammar is narrower than RFC 5322 on purpose: two readers must never see two senders in one
header. The standard library reads `a@good <evil@evil>` as `a@good` and `<boss@corp>@evil` as
`boss@corp`; here both are refused. What is refused is at most untrusted, never lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LOCAL_MAX_OCTETS = 64  # RFC 5321, 4.5.3.1.1
ADDRESS_MAX_OCTETS = 254  # RFC 3696, erratum 1690

# RFC 5322 atext, with RFC 6532's UTF-8 beyond ASCII but no control, no space, no format character.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]"
_WIDE = r"[^\x00-\xa0\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff]"
_DOT_ATOM = rf"(?:{_ATEXT}|{_WIDE})+(?:\.(?:{_ATEXT}|{_WIDE})+)*"
_QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})+"
_ADDRESS = re.compile(rf"({_DOT_ATOM}|{_QUOTED})@({_DOMAIN})")

# A display name: quoted, or words without any character that separates addresses.
_PHRASE = re.compile(rf'{_QUOTED}|[^\x00-\x1f\x7f-\x9f"<>(),:;@\[\]\\]*')
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[A-Za-z]\?[^?\s]*\?=")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class NotAnAddress(ValueError):
    """The text is no address, or two readers could understand it differently."""


class UnsafeHeader(ValueError):
    """The value holds a line break or another control character."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address: the local part as written, the domain in lower-case A-labels."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that this text is, whole and without a name."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise NotAnAddress(f"{text[:80]!r} is not one plain address, like name@example.com.")
        local, domain = match[1], match[2].lower()
        if _ENCODED_WORD.search(local):
            raise NotAnAddress("An encoded word stands inside the address.")
        if len(local.encode()) > LOCAL_MAX_OCTETS or len(text.encode()) > ADDRESS_MAX_OCTETS:
            raise NotAnAddress("The address is longer than mail allows.")
        return cls(local, domain)

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """What to compare addresses by: nobody sane tells Ann@ from ann@."""
        return str(self).lower()

    @property
    def masked(self) -> str:
        """For a page that a stranger may see: `b•••@example.com`."""
        return f"{self.local.lstrip(chr(34))[:1]}•••@{self.domain}"


def mailbox(text: str) -> tuple[str, Address]:
    """The display name as written (quotes and encoded words kept) and the address of one mailbox.

    Reads `name <address>`, `<address>` and `address`, nothing else: no comments, no groups, no
    second address, and nothing that would not come back the same when written again.
    """
    text = text.strip(" \t")
    if not text.endswith(">"):
        return "", Address.parse(text)
    phrase, opened, rest = text.rpartition("<")
    name = phrase.strip(" \t")
    if not opened or not _PHRASE.fullmatch(name):
        raise NotAnAddress("The name before the address can be read in two ways.")
    return name, Address.parse(rest[:-1])


def unfolded(value: str) -> str:
    """A header value on one line: a line break counts only together with the space after it."""
    return re.sub(r"\r?\n(?=[ \t])", "", value).strip(" \t\r\n")


def header_safe(value: str) -> str:
    """The value, which must be fit for one header line."""
    found = _UNSAFE.search(value)
    if found:
        raise UnsafeHeader(f"A header may not hold the character U+{ord(found[0]):04X}.")
    return value
