"""Keys of things that may happen once, and rows that may be there once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import ForeignKey, Insert, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, make_transient_to_detached, mapped_column
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from worker.kernel.ids import BusinessKey
from worker.store.prepared import Prepared
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


def insert(session: Session, kind: type[Record], row: Mapping[str, Any]) -> None:
    """Add a row that nothing will look at as an object."""
    prepared, defaults = _insert(kind, tuple(row))
    prepared.write(session, defaults | dict(row))


def insert_once(session: Session, kind: type[Record], row: Mapping[str, Any]) -> bool:
    """Add a row unless one with a key of it is there; whether it was added. No object is made."""
    dialect = session.get_bind().dialect.name
    prepared, defaults = _insert(kind, tuple(row), once_on=dialect)
    return prepared.write(session, defaults | dict(row)) == 1


def add(session: Session, row: Record) -> None:
    """Add an object now; it is this session's from then on, as if it had been read."""
    insert(session, type(row), _values(row))
    _belong(session, row)


def add_once(session: Session, row: Record) -> bool:
    """Add an object unless a row with a key of it is there; whether it was added."""
    is_new = insert_once(session, type(row), _values(row))
    if is_new:
        _belong(session, row)
    return is_new


def _values(row: Record) -> dict[str, Any]:
    given = inspect(row).dict
    return {name: given[name] for name in _columns(type(row)) if name in given}


def _belong(session: Session, row: Record) -> None:
    given = inspect(row).dict
    for name in _empty(type(row)):
        given.setdefault(name, None)
    make_transient_to_detached(row)
    session.add(row)
    savepoint = session.get_nested_transaction()
    if savepoint is not None:
        # Should it be rolled back, the object goes with its row; the session thinks it was read.
        savepoint._new[inspect(row)] = True


@cache
def _columns(kind: type[Record]) -> tuple[str, ...]:
    return tuple(column.key for column in table_of(kind).columns)


@cache
def _empty(kind: type[Record]) -> tuple[str, ...]:
    """What is NULL where nothing was given."""
    columns = table_of(kind).columns
    return tuple(c.key for c in columns if c.nullable and not (c.default or c.server_default))


@cache
def _insert(
    kind: type[Record], names: tuple[str, ...], *, once_on: str | None = None
) -> tuple[Prepared, dict[str, Any]]:
    """The statement that adds a row of these columns, and what the others begin with."""
    table = table_of(kind)
    defaults = {
        column.key: column.default.arg
        for column in table.columns
        if isinstance(column.default, ScalarElementColumnDefault) and column.key not in names
    }
    statement: Insert = sqlalchemy.insert(table)
    if once_on == "sqlite":
        statement = sqlite.insert(table).on_conflict_do_nothing()
    elif once_on is not None:
        statement = postgresql.insert(table).on_conflict_do_nothing()
    return Prepared(statement.inline(), (*names, *defaults)), defaults
