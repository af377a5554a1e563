"""Message-IDs, reply addresses and envelope senders that lead back to a notice.

All follow from the notice alone, so a mail that is sent again is the same mail, and what comes back
is found without a list. The marks are keyed: nobody else can make one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from worker.businesses import MailRules
from worker.kernel.mail import Address

_MARK = re.compile(r"(?:r|b)-([a-z2-7]{26})-([0-9a-f]{16})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NoticeKey:
    """What makes a notice unique within its business."""

    business: str
    kind: str
    subject_id: str
    version: int
    occasion: str
    recipient: str


def message_id(key: NoticeKey, rules: MailRules) -> str:
    """The deterministic Message-ID of a notice, in the domain it is sent from."""
    facts = "\x1f".join(
        (key.business, key.kind, key.subject_id, str(key.version), key.occasion, key.recipient)
    )
    digest = hashlib.sha256(facts.encode()).hexdigest()[:40]
    return f"<{digest}@{Address.parse(rules.from_address).domain}>"


def reply_to(notice_id: str, rules: MailRules, secret: bytes) -> str | None:
    """Where an answer to this notice goes; None when the business named no place for it."""
    token = f"r-{_marked(notice_id, secret)}"
    if rules.reply_domain is not None:
        return f"{token}@{rules.reply_domain}"
    if rules.reply_address is not None:
        local, _, domain = rules.reply_address.partition("@")
        return f"{local}+{token}@{domain}"
    return None


def envelope_from(notice_id: str, rules: MailRules, secret: bytes) -> str:
    """Where a bounce of this notice goes: its own address (VERP), else the sender's."""
    if rules.bounce_domain is None:
        return rules.from_address
    return f"b-{_marked(notice_id, secret)}@{rules.bounce_domain}"


def notice_of(address: str, secret: bytes) -> str | None:
    """The notice that an address was made for; None when it was not made by us."""
    found = _MARK.fullmatch(address.partition("@")[0].rpartition("+")[2])
    if found is None:
        return None
    notice_id = f"ntc_{found[1]}"
    return notice_id if hmac.compare_digest(_mark(notice_id, secret), found[2]) else None


def _marked(notice_id: str, secret: bytes) -> str:
    return f"{notice_id.removeprefix('ntc_')}-{_mark(notice_id, secret)}"


def _mark(notice_id: str, secret: bytes) -> str:
    return hmac.new(secret, f"notice:{notice_id}".encode(), hashlib.sha256).hexdigest()[:16]
