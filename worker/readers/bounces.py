"""Mails that say that a mail of ours was not delivered: to whom, for good or for now, and why.

Standard reports are read first. The many home-made forms are read by what they share: somebody who
speaks for a mail server, words of failure, and addresses in places that name a recipient.
"""

from __future__ import annotations

import re

from worker.readers import delivery_reports, replies
from worker.readers.bounce_words import (
    DELAY_WORDS,
    DELIVERED_WORDS,
    FAILURE_WORDS,
    HINT_WORDS,
    ORIGINAL_FOLLOWS,
    REASON_WORDS,
    SUBJECT_WORDS,
)
from worker.readers.delivery_reports import Report, status_in
from worker.readers.forwards import subject_kind
from worker.readers.headers import one_line
from worker.readers.model import Bounce, BouncedRecipient
from worker.readers.opening import OpenedMail

NOTICE_MAX_CHARACTERS = 60_000
RECIPIENTS_MAX = 200

_SPEAKS_FOR_SERVER = re.compile(
    r"mailer-?daemon|mail-?daemon|post_?master|mail delivery|mailadmin|mail system|mail-?server|"
    r"delivery subsystem|daemon@|bounce|no-?reply@sns\.|mdaemon|delivery system|administrator",
    re.IGNORECASE,
)
_A = r"[^\s<>(),;:\"'\[\]]{1,64}@[^\s<>(),;:\"'\[\]]{0,254}[^\s<>(),;:\"'\[\].]"
_ADDRESS = re.compile(_A)
_NAMED = (
    r"(?:original )?(?:e-?mail )?(?:recipient|address|user)|to|unknown user|failed recipient|"
    r"invalid final delivery userid|intended recipient|undeliverable (?:to|address)"
)
# Places where a notice names a recipient, the surest first.
_PLACES = tuple(
    re.compile(pattern, re.MULTILINE | re.IGNORECASE)
    for pattern in (
        rf"^\s*<({_A})>\s*:",
        rf"^[\s*•-]*<?({_A})>?\s*$",
        rf"^\s*<?({_A})>?\s*:\s",
        rf"rcpt to:\s*<?({_A})>?",
        rf"^\s*(?:{_NAMED})\w*\s*[:=]\s*[\[\"'<]*(?:smtp:)?({_A})",
        rf"^[\s*•\"'<(\[-]+({_A})[\"'>)\]]",
        rf"dda:smtp=({_A})",
        rf"^\s*({_A})\s+(?:on|-)\s",
        rf"[45]\d\d[ -](?:[45]\.\d+\.\d+ )?<({_A})>",
        rf"\b(?:to|recipients?|user|address|mailbox|account|for|from)(?:\s*:)?[\s\"'<]+({_A})",
        rf"({_A})",
    )
)
_INTRODUCES = re.compile(
    r"following (?:recipient|address|user|e-?mail|person)|recipients? failed|"
    r"did not reach|not delivered to|(?:errors|problems) -+",
    re.IGNORECASE,
)
_SMTP_CODE = re.compile(r"(?<![\d.:/-])([45])\d\d(?=[ \-]|$)(?! (?:KB|MB|bytes|hours|days))")
_HEADER_BLOCK = re.compile(
    r"^(?:>\s*)?(?:received|return-path|dkim-signature|message-id|x-mailer):", re.I
)
_FOLLOWS = re.compile(
    r"(?:original|message text|header|copy|returned|unsent|lines)\S*(?: \S+)* follows?:?$"
)
_OWN_PLACES = ("to", "delivered-to", "x-original-to", "from", "reply-to", "return-path")


def bounce(opened: OpenedMail) -> Bounce | None:
    """What a mail says was not delivered; None where it says nothing of the kind."""
    if opened.root is None:
        return None
    reports = delivery_reports.reports(opened.root)
    notice = notice_of(opened)
    if not reports and _is_bounce(opened, notice):
        # A report whose parts did not survive as parts.
        reports = _with_address(delivery_reports.in_text(opened.body[:NOTICE_MAX_CHARACTERS]))
        # Or one that a gateway wrapped into a mail of its own.
        reports = reports or delivery_reports.reports(opened.root, level=1)
        if not reports:
            return _from_notice(opened, notice)
    return _from_reports(reports, notice, opened) if reports else None


def notice_of(opened: OpenedMail) -> str:
    """The mail server's own words: the text before the returned mail begins."""
    lines: list[str] = []
    for line in opened.body[:NOTICE_MAX_CHARACTERS].split("\n"):
        folded = line.strip(" \t-=*_>").casefold()
        if lines and (_HEADER_BLOCK.match(line) or _introduces_original(folded)):
            break
        lines.append(line)
    return "\n".join(lines)


def _introduces_original(folded: str) -> bool:
    """Whether a line says that the returned mail comes next."""
    if len(folded) > 90 or "was received" in folded:
        return False
    return folded.startswith(ORIGINAL_FOLLOWS) or bool(_FOLLOWS.search(folded))


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def _with_address(reports: list[Report]) -> list[Report]:
    return [report for report in reports if report.recipient.address]


def _from_reports(reports: list[Report], notice: str, opened: OpenedMail) -> Bounce | None:
    failed = [r.recipient for r in reports if r.action not in ("delivered", "relayed", "expanded")]
    if not failed:
        return None
    if not any(recipient.address for recipient in failed):
        named = _recipients(opened, notice)
        failed = [failed[0].model_copy(update={"address": address}) for address in named] or failed
    return _bounce(_unique(failed))


def _unique(recipients: list[BouncedRecipient]) -> list[BouncedRecipient]:
    by_address: dict[str, BouncedRecipient] = {}
    for recipient in recipients:
        by_address.setdefault(recipient.address.lower(), recipient)
    return list(by_address.values())


def _bounce(recipients: list[BouncedRecipient]) -> Bounce:
    verdicts = [recipient.permanent for recipient in recipients]
    worst = next((r for r in recipients if r.permanent), recipients[0])
    return Bounce(
        permanent=True if True in verdicts else (False if False in verdicts else None),
        status=worst.status,
        reason=worst.reason,
        recipients=tuple(recipients),
    )


def _is_bounce(opened: OpenedMail, notice: str) -> bool:
    """Whether a home-made notice speaks of a failure: two different signs at least."""
    headers = opened.headers
    subject = opened.envelope.subject.casefold()
    if headers.has("x-failed-recipients"):
        return True
    speaks = bool(_SPEAKS_FOR_SERVER.search(headers.first("from")))
    is_null = headers.first("return-path").strip() == "<>"
    in_subject = _says(subject, SUBJECT_WORDS)
    if not (speaks or is_null or in_subject) or _says(subject, DELIVERED_WORDS):
        return False
    if not (speaks or is_null) and subject_kind(subject) == "reply" and headers.has("in-reply-to"):
        # A person's answer: what it quotes is somebody else's word.
        notice = replies.reply(opened.body[:NOTICE_MAX_CHARACTERS]).text
    text = one_line(notice[:8000]).casefold()
    in_text = _says(text, FAILURE_WORDS) or _says(text, DELAY_WORDS)
    has_code = bool(status_in(text) or _SMTP_CODE.search(text))
    is_hinted = _says(text, HINT_WORDS)
    signs = 2 * (speaks + is_null + in_subject + in_text) + has_code + is_hinted
    return signs >= 4 and (in_text or in_subject or (speaks and is_hinted))


def _from_notice(opened: OpenedMail, notice: str) -> Bounce:
    permanent = _is_permanent(opened.envelope.subject, notice)
    status = status_in(notice) or ("5.0.0" if permanent else "4.0.0")
    reason = _reason(notice)
    addresses = _recipients(opened, notice)
    found = [
        BouncedRecipient(address=address, status=status, permanent=permanent, reason=reason)
        for address in addresses
    ]
    return Bounce(permanent=permanent, status=status, reason=reason, recipients=tuple(found))


def _is_permanent(subject: str, notice: str) -> bool:
    text = one_line(notice).casefold()
    tries = f"{subject.casefold()} {text}".replace("will not continue", "")
    if _says(tries, DELAY_WORDS):
        return False
    status = status_in(text)
    if status and status[0] in "45" and status[2:] != "0.0":
        return status.startswith("5")
    code = _SMTP_CODE.search(text)
    if code:
        return code[1] == "5"
    # Without a code, a server that writes at all has given up.
    return True


def _reason(notice: str) -> str:
    """The line that carries a code, else the first words of failure."""
    lines = [one_line(line) for line in notice.split("\n") if line.strip()]
    for line in lines:
        if status_in(line) or _SMTP_CODE.search(line):
            return line[: delivery_reports.REASON_MAX_CHARACTERS]
    for line in lines:
        if _says(line.casefold(), (*REASON_WORDS, *FAILURE_WORDS)):
            return line[: delivery_reports.REASON_MAX_CHARACTERS]
    return ""


def _recipients(opened: OpenedMail, notice: str) -> list[str]:
    """The addresses that a notice names as recipients, by the surest kind of place it has."""
    headers = opened.headers
    told = _ADDRESS.findall(headers.first("x-failed-recipients"))
    if told:
        return list(dict.fromkeys(told))[:RECIPIENTS_MAX]
    own = {
        address.lower() for name in _OWN_PLACES for address in _ADDRESS.findall(headers.first(name))
    }
    for text in (notice[start.end() :] if (start := _INTRODUCES.search(notice)) else "", notice):
        for place in _PLACES:
            found = [match[1].partition("...")[0] for match in place.finditer(text)]
            kept = [a for a in found if a.lower() not in own and not _SPEAKS_FOR_SERVER.search(a)]
            if kept:
                return list(dict.fromkeys(a.lower() for a in kept))[:RECIPIENTS_MAX]
    # Somebody who wrote to themselves.
    found = [a for a in _ADDRESS.findall(notice) if not _SPEAKS_FOR_SERVER.search(a)]
    return list(dict.fromkeys(a.lower() for a in found))[:1]
