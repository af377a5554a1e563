"""The shapes of actors, and what happens around one: start, end, and the ways to fail.

*work* prepares in the transaction that starts it, computes with none open, and writes in a second
one; *call* commits an intent, acts outside, and commits the outcome; it may prepare as a work does.
Both get a `Run`. A *step* is a plain function that the flow runs inside the transaction that told
the fact. A *sweep* selects what is due and tells facts. Running any of them twice equals running it
once.

To prepare is only to read. So a job may be started and prepared for by the very transaction that
brings it forth.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from worker import review
from worker.app import App
from worker.kernel.errors import (
    OutcomeUnknown,
    PermanentError,
    ReviewNeeded,
    TillmailError,
    TransientError,
)
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.store import outbox
from worker.store.outbox import Slip

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)


class Later(Exception):
    """Not now, and nothing is wrong: run the job again at `due_at`."""

    def __init__(self, due_at: datetime, why: str) -> None:
        super().__init__(why)
        self.due_at = due_at


@dataclass(frozen=True, slots=True)
class Begun:
    """A job that was started and prepared for by the transaction that brought it forth."""

    slip: Slip
    prepared: Any


MayBegin = Callable[[str], bool]


@dataclass(slots=True)
class Run:
    """One start of one job: the transactions it may open, and its subject.

    Of what follows from its end the first job that `may_begin` allows is begun with it, and the
    queue has the rest.
    """

    app: App
    slip: Slip
    may_begin: MayBegin
    is_started: bool = False
    following: Begun | None = None

    @property
    def business(self) -> BusinessKey:
        """Whose job it is."""
        return self.slip.business

    @property
    def subject(self) -> str:
        """The id that the fact was about."""
        return self.slip.subject

    @contextmanager
    def intent(self) -> Iterator[Session]:
        """A transaction that holds the job and commits what is about to be done."""
        with self.app.transaction() as session:
            held = self._hold(session)
            yield session
        self.slip, self.is_started = held, True

    @contextmanager
    def finish(self) -> Iterator[Session]:
        """The transaction of the effect: it ends the job, or neither happens."""
        begun: Begun | None = None

        def begin(session: Session, event: Event, actor: str, at: datetime) -> bool:
            nonlocal begun
            if begun is not None or not self.may_begin(actor):
                return False
            begun = _begin(self.app, session, event, actor, at=at)
            return begun is not None

        with self.app.transaction(begin) as session:
            outbox.finish(session, self.slip, at=self.app.now())
            yield session
        self.following = begun

    def _hold(self, session: Session) -> Slip:
        if self.is_started:
            outbox.hold(session, self.slip)
            return self.slip
        started = outbox.start(session, self.slip, at=self.app.now())
        if started is None:
            raise outbox.LeaseLost(f"Job {self.slip.job} is held by somebody else.")
        return started


P = TypeVar("P")
# Reads, about one subject of a business, what an actor works with.
Prepare = Callable[[App, Session, BusinessKey, str], P]
Plain = Callable[[Run], None]
Prepared = Callable[[Run, P], None]
Sweep = Callable[[App, Session, datetime], None]
_ACTORS: dict[str, Callable[..., None]] = {}
_PREPARES: dict[str, Prepare[Any]] = {}
_CALLS: set[str] = set()
_SWEEPS: dict[str, Callable[[App], None]] = {}


def work(prepare: Prepare[P]) -> Callable[[Prepared[P]], Prepared[P]]:
    """Register an actor that computes in a child process from what `prepare` has read."""

    def register(actor: Prepared[P]) -> Prepared[P]:
        name = name_of(actor)
        _ACTORS[name], _PREPARES[name] = actor, prepare
        return actor

    return register


def call(actor: Plain) -> Plain:
    """Register an actor that acts outside between an intent and an outcome."""
    _ACTORS[name_of(actor)] = actor
    _CALLS.add(name_of(actor))
    return actor


def prepared_call(prepare: Prepare[P]) -> Callable[[Prepared[P]], Prepared[P]]:
    """Register such an actor that is given what `prepare` has read."""

    def register(actor: Prepared[P]) -> Prepared[P]:
        _CALLS.add(name_of(actor))
        return work(prepare)(actor)

    return register


def sweep(selects: Sweep) -> Sweep:
    """Register a sweep that does its selecting in one short transaction."""

    def run(app: App) -> None:
        with app.transaction() as session:
            selects(app, session, app.now())

    _SWEEPS[name_of(selects)] = run
    return selects


def tour(visits: Callable[[App], None]) -> Callable[[App], None]:
    """Register a sweep that has to ask the outside, with no transaction open while it does."""
    _SWEEPS[name_of(visits)] = visits
    return visits


def runs() -> frozenset[str]:
    """Every actor that jobs may name."""
    return frozenset(_ACTORS)


def acts_outside(actor: str) -> bool:
    """Whether an actor may have to wait for somebody else's server."""
    return actor in _CALLS


def sweeps() -> frozenset[str]:
    """Every sweep that the timetable may name."""
    return frozenset(_SWEEPS)


def run_job(app: App, slip: Slip, may_begin: MayBegin = lambda _: False) -> Begun | None:
    """Run a job to one of its ends: done, again later, with a person, or parked.

    What was begun with its end is for `run_begun`.
    """
    run = Run(app, slip, may_begin)
    _run_to_end(run, lambda: _prepare_and_act(run))
    return run.following


def run_begun(app: App, begun: Begun, may_begin: MayBegin) -> Begun | None:
    """Run a job that was begun, likewise."""
    run = Run(app, begun.slip, may_begin, is_started=True)
    _run_to_end(run, lambda: _act(run, begun.prepared))
    return run.following


def _begin(app: App, session: Session, event: Event, actor: str, *, at: datetime) -> Begun | None:
    """A job, started; None where it cannot be prepared for.

    That is no fault of what brought it forth, and shows when the queue runs it.
    """
    prepared = None
    if actor in _PREPARES:
        try:
            prepared = _PREPARES[actor](app, session, event.business, event.subject)
        except SQLAlchemyError:
            # The transaction itself may be broken.
            raise
        except TillmailError as e:
            log.info("%s %s is left to the queue: %s", actor, event.subject, e)
            return None
        except Exception:
            log.exception("%s %s is left to the queue.", actor, event.subject)
            return None
    return Begun(outbox.add_started(session, event, actor, at=at), prepared)


def _prepare_and_act(run: Run) -> None:
    prepared = None
    if run.slip.actor in _PREPARES:
        with run.intent() as session:
            prepared = _PREPARES[run.slip.actor](run.app, session, run.business, run.subject)
    _act(run, prepared)


def _act(run: Run, prepared: object) -> None:
    given = (prepared,) if run.slip.actor in _PREPARES else ()
    _ACTORS[run.slip.actor](run, *given)


def _run_to_end(run: Run, go: Callable[[], None]) -> None:
    try:
        _to_one_end(run, go)
    except outbox.LeaseLost:
        # Also where a problem was about to be written down: whoever has the job meets it, too.
        log.info("%s %s: somebody else has it.", run.slip.actor, run.slip.job)


def _to_one_end(run: Run, go: Callable[[], None]) -> None:
    slip = run.slip
    try:
        go()
    except outbox.LeaseLost:
        raise
    except Later as e:
        _again(run, e.due_at, str(e))
    except ReviewNeeded as e:
        _give_up(run, "job_needs_review", str(e))
    except OperationalError as e:
        # The database was busy or away: nothing was written, so the job simply runs again.
        _again(run, _due(run, TransientError(str(e))), type(e).__name__)
    except TransientError as e:
        _again(run, _due(run, e), str(e))
    except PermanentError as e:
        _give_up(run, "job_failed", str(e))
    except Exception as e:
        log.exception("%s %s broke off.", slip.actor, slip.job)
        with run.app.transaction() as session:
            due_at = run.app.now() + FIRST_WAIT
            outbox.stumbled(session, run.slip, due_at=due_at, problem=repr(e)[:500])


def run_sweep(app: App, name: str) -> None:
    """Run a sweep; what it could not do now it does at its next tick."""
    try:
        _SWEEPS[name](app)
    except (TransientError, PermanentError, OperationalError) as e:
        log.warning("Sweep %s: %s", name, e)
    except Exception:
        log.exception("Sweep %s broke off.", name)


def _due(run: Run, error: TransientError) -> datetime:
    if error.retry_after_s is not None:
        return run.app.now() + timedelta(seconds=error.retry_after_s)
    with run.app.reading() as session:
        tries = outbox.tries_of(session, run.slip)
    factor = 30 if isinstance(error, OutcomeUnknown) else 1
    wait: timedelta = min(FIRST_WAIT * factor * 2 ** min(tries, 12), LONGEST_WAIT)
    return run.app.now() + wait


def _again(run: Run, due_at: datetime, why: str) -> None:
    with run.app.transaction() as session:
        outbox.again(session, run.slip, due_at=due_at, problem=why[:500])


def _give_up(run: Run, kind: str, why: str) -> None:
    """End the job and ask a person: nothing is lost, and nothing is tried for ever."""
    with run.app.transaction() as session:
        at = run.app.now()
        outbox.finish(session, run.slip, at=at, problem=why[:500])
        question = review.Question(
            kind=kind,
            subject=run.subject,
            text=f"{run.slip.actor} stopped at {run.subject}: {why}",
            evidence={"job": run.slip.job, "actor": run.slip.actor},
        )
        review.ask(session, run.business, question, at=at)


def name_of(function: Callable[..., None]) -> str:
    """What messages call an actor: its room and its name."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
