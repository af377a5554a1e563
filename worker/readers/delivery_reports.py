"""Delivery reports in the standard's form (RFC 3464), also where only their fields survived."""

from __future__ import annotations

import re
from dataclasses import dataclass

from worker.readers import charsets
from worker.readers.headers import Headers, decoded, one_line, parse
from worker.readers.mime import Entity
from worker.readers.model import BouncedRecipient

RECIPIENTS_MAX = 500
REASON_MAX_CHARACTERS = 500

_TYPES = ("message/delivery-status", "message/global-delivery-status")
_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# With the source route that old gateways put before it (`@host:user@host`).
_ADDRESS = re.compile(
    r"(?:@[^\s<>:;]{1,255}:)?[^\s<>(),;:\"'\[\]]{1,64}@[^\s<>(),;:\"'\[\]]{1,255}"
)
_RECIPIENT = re.compile(r"(final|original)-recipient[ \t]*:", re.IGNORECASE)
_FIELDS = re.compile(
    r"^(?:final-recipient|original-recipient|action|status|diagnostic-code)[ \t]*:", re.I | re.M
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says of one recipient; `action` is failed, delayed, delivered, relayed, …"""

    recipient: BouncedRecipient
    action: str


def reports(root: Entity, *, level: int = 0) -> list[Report]:
    """What the delivery-status parts of a mail say, recipient by recipient."""
    found: list[Report] = []
    for leaf in root.leaves():
        if leaf.media_type in _TYPES and leaf.level == level:
            text = charsets.decode(leaf.content(), leaf.content_type.parameters.get("charset"))[0]
            found.extend(in_text(text))
    return found[:RECIPIENTS_MAX]


def in_text(text: str) -> list[Report]:
    """The recipients in text that holds the fields of a report, in whatever order."""
    found: list[Report] = []
    for block in re.split(r"\n[ \t]*\r?\n", text.replace("\r\n", "\n")):
        if not _FIELDS.search(block):
            continue
        for group in _groups(block):
            report = _report(parse(group.encode("utf-8", "replace")))
            if report is not None:
                found.append(report)
    return found


def _groups(block: str) -> list[str]:
    """The fields by recipient. An empty line between them is the rule; some leave it out."""
    groups: list[list[str]] = [[]]
    seen: set[str] = set()
    for line in block.strip("\n").split("\n"):
        match = _RECIPIENT.match(line)
        name = match[1].lower() if match else ""
        if name in seen:
            groups.append([])
            seen = set()
        seen |= {name} - {""}
        groups[-1].append(line)
    return ["\n".join(group) for group in groups]


def _report(headers: Headers) -> Report | None:
    final = address_in(headers.first("final-recipient"))
    original = address_in(headers.first("original-recipient"))
    address = final or original or address_in(headers.first("x-actual-recipient"))
    action = headers.first("action").partition(";")[0].partition(" ")[0].strip().lower()
    if not address and not (action and headers.has("status")):
        return None
    reason = one_line(decoded(headers.first("diagnostic-code")))[:REASON_MAX_CHARACTERS]
    status = status_in(headers.first("status")) or status_in(reason)
    recipient = BouncedRecipient(
        address=address,
        status=status,
        permanent=_is_permanent(action, status, reason),
        reason=reason,
    )
    return Report(recipient, action)


def _is_permanent(action: str, status: str, reason: str) -> bool:
    if action == "delayed":
        return False
    told = status_in(reason)
    # "5.0.0" and "4.0.0" are what programs write when they have nothing to say.
    if told and status[2:] in ("0.0", ""):
        return told.startswith("5")
    # A report without a code is written when the server has given up.
    return status.startswith("5") if status else True


def status_in(text: str) -> str:
    """The first enhanced status code of a text (RFC 3463), or nothing."""
    match = _STATUS.search(text)
    return ".".join(match.groups()) if match else ""


def address_in(value: str) -> str:
    """The address of a field such as `rfc822; ann@example.com`."""
    text = value.partition(";")[2] or value
    match = _ADDRESS.search(text.replace("mailto:", ""))
    return match[0].strip(".<>'\"") if match else ""
