"""Locking one row to the end of the transaction, and seeing it as it stands."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from sqlalchemy import Select, event, inspect
from sqlalchemy.orm import Session, SessionTransaction

from worker.store.finding import get, where
from worker.store.tables import Record

R = TypeVar("R", bound=Record)
_LOCKED = "tillmail.locked"


def lock(session: Session, kind: type[R], *key: str) -> R | None:
    """The row with this primary key, locked; None when there is none.

    A row that this transaction holds already is not asked for again. On SQLite the transaction
    itself is the lock (BEGIN IMMEDIATE): what it has read, nobody else can have changed.
    """
    held: set[tuple[type[Record], tuple[str, ...]]] = session.info.setdefault(_LOCKED, set())
    if session.get_bind().dialect.name == "sqlite" or (kind, key) in held:
        return get(session, kind, *key)
    statement, names = _locking(kind)
    equal = dict(zip(names, key, strict=True))
    row = session.execute(statement, equal).scalar_one_or_none()
    held.add((kind, key))
    return row


@event.listens_for(Session, "after_soft_rollback")
def _let_go(session: Session, _ended: SessionTransaction) -> None:
    """A savepoint that is rolled back lets go of its locks; those from before are asked again."""
    session.info.pop(_LOCKED, None)


@cache
def _locking(kind: type[R]) -> tuple[Select[R], tuple[str, ...]]:
    names = tuple(column.name for column in inspect(kind).primary_key)
    # Rows that point here may be written meanwhile: their foreign keys need the key alone.
    statement = where(kind, names).with_for_update(key_share=True)
    return statement.execution_options(populate_existing=True), names
