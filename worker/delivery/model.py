"""One outgoing email of one kind to one person, and what the mail server said."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from worker.store import Record


class NoticeState(StrEnum):
    """Where a notice is. `sending`: the claim is committed and no answer is, yet."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    BOUNCED = "bounced"
    DROPPED = "dropped"


NOTICE_MOVES: dict[NoticeState, frozenset[NoticeState]] = {
    NoticeState.QUEUED: frozenset({NoticeState.SENDING, NoticeState.REFUSED, NoticeState.DROPPED}),
    NoticeState.SENDING: frozenset(
        {NoticeState.QUEUED, NoticeState.SENT, NoticeState.REFUSED, NoticeState.DROPPED}
    ),
    NoticeState.SENT: frozenset({NoticeState.BOUNCED}),
    NoticeState.REFUSED: frozenset(),
    NoticeState.BOUNCED: frozenset(),
    NoticeState.DROPPED: frozenset(),
}


class Notice(Record):
    """Unique per kind, subject, version, occasion and recipient: queued twice is queued once.

    The Message-ID follows from that key, so a mail that has to be sent again is the same mail.
    """

    __tablename__ = "notice"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    occasion: Mapped[str] = mapped_column(default="")
    recipient: Mapped[str]
    customer_id: Mapped[str | None]
    language: Mapped[str]
    template_set: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(JSON)
    message_id: Mapped[str]
    state: Mapped[str]
    queued_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    claims: Mapped[int] = mapped_column(
        default=0, doc="More than 1: a copy may have gone out twice."
    )
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    server_reply: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "kind", "subject_id", "version", "occasion", "recipient"),
        UniqueConstraint("business", "message_id"),
    )
