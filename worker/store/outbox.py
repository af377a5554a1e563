"""The outbox, whose rows are the jobs.

A fact told in a transaction becomes a row in it, so state and the work that follows commit as one.
A row is born *sent*: it carries a ticket, and the process that committed it hands the ticket to the
queue at once. If that hand-over is lost, or the worker dies, the lease passes and the relay sends
again. The effect of a job and its `done_at` commit together, and only while the ticket is still
ours: a worker that was asleep past its lease changes nothing.

The queue may be emptied at any moment; nothing here depends on it but time.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    ForeignKey,
    Index,
    Select,
    String,
    Update,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from worker.kernel.errors import TillmailError
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey, JobId, new_id
from worker.store.once import insert
from worker.store.prepared import Prepared
from worker.store.tables import Record, table_of

QUEUE_LEASE = timedelta(seconds=60)
LONGEST_QUEUE_LEASE = timedelta(hours=1)
RUN_LEASE = timedelta(seconds=180)
STARTS_ALLOWED = 3
_TOLD = "tillmail.told"
# Most of what happens to a job is written past the session's objects.
_AS_IT_STANDS = {"populate_existing": True}


class Job(Record):
    """One thing to do about one subject.

    `starts` counts starts without an end. `tries` counts ends that asked for another go. A job is
    waiting, running (`started_at`), done or parked.
    """

    __tablename__ = "job"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    actor: Mapped[str]
    event: Mapped[str]
    subject: Mapped[str]
    told_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ticket: Mapped[str]
    leased_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    starts: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    problem: Mapped[str | None]


_OPEN = and_(Job.done_at.is_(None), Job.parked_at.is_(None))
Index("ix_job_open", Job.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_job_subject", Job.business, Job.subject)


class LeaseLost(TillmailError):
    """Somebody else holds this job now: throw the work away, it is theirs."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What travels through the queue: ids only."""

    business: BusinessKey
    job: JobId
    ticket: str
    actor: str
    subject: str


def tell(session: Session, event: Event) -> None:
    """Record a fact; what follows from it is decided when the transaction ends."""
    session.info.setdefault(_TOLD, []).append(event)


def take_told(session: Session) -> list[Event]:
    """The facts told since the last call."""
    return cast(list[Event], session.info.pop(_TOLD, []))


def add(
    session: Session, event: Event, actor: str, *, at: datetime, due_at: datetime | None = None
) -> Slip:
    """A job that follows from a fact, already leased to the queue unless it is due later."""
    due = due_at or at
    lease = {"leased_until": at + QUEUE_LEASE if due <= at else None}
    return _add(session, event, actor, {"told_at": at, "due_at": due, "starts": 0} | lease)


def add_started(session: Session, event: Event, actor: str, *, at: datetime) -> Slip:
    """A job that whoever adds it starts with this transaction; the slip to finish with."""
    running = {"started_at": at, "starts": 1, "leased_until": at + RUN_LEASE}
    return _add(session, event, actor, {"told_at": at, "due_at": at} | running)


def _add(session: Session, event: Event, actor: str, state: dict[str, object]) -> Slip:
    slip = Slip(event.business, JobId(new_id("job")), _ticket(), actor, event.subject)
    row = {
        "business": slip.business,
        "id": slip.job,
        "actor": actor,
        "event": type(event).__name__,
        "subject": slip.subject,
        "ticket": slip.ticket,
        "tries": 0,
    }
    insert(session, Job, row | state)
    return slip


def claim_due(session: Session, *, at: datetime, limit: int) -> list[Slip]:
    """Jobs that nobody holds, now leased to the queue again.

    A job that was sent and never started keeps its ticket, so that an old message far back in a
    long queue stays good; one that was started and not ended gets a new one.
    """
    jobs = session.scalars(_due(at, limit)).all()
    for job in jobs:
        if job.started_at is not None:
            job.started_at = None
            job.ticket = _ticket()
        # Twice as long each time, or a long queue would fill with copies of its own messages; and
        # at most an hour, or a queue lost after a weekend's outage would cost as long again.
        job.leased_until = at + min(max(QUEUE_LEASE, at - job.due_at), LONGEST_QUEUE_LEASE)
    return [_slip(job) for job in jobs]


def _due(at: datetime, limit: int) -> Select[Job]:
    is_free = or_(Job.leased_until.is_(None), Job.leased_until < at)
    return (
        select(Job)
        .where(_OPEN, Job.starts < STARTS_ALLOWED, Job.due_at <= at, is_free)
        .order_by(Job.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(**_AS_IT_STANDS)
    )


# The statements of every job, built once.
_job = table_of(Job).c
_OURS = and_(
    _job.business == bindparam("of_business"),
    _job.id == bindparam("of_job"),
    _job.ticket == bindparam("held_ticket"),
    _job.done_at.is_(None),
    _job.parked_at.is_(None),
)
_START = Prepared(
    update(table_of(Job))
    .where(_OURS, _job.starts < STARTS_ALLOWED)
    .values(
        ticket=bindparam("new_ticket"),
        started_at=bindparam("at"),
        starts=_job.starts + 1,
        leased_until=bindparam("until"),
    )
)
_HELD_FAST = Prepared(select(_job.id).where(_OURS).with_for_update())
_FINISH = Prepared(
    update(table_of(Job))
    .where(_OURS)
    .values(done_at=bindparam("at"), problem=bindparam("why", type_=String()))
)


def start(session: Session, slip: Slip, *, at: datetime) -> Slip | None:
    """The slip to finish with, or None when the job is somebody else's or done."""
    running = Slip(slip.business, slip.job, _ticket(), slip.actor, slip.subject)
    news = {"new_ticket": running.ticket, "at": at, "until": at + RUN_LEASE}
    return running if _START.write(session, _held(slip) | news) else None


def hold(session: Session, slip: Slip) -> None:
    """To the end of the transaction nobody else gets the job; raises LeaseLost if it is theirs."""
    if not _HELD_FAST.rows(session, _held(slip)):
        raise LeaseLost(f"Job {slip.job} is held by somebody else.")


def finish(session: Session, slip: Slip, *, at: datetime, problem: str | None = None) -> None:
    """Mark the job done with its effect; raises LeaseLost when it is no longer ours."""
    if not _FINISH.write(session, _held(slip) | {"at": at, "why": problem}):
        raise LeaseLost(f"Job {slip.job} is held by somebody else.")


def again(session: Session, slip: Slip, *, due_at: datetime, problem: str) -> None:
    """The job ended and asks for another go at `due_at`."""
    _write(
        session,
        update(Job)
        .where(_ours(slip))
        .values(
            ticket=_ticket(),
            started_at=None,
            starts=0,
            tries=Job.tries + 1,
            due_at=due_at,
            leased_until=None,
            problem=problem,
        ),
    )


def stumbled(session: Session, slip: Slip, *, due_at: datetime, problem: str) -> None:
    """The job broke off: it counts as a start without an end and is sent again at `due_at`."""
    _write(
        session,
        update(Job)
        .where(_ours(slip))
        .values(
            ticket=_ticket(),
            started_at=None,
            starts=case((Job.started_at.is_(None), Job.starts + 1), else_=Job.starts),
            due_at=due_at,
            leased_until=None,
            problem=problem,
        ),
    )


def hopeless(session: Session, *, at: datetime) -> Sequence[Job]:
    """Jobs with three starts and no end, now parked; each needs a work item."""
    jobs = session.scalars(
        select(Job)
        .where(
            _OPEN,
            Job.starts >= STARTS_ALLOWED,
            or_(Job.leased_until.is_(None), Job.leased_until < at),
        )
        .limit(100)
        .with_for_update(skip_locked=True)
        .execution_options(**_AS_IT_STANDS)
    ).all()
    for job in jobs:
        job.parked_at = at
        job.problem = job.problem or "It was started three times and never came to an end."
    return jobs


def unpark(session: Session, business: BusinessKey, job_id: str, *, at: datetime) -> bool:
    """Give a parked job another three starts."""
    freed = _write(
        session,
        update(Job)
        .where(Job.business == business, Job.id == job_id, Job.parked_at.is_not(None))
        .values(
            parked_at=None,
            starts=0,
            started_at=None,
            ticket=_ticket(),
            due_at=at,
            leased_until=None,
        ),
    )
    return freed > 0


def tries_of(session: Session, slip: Slip) -> int:
    """How often the job has asked for another go."""
    return (
        session.scalar(select(Job.tries).where(Job.business == slip.business, Job.id == slip.job))
        or 0
    )


def unfinished_about(
    session: Session, business: BusinessKey, subject: str, event: str
) -> Job | None:
    """The job about a subject that is not done: waiting, running or parked."""
    return session.scalar(
        select(Job)
        .where(
            Job.business == business,
            Job.subject == subject,
            Job.event == event,
            Job.done_at.is_(None),
        )
        .order_by(Job.told_at.desc())
        .limit(1)
    )


def open_count(session: Session) -> int:
    """Jobs neither done nor parked."""
    return session.scalar(select(func.count()).select_from(Job).where(_OPEN)) or 0


def _held(slip: Slip) -> dict[str, object]:
    """What names, in the statements above, the job that a slip holds."""
    return {"of_business": slip.business, "of_job": slip.job, "held_ticket": slip.ticket}


def _write(session: Session, statement: Update) -> int:
    """How many rows a statement changed. Nobody has read them as objects in this transaction."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[object], result).rowcount


def _ours(slip: Slip) -> ColumnElement[bool]:
    return and_(Job.business == slip.business, Job.id == slip.job, Job.ticket == slip.ticket, _OPEN)


def _ticket() -> str:
    return secrets.token_hex(8)


def _slip(job: Job) -> Slip:
    return Slip(BusinessKey(job.business), JobId(job.id), job.ticket, job.actor, job.subject)
