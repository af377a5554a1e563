"""The queue's questions: what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import store
from worker.kernel.ids import BusinessKey
from worker.review.model import WorkItem


def open_about(session: Session, business: BusinessKey, kind: str, subject: str) -> WorkItem | None:
    """The open question of this kind about this subject."""
    about = {"business": business, "kind": kind, "subject": subject}
    return store.one(session, WorkItem, resolved_at=None, **about)


def open_for(session: Session, business: BusinessKey, subject: str) -> Sequence[WorkItem]:
    """All open questions about a subject."""
    about = {"business": business, "subject": subject}
    return store.every(session, WorkItem, order="opened_at, id", resolved_at=None, **about)


def open_items(session: Session, business: BusinessKey) -> Sequence[WorkItem]:
    """Everything that waits, oldest first."""
    return session.scalars(
        select(WorkItem)
        .where(WorkItem.business == business, WorkItem.resolved_at.is_(None))
        .order_by(WorkItem.opened_at)
    ).all()


def open_of_kind(session: Session, business: BusinessKey, kind: str) -> Sequence[WorkItem]:
    """All open questions of one kind."""
    return session.scalars(
        select(WorkItem).where(
            WorkItem.business == business, WorkItem.kind == kind, WorkItem.resolved_at.is_(None)
        )
    ).all()


def by_id(session: Session, business: BusinessKey, item_id: str) -> WorkItem | None:
    """One work item."""
    return session.get(WorkItem, (business, item_id))
