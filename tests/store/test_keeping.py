"""Once-keys, blobs, instants and the two databases' transactions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OTHER
from worker import store
from worker.businesses import Business
from worker.kernel.errors import PermanentError
from worker.store import blobs, once
from worker.store.blobs import Blob
from worker.store.invariants import kept_bytes_are_whole
from worker.store.once import OnceKey


def test_only_the_first_time_is_the_first(each_books: Engine) -> None:
    for expected in (True, False):
        with store.transaction(each_books) as session:
            assert once.is_first(session, ACME, "key", at=AT) is expected
    with store.transaction(each_books) as session:
        assert once.is_first(session, OTHER, "key", at=AT)


def test_a_savepoint_that_is_undone_lets_go_of_its_locks(postgres_books: Engine) -> None:
    def lock(session: Session) -> None:
        session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        store.lock(session, Business, ACME)

    def elsewhere() -> None:
        with store.transaction(postgres_books) as session:
            lock(session)

    with store.transaction(postgres_books) as session:
        savepoint = session.begin_nested()
        lock(session)
        savepoint.rollback()
        elsewhere()
        lock(session)
        with pytest.raises(DBAPIError):
            elsewhere()


def test_a_first_time_that_was_rolled_back_was_none(each_books: Engine) -> None:
    def fail() -> None:
        with store.transaction(each_books) as session:
            assert once.is_first(session, ACME, "key", at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.transaction(each_books) as session:
        assert once.is_first(session, ACME, "key", at=AT)


def test_many_rows_are_written_and_found_at_once(each_books: Engine) -> None:
    def row(key: str) -> dict[str, object]:
        return {"business": ACME, "key": key, "done_at": AT}

    odd = ["a", "b\tc", 'd"{e},', "\\N", "NULL", "ü"]
    with store.transaction(each_books) as session:
        store.insert_many(session, OnceKey, [row(key) for key in odd])
        store.insert_many(session, OnceKey, [])
    with pytest.raises(IntegrityError), store.transaction(each_books) as session:
        store.insert_many(session, OnceKey, [row("new"), row("a")])
    with store.reading(each_books) as session:
        for asked, found in ((odd, odd), (["a", "new"], ["a"]), ([], [])):
            rows = session.scalars(select(OnceKey).where(store.among(OnceKey.key, asked))).all()
            assert {one.key for one in rows} == set(found)
            assert {one.done_at for one in rows} <= {AT}


def test_a_question_asked_often_is_planned_once(postgres_books: Engine) -> None:
    asked = select(OnceKey).where(OnceKey.key == "key")
    for _ in range(7):
        with store.reading(postgres_books) as session:
            session.execute(asked).all()
            known = session.execute(text("SELECT statement FROM pg_prepared_statements")).all()
    assert any("FROM once_key" in statement for (statement,) in known)


def test_of_many_at_once_one_is_first(each_books: Engine) -> None:
    together, answers = threading.Barrier(6), list[bool]()

    def ask() -> None:
        together.wait()
        with store.transaction(each_books) as session:
            answers.append(once.is_first(session, ACME, "key", at=AT))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 5 + [True]


def test_a_transaction_that_was_told_no_still_does_its_work(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        once.is_first(session, ACME, "key", at=AT)
    with store.transaction(each_books) as session:
        blobs.keep(session, ACME, b"before", at=AT)
        assert not once.is_first(session, ACME, "key", at=AT)
        sha256 = blobs.keep(session, ACME, b"after", at=AT)
    with store.reading(each_books) as session:
        assert blobs.fetch(session, ACME, sha256) == b"after"


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 1000, "Grüße".encode()])
def test_bytes_come_back_as_they_were_kept(each_books: Engine, content: bytes) -> None:
    with store.transaction(each_books) as session:
        sha256 = blobs.keep(session, ACME, content, at=AT)
        assert blobs.keep(session, ACME, content, at=AT) == sha256
    with store.reading(each_books) as session:
        assert blobs.fetch(session, ACME, sha256) == content
        assert kept_bytes_are_whole(session) == []


def test_bytes_of_another_business_are_not_given_out(session: Session) -> None:
    sha256 = blobs.keep(session, ACME, b"secret", at=AT)
    with pytest.raises(PermanentError, match="missing"):
        blobs.fetch(session, OTHER, sha256)


def test_damaged_bytes_are_never_given_out(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        sha256 = blobs.keep(session, ACME, b"whole", at=AT)
    with store.transaction(each_books) as session:
        session.execute(update(Blob).values(content=b"hole"))
        assert kept_bytes_are_whole(session) == [f"acme: blob {sha256} is damaged."]
        with pytest.raises(PermanentError, match="damaged"):
            blobs.fetch(session, ACME, sha256)


def test_an_instant_comes_back_in_utc(each_books: Engine) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 11, 22, 1, 30, 0, 123456, tzinfo=there)
    with store.transaction(each_books) as session:
        session.add(OnceKey(business=ACME, key="when", done_at=moment))
    with store.reading(each_books) as session:
        kept = session.get_one(OnceKey, (ACME, "when")).done_at
        assert kept == moment
        assert kept.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused(session: Session) -> None:
    session.add(OnceKey(business=ACME, key="when", done_at=datetime(2026, 11, 22)))  # noqa: DTZ001
    with pytest.raises(StatementError, match="no time zone"):
        session.flush()
    session.rollback()


def test_updates_of_many_at_once_are_not_lost(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        session.add(OnceKey(business=ACME, key="count", done_at=datetime(2026, 1, 1, tzinfo=UTC)))

    def add_seconds() -> None:
        for _ in range(20):
            with store.transaction(each_books) as session:
                row = session.get_one(OnceKey, (ACME, "count"), with_for_update=True)
                row.done_at += timedelta(seconds=1)

    threads = [threading.Thread(target=add_seconds) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading(each_books) as session:
        counted = session.get_one(OnceKey, (ACME, "count")).done_at
        assert counted == datetime(2026, 1, 1, 0, 1, 20, tzinfo=UTC)


def test_a_reading_session_changes_nothing(each_books: Engine) -> None:
    with store.reading(each_books) as session:
        try:
            session.execute(text("DELETE FROM business"))
        except DBAPIError:
            session.rollback()  # PostgreSQL refuses; SQLite forgets.
    with store.reading(each_books) as session:
        assert session.get(Business, ACME) is not None


def test_a_row_of_an_unknown_business_is_refused(each_books: Engine) -> None:
    with pytest.raises(DBAPIError), store.transaction(each_books) as session:
        session.add(OnceKey(business="nobody", key="key", done_at=AT))
