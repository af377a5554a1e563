"""Notices, found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker import store
from worker.delivery.model import Notice
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey


def by_id(session: Session, business: BusinessKey, notice_id: str) -> Notice | None:
    """One notice."""
    return store.get(session, Notice, business, notice_id)


def lock(session: Session, notice: Notice) -> Notice:
    """The notice as it stands now, locked."""
    locked = store.lock(session, Notice, notice.business, notice.id)
    if locked is None:
        raise PermanentError(f"Notice {notice.id} is missing.")
    return locked


def with_message_id(session: Session, business: BusinessKey, message_id: str) -> Notice | None:
    """The notice that bears this Message-ID."""
    return store.one(session, Notice, business=business, message_id=message_id)


def queued_as(session: Session, notice: Notice) -> Notice:
    """The notice that stands in the way of queueing this one: it says the same to the same."""
    business = BusinessKey(notice.business)
    there = with_message_id(session, business, notice.message_id) or store.one(
        session,
        Notice,
        business=business,
        kind=notice.kind,
        subject_id=notice.subject_id,
        version=notice.version,
        occasion=notice.occasion,
        recipient=notice.recipient,
    )
    if there is None:
        raise PermanentError(f"Notice {notice.id} could not be queued.")
    return there


def about(session: Session, business: BusinessKey, subject_id: str) -> Sequence[Notice]:
    """Every notice about a subject, the first first."""
    return store.every(
        session, Notice, order="queued_at, id", business=business, subject_id=subject_id
    )


def last_sent_at(session: Session, business: BusinessKey, subject_id: str) -> datetime | None:
    """When a mail server last accepted a notice about a subject."""
    return session.scalar(
        select(func.max(Notice.sent_at)).where(
            Notice.business == business, Notice.subject_id == subject_id
        )
    )


def answers(
    session: Session,
    business: BusinessKey,
    recipient: str,
    *,
    thread: str | None,
    since: datetime | None,
) -> int:
    """How many answers somebody was given, in one thread or in all, since then or ever."""
    query = select(func.count()).where(
        Notice.business == business, func.lower(Notice.recipient) == recipient.lower()
    )
    # A copy of an invoice that was asked for is an answer, too, and begins with the thread's mark.
    query = query.where(
        Notice.kind == "answer" if thread is None else Notice.occasion.startswith(thread)
    )
    if since is not None:
        query = query.where(Notice.queued_at >= since)
    return session.scalar(query) or 0
