"""One row by its primary key: found, or locked to the end of the transaction.

The statements are built once for each class. SQLAlchemy builds its own anew for every call, which
takes longer than running them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import Session

from worker.store.tables import Record

R = TypeVar("R", bound=Record)
_LOCKED = "tillmail.locked"


def get(session: Session, kind: type[R], *key: str) -> R | None:
    """The row with this primary key, as this session has it or else as it stands."""
    there: R | None = session.identity_map.get((kind, key, None))
    if there is not None:
        return there
    statement, names = _by_key(kind)
    return session.execute(statement, dict(zip(names, key, strict=True))).scalar_one_or_none()


def lock(session: Session, kind: type[R], *key: str) -> R | None:
    """The row with this primary key, locked; None when there is none.

    A row that this transaction holds already is not asked for again. On SQLite the transaction
    itself is the lock (BEGIN IMMEDIATE): what it has read, nobody else can have changed.
    """
    held: set[tuple[type[Record], tuple[str, ...]]] = session.info.setdefault(_LOCKED, set())
    if session.get_bind().dialect.name == "sqlite" or (kind, key) in held:
        return get(session, kind, *key)
    statement, names = _locking(kind)
    row = session.execute(
        statement,
        dict(zip(names, key, strict=True)),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()
    held.add((kind, key))
    return row


@cache
def _by_key(kind: type[R]) -> tuple[Select[R], tuple[str, ...]]:
    columns = inspect(kind).primary_key
    names = tuple(column.name for column in columns)
    clauses: list[Any] = [column == bindparam(column.name) for column in columns]
    return select(kind).where(*clauses), names


@cache
def _locking(kind: type[R]) -> tuple[Select[R], tuple[str, ...]]:
    statement, names = _by_key(kind)
    # Rows that point here may be written meanwhile: their foreign keys need the key alone.
    return statement.with_for_update(key_share=True), names
