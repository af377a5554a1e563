"""A mail server's later word on a notice: found by its own address, else by its Message-ID.

Anybody can write a mail that looks like a bounce. One is believed only when it names a notice that
we sent: by the keyed address it came to (VERP), or by a Message-ID that nobody else was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from worker.delivery import records
from worker.delivery.addressing import notice_of
from worker.delivery.model import Notice, NoticeState
from worker.delivery.ports import Rejected
from worker.delivery.sending import bounced, suppress
from worker.kernel.ids import BusinessKey
from worker.readers.model import Bounce

_OURS = re.compile(rb"<[0-9a-f]{40}@[A-Za-z0-9.\-]{1,253}>")
_LOOKED_AT_BYTES = 1_000_000


def find_answered(
    session: Session, business: BusinessKey, addresses: Iterable[str], *, secret: bytes
) -> Notice | None:
    """The notice that a mail answers, by the keyed address that it was sent to alone.

    What a mail says it answers (In-Reply-To) anybody can write; the key is told to nobody else.
    """
    for address in addresses:
        notice_id = notice_of(address, secret)
        notice = records.by_id(session, business, notice_id) if notice_id else None
        if notice is not None:
            return notice
    return None


def find_bounced(
    session: Session, business: BusinessKey, addresses: Iterable[str], raw: bytes, *, secret: bytes
) -> Notice | None:
    """The notice that a bounce reports on."""
    notice = find_answered(session, business, addresses, secret=secret)
    if notice is not None:
        return notice
    for found in dict.fromkeys(_OURS.findall(raw[:_LOOKED_AT_BYTES])):
        notice = records.with_message_id(session, business, found.decode("ascii"))
        if notice is not None:
            return notice
    return None


def note_bounce(session: Session, notice: Notice, bounce: Bounce, *, at: datetime) -> None:
    """Mark a notice that came back for good and tell a person, once.

    Its address is written to no more only when the status says that nobody is there.
    """
    if not bounce.permanent or notice.state != NoticeState.SENT:
        return
    report = f"{bounce.status} {bounce.reason}".strip() or "It came back."
    bounced(session, notice, report, at=at)
    if Rejected(f"550 {bounce.status}", code=550).is_address_dead:
        suppress(session, notice, report, at=at)
