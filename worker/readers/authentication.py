"""Authentication-Results fields, strictly read (RFC 8601, section 2.2).

A field that does not follow the grammar says nothing. Whether a field may be believed (its id, its
place among the Received fields) is decided by intake; here is only what stands where.
"""

from __future__ import annotations

import re

from worker.readers.headers import Headers
from worker.readers.model import Authentication

FIELDS_MAX = 20
_VALUE_MAX = 8192

_WORD = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+"
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"'
_HEAD = re.compile(rf"\s*({_WORD}|{_QUOTED})(?:\s+\d+)?\s*")
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)(?=\s|$)\s*", re.I)
_PROPERTY = re.compile(
    rf"(?:reason|([a-z0-9-]+)\s*\.\s*([a-z0-9_-]+))\s*=\s*({_QUOTED}|[^\s;\"()]+)\s*", re.I
)
_BY = re.compile(r"(?:^|\s)by\s+([^\s;]+)", re.I)
_VERDICTS = "none pass fail policy neutral temperror permerror softfail hardfail bestguesspass"
_RESULTS = frozenset(_VERDICTS.split())


def authentication(headers: Headers) -> tuple[Authentication, ...]:
    """Each Authentication-Results field, the topmost first."""
    received = list(zip(headers.positions("received"), headers.all("received"), strict=True))
    found: list[Authentication] = []
    places = headers.positions("authentication-results")
    for position, value in enumerate(headers.all("authentication-results")[:FIELDS_MAX]):
        above = tuple(_receiver(text) for place, text in received if place < places[position])
        read = _read(value, position, received_above=above)
        if read is not None:
            found.append(read)
    return tuple(found)


def _read(value: str, position: int, *, received_above: tuple[str, ...]) -> Authentication | None:
    bare = _without_comments(value[:_VALUE_MAX])
    head, *results = _split(bare) if bare is not None else [""]
    match = _HEAD.fullmatch(head)
    if match is None or not value.isascii():
        return None
    parsed = [_result(text) for text in results if text.strip() and text.strip() != "none"]
    kept = [item for item in parsed if item is not None]
    is_whole = len(kept) == len(parsed)
    dmarc = [item for item in kept if item[0] == "dmarc"] if is_whole else []
    return Authentication(
        position=position,
        authserv_id=match[1].strip('"').lower(),
        # Two verdicts in one field are none.
        dmarc=dmarc[0][1] if len(dmarc) == 1 else None,
        dkim=tuple(_dkim(item) for item in kept if item[0] == "dkim") if is_whole else (),
        spf=next((item[1] for item in kept if item[0] == "spf"), None) if is_whole else None,
        header_from=dmarc[0][2].get("header.from") if len(dmarc) == 1 else None,
        received_above=received_above,
    )


def _receiver(received: str) -> str:
    """The host that wrote a Received header (RFC 5321, 4.4); empty when it names none."""
    found = _BY.search(_without_comments(received[:_VALUE_MAX]) or "")
    return found[1].lower() if found else ""


def _dkim(item: tuple[str, str, dict[str, str]]) -> str:
    _, result, properties = item
    domain = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
    return f"{result} {domain}".strip()


def _result(text: str) -> tuple[str, str, dict[str, str]] | None:
    """Method, result and properties of one statement, or None if it is not one."""
    match = _RESULT.match(text)
    if match is None or match[2].lower() not in _RESULTS:
        return None
    properties: dict[str, str] = {}
    at = match.end()
    while at < len(text):
        item = _PROPERTY.match(text, at)
        if item is None:
            return None
        if item[1]:
            name = f"{item[1]}.{item[2]}".lower()
            if name in properties:
                return None
            properties[name] = item[3].strip('"').lower()
        at = item.end()
    return match[1].lower(), match[2].lower(), properties


def _without_comments(value: str) -> str | None:
    """The value with its comments as spaces; None if a comment or a quotation never ends."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
            out.append(" ")
        elif character == ")" and depth:
            depth -= 1
            continue
        if not depth:
            out.append(character)
    return None if depth or quoted else "".join(out)


def _split(value: str) -> list[str]:
    """The value cut at its semicolons outside quotations."""
    pieces, start, quoted = [], 0, False
    for at, character in enumerate(value):
        if character == '"' and value[at - 1 : at] != "\\":
            quoted = not quoted
        elif character == ";" and not quoted:
            pieces.append(value[start:at])
            start = at + 1
    return [*pieces, value[start:]]
