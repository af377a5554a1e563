"""Engines and transactions for the two databases.

SQLAlchemy's defaults on SQLite start transactions late and lose updates (549 of 600 in a trial with
three processes), so the driver stays in autocommit and every transaction begins with an explicit
BEGIN IMMEDIATE. WAL with synchronous=FULL: NORMAL may lose acknowledged commits on a power cut.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 30_000
IDLE_S = 5.0
_KEPT = "tillmail.kept"
# Whoever waits longer for a lock, or asks for so much, is told so and runs again: OperationalError.
_POSTGRESQL_LIMITS = "-c lock_timeout=30s -c statement_timeout=120s"
_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys=ON",
)


def make_engine(url: str, *, pool_size: int = 20) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`. Made after any fork."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        connect_args={"options": _POSTGRESQL_LIMITS},
    )
    _ping_the_idle(engine)
    return engine


def _ping_the_idle(engine: Engine) -> None:
    """Ask only a connection that lay idle whether it is alive: asking each costs a page a tenth.

    One that breaks in use takes all of the pool with it, so at most what is under way then fails.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as e:
            raise DisconnectionError("The connection is gone: the pool opens another.") from e


def _sqlite_engine(url: str) -> Engine:
    driver: dict[str, Any] = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    if sys.version_info >= (3, 12):
        driver["autocommit"] = True
    engine = create_engine(url, connect_args=driver, pool_size=20, max_overflow=10)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        if sys.version_info < (3, 12):
            connection.isolation_level = None
        cursor = connection.cursor()
        for setting in _SQLITE_SETTINGS:
            cursor.execute(setting)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads_only = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


class _Keeping(Session):
    """A session that keeps what it has read until it ends.

    SQLAlchemy's own lets go of objects that nobody holds and then asks for the same rows again.
    """


@event.listens_for(_Keeping, "loaded_as_persistent")
@event.listens_for(_Keeping, "pending_to_persistent")
@event.listens_for(_Keeping, "detached_to_persistent")
def _keep(session: Session, row: object) -> None:
    session.info.setdefault(_KEPT, []).append(row)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session whose work is committed at the end, or not at all."""
    with _turn(engine), _Keeping(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads one consistent state; nothing it does is kept."""
    with _Keeping(_reader(engine), expire_on_commit=False) as session:
        # Closing it rolls back and, unlike rollback(), leaves what was read readable.
        yield session
        # After a rollback psycopg forgets its prepared statements: each would be planned anew.
        if engine.dialect.name == "postgresql" and session.in_transaction():
            session.connection().commit()


# Setting options costs as much as a small query. A process has one engine, tests a few.
@lru_cache(maxsize=4)
def _reader(engine: Engine) -> Engine:
    options: dict[str, Any] = {"reads_only": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)


# SQLite takes one writer at a time and lets the others poll; threads of one process rather queue.
_turns: WeakKeyDictionary[Engine, threading.RLock] = WeakKeyDictionary()
_new_turn = threading.Lock()


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    if engine.dialect.name != "sqlite":
        yield
        return
    with _new_turn:
        turn = _turns.setdefault(engine, threading.RLock())
    with turn:
        yield
