"""What always holds of work items (RELIABILITY: invariant 29, "dead with alert")."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from worker.review.model import WorkItem
from worker.store.outbox import Job

SHOWN = 50


def answers_say_who_gave_them(session: Session) -> list[str]:
    """A question that is closed has an answer and somebody who gave it."""
    rows = session.execute(
        select(WorkItem.business, WorkItem.id)
        .where(
            WorkItem.resolved_at.is_not(None),
            or_(WorkItem.resolution.is_(None), WorkItem.resolved_by.is_(None)),
        )
        .limit(SHOWN)
    )
    return [f"{business}: {item} is closed without an answer." for business, item in rows]


def parked_jobs_are_asked_about(session: Session) -> list[str]:
    """Work that was given up has been put before a person."""
    asked = exists().where(WorkItem.business == Job.business, WorkItem.subject == Job.id)
    rows = session.execute(
        select(Job.business, Job.id).where(Job.parked_at.is_not(None), ~asked).limit(SHOWN)
    )
    return [f"{business}: nobody was asked about parked job {job}." for business, job in rows]


INVARIANTS = (answers_say_who_gave_them, parked_jobs_are_asked_about)
