"""The shapes of actors, and what happens around one: start, end, and the ways to fail.

*work* reads in a short transaction, computes with none open, and writes in a second one; *call*
commits an intent, acts outside, and commits the outcome. Both get a `Run`. A *step* is a plain
function that the flow runs inside the transaction that told the fact. A *sweep* selects what is due
and tells facts. Running any of them twice equals running it once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from worker import review
from worker.app import App, HandOut
from worker.kernel.errors import OutcomeUnknown, PermanentError, ReviewNeeded, TransientError
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


@dataclass(slots=True)
class Run:
    """One start of one job: the transactions it may open, and its subject."""

    app: App
    slip: Slip
    hand_out: HandOut | None = None
    must_start: bool = False

    @property
    def business(self) -> BusinessKey:
        """Whose job it is."""
        return self.slip.business

    @property
    def subject(self) -> str:
        """The id that the fact was about."""
        return self.slip.subject

    def reading(self) -> AbstractContextManager[Session]:
        """What to prepare from, to read only; a work's first reading is the one that starts it."""
        return self.intent() if self.must_start else self.app.reading()

    @contextmanager
    def intent(self) -> Iterator[Session]:
        """A transaction that starts the job and commits what is about to be done."""
        with self.app.transaction(self.hand_out) as session:
            started = outbox.start(session, self.slip, at=self.app.now())
            if started is None:
                raise outbox.LeaseLost(f"Job {self.slip.job} is held by somebody else.")
            yield session
        self.slip, self.must_start = started, False

    @contextmanager
    def finish(self) -> Iterator[Session]:
        """The transaction of the effect: it ends the job, or neither happens."""
        with self.app.transaction(self.hand_out) as session:
            outbox.finish(session, self.slip, at=self.app.now())
            yield session


Actor = Callable[[Run], None]
Sweep = Callable[[App, Session, datetime], None]
_WORKS: dict[str, Actor] = {}
_CALLS: dict[str, Actor] = {}
_SWEEPS: dict[str, Callable[[App], None]] = {}


def work(actor: Actor) -> Actor:
    """Register an actor that computes in a child process between two transactions."""
    _WORKS[name_of(actor)] = actor
    return actor


def call(actor: Actor) -> Actor:
    """Register an actor that acts outside between an intent and an outcome."""
    _CALLS[name_of(actor)] = actor
    return actor


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
    return frozenset(_WORKS) | frozenset(_CALLS)


def is_call(actor: Actor) -> bool:
    """Whether an actor acts outside."""
    return name_of(actor) in _CALLS


def acts_outside(slip: Slip) -> bool:
    """Whether this job may have to wait for somebody else's server."""
    return slip.actor in _CALLS


def sweeps() -> frozenset[str]:
    """Every sweep that the timetable may name."""
    return frozenset(_SWEEPS)


def run_job(app: App, slip: Slip, hand_out: HandOut | None = None) -> None:
    """Run a job to one of its ends: done, again later, with a person, or parked.

    What follows from it is given to `hand_out`, else to the queue.
    """
    run = Run(app, slip, hand_out, must_start=slip.actor in _WORKS)
    try:
        (_WORKS if run.must_start else _CALLS)[slip.actor](run)
    except outbox.LeaseLost:
        log.info("%s %s: somebody else has it.", slip.actor, slip.job)
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
        with app.transaction() as session:
            outbox.stumbled(session, run.slip, due_at=app.now() + FIRST_WAIT, problem=repr(e)[:500])


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
