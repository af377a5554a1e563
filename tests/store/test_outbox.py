"""The outbox, whose rows are the jobs: told with the state, started by one, ended with the effect.

Most of it runs on both databases: the same statements must hold under either's locking.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from tests.books import ACME, AT
from worker import store
from worker.kernel.events import MailReceived
from worker.store import outbox
from worker.store.invariants import INVARIANTS
from worker.store.outbox import QUEUE_LEASE, RUN_LEASE, STARTS_ALLOWED, Job, LeaseLost, Slip

SECOND = timedelta(seconds=1)
FACT = MailReceived(ACME, "mail_1")


def _add(session: Session, *, delay: timedelta = timedelta(0)) -> Slip:
    slip = outbox.add(session, FACT, "intake.sort_mail", at=AT, due_at=AT + delay)
    session.flush()
    return slip


def _job(session: Session, slip: Slip) -> Job:
    session.expire_all()
    job = session.get(Job, (slip.business, slip.job))
    assert job is not None
    return job


@pytest.fixture
def session(each_books: Engine) -> Iterator[Session]:
    """One transaction, in each database."""
    with store.transaction(each_books) as session:
        yield session


def test_a_fact_is_told_once_and_in_order(session: Session) -> None:
    outbox.tell(session, FACT)
    outbox.tell(session, MailReceived(ACME, "mail_2"))
    assert [fact.subject for fact in outbox.take_told(session)] == ["mail_1", "mail_2"]
    assert outbox.take_told(session) == []


def test_a_job_is_born_in_the_hands_of_the_queue(session: Session) -> None:
    slip = _add(session)
    assert outbox.claim_due(session, at=AT + QUEUE_LEASE, limit=10) == []
    assert outbox.claim_due(session, at=AT + QUEUE_LEASE + SECOND, limit=10) == [slip]


def test_a_job_that_never_started_keeps_its_ticket(session: Session) -> None:
    slip = _add(session)
    [again] = outbox.claim_due(session, at=AT + timedelta(minutes=5), limit=10)
    assert again.ticket == slip.ticket
    assert outbox.start(session, slip, at=AT) is not None


def test_a_job_lost_after_days_of_outage_is_brought_again_within_an_hour(session: Session) -> None:
    slip, monday = _add(session), AT + timedelta(days=3)
    assert outbox.claim_due(session, at=monday, limit=10) == [slip]
    assert outbox.claim_due(session, at=monday + timedelta(minutes=59), limit=10) == []
    assert outbox.claim_due(session, at=monday + timedelta(minutes=61), limit=10) == [slip]


def test_a_later_job_waits_until_it_is_due(session: Session) -> None:
    _add(session, delay=timedelta(hours=1))
    assert outbox.claim_due(session, at=AT + timedelta(minutes=59), limit=10) == []
    assert len(outbox.claim_due(session, at=AT + timedelta(hours=1), limit=10)) == 1


def test_the_same_slip_starts_once(session: Session) -> None:
    slip = _add(session)
    assert outbox.start(session, slip, at=AT) is not None
    assert outbox.start(session, slip, at=AT) is None


def test_a_finished_job_never_starts_again(session: Session) -> None:
    running = outbox.start(session, _add(session), at=AT)
    assert running is not None
    outbox.finish(session, running, at=AT)

    assert outbox.start(session, running, at=AT) is None
    assert outbox.claim_due(session, at=AT + timedelta(days=9), limit=10) == []
    assert outbox.open_count(session) == 0
    with pytest.raises(LeaseLost):
        outbox.finish(session, running, at=AT)


def test_who_slept_past_the_lease_changes_nothing(session: Session) -> None:
    asleep = outbox.start(session, _add(session), at=AT)
    assert asleep is not None
    [again] = outbox.claim_due(session, at=AT + RUN_LEASE + SECOND, limit=10)
    awake = outbox.start(session, again, at=AT + RUN_LEASE + SECOND)
    assert awake is not None

    outbox.hold(session, awake)
    with pytest.raises(LeaseLost):
        outbox.hold(session, asleep)
    with pytest.raises(LeaseLost):
        outbox.finish(session, asleep, at=AT)
    outbox.again(session, asleep, due_at=AT, problem="late")
    outbox.finish(session, awake, at=AT)
    assert _job(session, awake).problem is None


def test_a_job_added_as_started_runs_from_then_on(session: Session) -> None:
    running = outbox.add_started(session, FACT, "intake.sort_mail", at=AT)
    assert outbox.claim_due(session, at=AT + RUN_LEASE, limit=10) == []
    [again] = outbox.claim_due(session, at=AT + RUN_LEASE + SECOND, limit=10)
    assert again.ticket != running.ticket
    assert _job(session, again).starts == 1


def test_asking_for_another_go_counts_no_start(session: Session) -> None:
    for _ in range(STARTS_ALLOWED + 2):
        [slip] = outbox.claim_due(session, at=AT, limit=1) or [_add(session)]
        running = outbox.start(session, slip, at=AT)
        assert running is not None
        outbox.again(session, running, due_at=AT, problem="busy")
    assert outbox.tries_of(session, slip) == STARTS_ALLOWED + 2
    assert outbox.hopeless(session, at=AT + timedelta(days=1)) == []


def test_three_starts_without_an_end_park_the_job(session: Session) -> None:
    slip, at = _add(session), AT
    for _ in range(STARTS_ALLOWED):
        assert outbox.start(session, slip, at=at) is not None
        at += RUN_LEASE + SECOND
        claimed = outbox.claim_due(session, at=at, limit=10)
        slip = claimed[0] if claimed else slip

    [parked] = outbox.hopeless(session, at=at)
    assert (parked.parked_at, parked.starts) == (at, STARTS_ALLOWED)
    assert outbox.claim_due(session, at=at + timedelta(days=1), limit=10) == []
    unfinished = outbox.unfinished_about(session, ACME, "mail_1", "MailReceived")
    assert unfinished is parked

    assert outbox.unpark(session, ACME, parked.id, at=at)
    assert len(outbox.claim_due(session, at=at, limit=10)) == 1


def test_a_job_that_breaks_off_counts_one_start(session: Session) -> None:
    running = outbox.start(session, _add(session), at=AT)
    assert running is not None
    outbox.stumbled(session, running, due_at=AT + SECOND, problem="ValueError()")

    job = _job(session, running)
    assert (job.starts, job.problem, job.due_at) == (1, "ValueError()", AT + SECOND)


def test_a_job_that_broke_off_before_it_started_counts_as_well(session: Session) -> None:
    slip = _add(session)
    outbox.stumbled(session, slip, due_at=AT, problem="ValueError()")
    assert _job(session, slip).starts == 1


def test_nothing_is_a_job_when_the_transaction_fails(each_books: Engine) -> None:
    def fail() -> None:
        with store.transaction(each_books) as session:
            _add(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading(each_books) as session:
        assert outbox.open_count(session) == 0


def test_relays_at_once_share_the_jobs(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        for _ in range(60):
            _add(session)
    claimed: list[str] = []

    def relay() -> None:
        for _ in range(6):
            with store.transaction(each_books) as session:
                slips = outbox.claim_due(session, at=AT + timedelta(hours=1), limit=5)
            claimed.extend(slip.job for slip in slips)

    threads = [threading.Thread(target=relay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 60


def test_workers_at_once_start_a_job_once(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        slip = _add(session)
    started: list[Slip] = []
    together = threading.Barrier(4)

    def worker() -> None:
        together.wait()
        with store.transaction(each_books) as session:
            running = outbox.start(session, slip, at=AT)
        if running is not None:
            started.append(running)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 1


def test_a_job_in_two_states_is_noticed(session: Session) -> None:
    slip = _add(session)
    session.execute(update(Job).values(done_at=AT, parked_at=AT))
    found = [line for holds in INVARIANTS for line in holds(session)]
    assert found == [f"acme: job {slip.job} is in two states at once."]


steps = st.lists(st.sampled_from(["claim", "start", "finish", "again", "sleep", "park"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_a_job_ends_once_and_is_never_lost(
    sqlite_books: Engine, steps: list[str]
) -> None:
    at, effects = AT, 0
    with store.transaction(sqlite_books) as session:
        slips, running = [_add(session)], list[Slip]()
        job = slips[0]
        for step in steps:
            if step == "claim":
                slips += [s for s in outbox.claim_due(session, at=at, limit=99) if s.job == job.job]
            elif step == "start":
                running += [r for s in slips if (r := outbox.start(session, s, at=at))]
            elif step == "finish":
                effects += sum(_try_to_finish(session, slip) for slip in running)
            elif step == "again" and running:
                outbox.again(session, running[-1], due_at=at, problem="busy")
            elif step == "park":
                outbox.hopeless(session, at=at)
            at += RUN_LEASE if step == "sleep" else SECOND
        row = _job(session, job)
        assert effects == (row.done_at is not None)
        assert row.done_at is None or row.parked_at is None
        far = at + timedelta(days=1)
        is_found = [s for s in outbox.claim_due(session, at=far, limit=999) if s.job == job.job]
        is_parked = row.parked_at is not None or row in outbox.hopeless(session, at=far)
        assert bool(row.done_at) + bool(is_found) + is_parked == 1
        assert [line for holds in INVARIANTS for line in holds(session)] == []


def _try_to_finish(session: Session, slip: Slip) -> bool:
    try:
        outbox.finish(session, slip, at=AT)
    except LeaseLost:
        return False
    return True
