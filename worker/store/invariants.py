"""What always holds of the outbox and the kept bytes (RELIABILITY: invariants 18 and 29)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.store.blobs import Blob
from worker.store.outbox import Job

# Enough to see what is wrong; a broken table must not fill the screen.
SHOWN = 50


def jobs_are_in_one_state(session: Session) -> list[str]:
    """A job is waiting, running, done or parked, and never two of these."""
    broken = or_(
        and_(Job.done_at.is_not(None), Job.parked_at.is_not(None)),
        and_(Job.started_at.is_not(None), Job.leased_until.is_(None), Job.done_at.is_(None)),
    )
    rows = session.execute(select(Job.business, Job.id).where(broken).limit(SHOWN))
    return [f"{business}: job {job} is in two states at once." for business, job in rows]


def kept_bytes_are_whole(session: Session) -> list[str]:
    """Kept bytes have the length they were kept with; `fetch` compares the hash as well."""
    rows = session.execute(
        select(Blob.business, Blob.sha256)
        .where(func.length(Blob.content) != Blob.size_bytes)
        .limit(SHOWN)
    )
    return [f"{business}: blob {sha256} is damaged." for business, sha256 in rows]


def is_in_hand(
    business: InstrumentedAttribute[str], subject: InstrumentedAttribute[str], event: str
) -> ColumnElement[bool]:
    """Whether a job of this event is on its way for a row, or ended with a problem told."""
    is_done_well = and_(Job.done_at.is_not(None), Job.problem.is_(None))
    return exists().where(
        Job.business == business, Job.subject == subject, Job.event == event, ~is_done_well
    )


INVARIANTS = (jobs_are_in_one_state, kept_bytes_are_whole)
