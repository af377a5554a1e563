"""What a signed envelope (CMS, `.p7m`) holds. The signature is not verified, and that is said.

RFC 5652: ContentInfo { signedData, [0] SignedData { version, digests, EncapsulatedContentInfo
{ type, [0] OCTET STRING } } }. Written in DER or BER: lengths may be indefinite and the octets in
pieces.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SIZE_BYTES = 32 * 1024 * 1024
_MAX_DEPTH = 12
_MAX_ELEMENTS = 100_000
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_BASE64 = re.compile(rb"\A\s*(?:-----BEGIN [A-Z0-9 ]+-----)?\s*MI[A-Za-z0-9+/=\s]{60}")
_SEQUENCE, _OCTETS, _OID, _SET, _EXPLICIT_0 = 0x30, 0x04, 0x06, 0x31, 0xA0


class NotSigned(ValueError):
    """The bytes are no signed envelope that can be opened."""


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int
    end: int
    after: int


def is_signed(data: bytes) -> bool:
    """Whether the bytes begin as a signed envelope does, in binary or base64."""
    if data[:1] == b"\x30" and _SIGNED_DATA in data[:64]:
        return True
    return _BASE64.match(data[:200]) is not None and _SIGNED_DATA in _binary(data[:400])[:64]


def content(data: bytes) -> bytes:
    """The bytes that were signed."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotSigned("the signed file is larger than 32 MiB")
    raw = data if data[:1] == b"\x30" else _binary(data)
    try:
        info = _child(raw, _at(raw, 0, 0), _EXPLICIT_0)
        signed = _child(raw, info, _SEQUENCE)
        encapsulated = _child(raw, signed, _SEQUENCE)
        holder = _child(raw, encapsulated, _EXPLICIT_0)
        return b"".join(_octets(raw, holder, 0))
    except (IndexError, NotSigned) as error:
        raise NotSigned("the signed file is damaged or holds no content") from error


def _binary(data: bytes) -> bytes:
    body = re.sub(rb"-----[^-]+-----|\s", b"", data)
    try:
        return base64.b64decode(body[: len(body) // 4 * 4])
    except binascii.Error:
        return b""


def _octets(raw: bytes, holder: _Element, depth: int) -> Iterator[bytes]:
    """The pieces of an octet string, which BER lets be nested."""
    if depth > _MAX_DEPTH:
        raise NotSigned("nested too deep")
    for element in _children(raw, holder):
        if element.tag == _OCTETS:
            yield raw[element.start : element.end]
        elif element.tag == _OCTETS | 0x20:
            yield from _octets(raw, element, depth + 1)


def _child(raw: bytes, parent: _Element, tag: int) -> _Element:
    for element in _children(raw, parent):
        if element.tag == tag:
            return element
    raise NotSigned("an element is missing")


def _children(raw: bytes, parent: _Element) -> Iterator[_Element]:
    position = parent.start
    for _ in range(_MAX_ELEMENTS):
        if position >= parent.end or raw[position : position + 2] == b"\0\0":
            return
        element = _at(raw, position, 0)
        if element.after > parent.end:
            raise NotSigned("an element is longer than the one around it")
        yield element
        position = element.after
    raise NotSigned("too many elements")


def _at(raw: bytes, position: int, depth: int) -> _Element:
    tag, length, start = raw[position], raw[position + 1], position + 2
    if tag & 0x1F == 0x1F:
        raise NotSigned("a tag of several bytes")
    if length == 0x80:
        return _indefinite(raw, tag, start, depth)
    if length & 0x80:
        count = length & 0x7F
        if count > 4:
            raise NotSigned("a length beyond all bounds")
        length, start = int.from_bytes(raw[start : start + count]), start + count
    end = start + length
    if end > len(raw):
        raise NotSigned("the file is cut off")
    return _Element(tag, start, end, end)


def _indefinite(raw: bytes, tag: int, start: int, depth: int) -> _Element:
    """An element that ends with two zero bytes (X.690, 8.1.5)."""
    if depth > _MAX_DEPTH:
        raise NotSigned("nested too deep")
    position = start
    for _ in range(_MAX_ELEMENTS):
        if raw[position : position + 2] == b"\0\0":
            return _Element(tag, start, position, position + 2)
        position = _at(raw, position, depth + 1).after
    raise NotSigned("too many elements")
