"""Keys of things that may happen once, and rows that may be there once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKey, Insert, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, make_transient_to_detached, mapped_column

from worker.kernel.ids import BusinessKey
from worker.store.tables import Record, table_of


class OnceKey(Record):
    """That this was done, and when."""

    __tablename__ = "once_key"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]


def is_first(session: Session, business: BusinessKey, key: str, *, at: datetime) -> bool:
    """Whether nobody did this before; if so it now counts as done in this transaction.

    Two transactions at once: the second waits for the first and is told no.
    """
    return insert_once(session, OnceKey, {"business": business, "key": key, "done_at": at})


def insert_once(session: Session, kind: type[Record], row: Mapping[str, Any]) -> bool:
    """Add a row unless one with a key of it is there; whether it was added.

    Past the session: no object is made of it, and what the session holds back is not written first.
    """
    statement = _insert(kind, session.get_bind().dialect.name)
    return cast(CursorResult[Any], session.execute(statement, row)).rowcount == 1


def add_once(session: Session, row: Record) -> bool:
    """Add an object unless a row with a key of it is there; whether it was added.

    What the session holds back is written first. What was added is this session's from then on, as
    if it had been read.
    """
    session.flush()
    given = inspect(row).dict
    values = {name: given[name] for name in _columns(type(row)) if name in given}
    if not insert_once(session, type(row), values):
        return False
    for name in _empty(type(row)):
        given.setdefault(name, None)
    make_transient_to_detached(row)
    session.add(row)
    return True


@cache
def _columns(kind: type[Record]) -> tuple[str, ...]:
    return tuple(column.key for column in table_of(kind).columns)


@cache
def _empty(kind: type[Record]) -> tuple[str, ...]:
    """What is NULL where nothing was given."""
    columns = table_of(kind).columns
    return tuple(c.key for c in columns if c.nullable and not (c.default or c.server_default))


@cache
def _insert(kind: type[Record], dialect: str) -> Insert:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table_of(kind)).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)
