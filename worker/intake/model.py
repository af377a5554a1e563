"""A mail that reached a mailbox, and what became of it.

Every mail ends in exactly one named state (RELIABILITY: invariant 18); the raw bytes are kept.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store import Record


class Disposition(StrEnum):
    """How a mail ended. None: it is still being sorted."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    IGNORED_AUTO = "ignored_auto"
    BOUNCE = "bounce"
    ERROR_PARKED = "error_parked"


class Mail(Record):
    """One mail in one place of one mailbox."""

    __tablename__ = "mail"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    mailbox: Mapped[str]
    folder: Mapped[str]
    epoch: Mapped[str]
    uid: Mapped[str]
    raw_sha256: Mapped[str]
    size_bytes: Mapped[int]
    arrived_at: Mapped[datetime]
    received_at: Mapped[datetime]
    disposition: Mapped[str | None]
    because: Mapped[str | None]
    sorted_at: Mapped[datetime | None]
    kind: Mapped[str | None]
    trust: Mapped[str | None] = mapped_column(doc="A0 to A3; see trust.py.")
    trust_because: Mapped[str | None]
    sender: Mapped[str | None]
    subject: Mapped[str | None]
    message_id: Mapped[str | None]
    reading: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    duplicate_of: Mapped[str | None]
    __table_args__ = (UniqueConstraint("business", "mailbox", "folder", "epoch", "uid"),)


Index("ix_mail_raw", Mail.business, Mail.raw_sha256)
Index("ix_mail_message_id", Mail.business, Mail.message_id)
_UNSORTED = text("sorted_at IS NULL")
Index(
    "ix_mail_unsorted",
    Mail.business,
    Mail.received_at,
    sqlite_where=_UNSORTED,
    postgresql_where=_UNSORTED,
)


class Watch(Record):
    """Who watches a mailbox folder now: one watcher at a time, by lease."""

    __tablename__ = "mailbox_watch"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    mailbox: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    read_to_end_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    problem_since: Mapped[datetime | None]
