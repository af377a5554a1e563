"""Statements past the session: the same values, objects, errors and transaction as its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, Integer, bindparam, delete, func, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from tests import books
from tests.books import ACME, AT
from worker import store
from worker.businesses import Business
from worker.invoices import Invoice
from worker.store import Prepared, blobs, table_of
from worker.store.blobs import Blob
from worker.store.once import OnceKey

_once = table_of(OnceKey).c
_DONE_AT = Prepared(
    select(_once.done_at).where(
        _once.business == bindparam("business"), _once.key == bindparam("key")
    )
)


def _key(name: str, at: datetime = AT) -> OnceKey:
    return OnceKey(business=ACME, key=name, done_at=at)


def test_a_row_becomes_the_object_that_the_session_itself_would_make(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        books.zoo(session)
        issued = books.issue(session).id

    with store.reading(each_books) as session, store.reading(each_books) as other:
        ours, theirs = store.get(session, Invoice, ACME, issued), other.get(Invoice, (ACME, issued))
        assert ours is not None
        assert theirs is not None
        assert inspect(ours).dict.keys() >= {"number", "reading", "issue_on", "issued_at"}
        values = [
            {column.key: getattr(invoice, column.key) for column in inspect(Invoice).column_attrs}
            for invoice in (ours, theirs)
        ]
        assert values[0] == values[1]


def test_a_row_that_the_session_has_is_the_object_it_has(session: Session) -> None:
    first = store.get(session, Business, ACME)
    assert first is not None
    assert store.every(session, Business, order="key", key=ACME) == [first]
    assert session.get(Business, ACME) is first


def test_what_is_found_can_be_changed_and_what_is_changed_is_found(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        store.add(session, _key("a"))
    later = datetime(2030, 1, 1, tzinfo=UTC)
    with store.transaction(each_books) as session:
        found = store.one(session, OnceKey, business=ACME, key="a")
        assert found is not None
        found.done_at = later
        assert _DONE_AT.scalar(session, {"business": ACME, "key": "a"}) == later
        session.add(_key("b"))
        assert _DONE_AT.scalar(session, {"business": ACME, "key": "b"}) == AT


def test_a_column_that_is_left_for_later_is_there_when_it_is_asked_for(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        sha256 = blobs.keep(session, ACME, b"bytes", at=AT)
    with store.reading(each_books) as session:
        blob = store.get(session, Blob, ACME, sha256)
        assert blob is not None
        assert "content" not in inspect(blob).dict
        assert blob.content == b"bytes"


def test_the_drivers_errors_are_the_sessions_and_tell_no_values(each_books: Engine) -> None:
    def twice() -> None:
        with store.transaction(each_books) as session:
            store.add(session, _key("secret"))
            store.insert(session, OnceKey, {"business": ACME, "key": "secret", "done_at": AT})

    with pytest.raises(IntegrityError) as caught:
        twice()
    assert caught.value.params is None
    with store.reading(each_books) as session:
        assert _DONE_AT.rows(session, {"business": ACME, "key": "secret"}) == []


def test_a_statement_belongs_to_the_transaction_under_way(each_books: Engine) -> None:
    about = {"business": ACME, "key": "a"}
    with store.transaction(each_books) as session:
        savepoint = session.begin_nested()
        store.add(session, _key("a"))
        savepoint.rollback()
        assert _DONE_AT.scalar(session, about) is None
    with Session(each_books) as session:
        assert _DONE_AT.scalar(session, about) is None
        session.rollback()
        with store.transaction(each_books) as other:
            store.add(other, _key("a"))
        assert _DONE_AT.scalar(session, about) == AT


def test_changed_columns_are_written_at_once_and_the_object_says_so(each_books: Engine) -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    with store.transaction(each_books) as session:
        key = _key("a")
        store.add(session, key)
        store.change(session, key, done_at=later)
        assert key.done_at == later
        assert not session.dirty
        assert _DONE_AT.scalar(session, {"business": ACME, "key": "a"}) == later


def test_a_row_that_is_gone_cannot_be_changed(session: Session) -> None:
    key = _key("a")
    store.add(session, key)
    session.execute(delete(OnceKey).execution_options(synchronize_session=False))
    with pytest.raises(StaleDataError):
        store.change(session, key, done_at=AT)


def test_a_savepoint_that_is_rolled_back_takes_what_was_written_in_it(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        kept, gone = _key("kept"), _key("gone")
        store.add(session, kept)

        savepoint = session.begin_nested()
        store.change(session, kept, done_at=datetime(2030, 1, 1, tzinfo=UTC))
        store.add(session, gone)
        savepoint.rollback()

        assert kept.done_at == AT
        assert store.get(session, OnceKey, ACME, "gone") is None

        with session.begin_nested():
            store.add(session, _key("stays"))
        session.begin_nested().rollback()
        assert store.get(session, OnceKey, ACME, "stays") is not None


def test_a_value_that_is_missing_is_an_error_and_never_null(session: Session) -> None:
    with pytest.raises(KeyError, match="key"):
        _DONE_AT.scalar(session, {"business": ACME})


def test_a_connection_that_was_ended_is_not_used_again(postgres_books: Engine) -> None:
    pid = Prepared(select(func.pg_backend_pid()))
    ended = Prepared(select(func.pg_terminate_backend(bindparam("pid", type_=Integer))))
    with store.reading(postgres_books) as session:
        first = pid.scalar(session, {})
    with pytest.raises(DBAPIError), store.reading(postgres_books) as session:
        ended.scalar(session, {"pid": first})
    with store.reading(postgres_books) as session:
        assert pid.scalar(session, {}) not in (None, first)
