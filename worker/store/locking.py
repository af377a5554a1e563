"""Locking rows to the end of the transaction, and seeing them as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from sqlalchemy import Select, bindparam, collate, event, inspect, select
from sqlalchemy.orm import Session, SessionTransaction

from worker.store.finding import get, where
from worker.store.tables import Record, table_of

R = TypeVar("R", bound=Record)
_LOCKED = "tillmail.locked"
_AT_ONCE = 500


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


def lock_all(session: Session, kind: type[R], business: str, ids: Iterable[str]) -> dict[str, R]:
    """The rows of a business with these ids, locked in the order of the ids; some may be missing.

    As `lock`, but one question for all of them.
    """
    held: set[tuple[type[Record], tuple[str, ...]]] = session.info.setdefault(_LOCKED, set())
    dialect = session.get_bind().dialect.name
    rows: dict[str, R] = {}
    wanted = []
    for row_id in sorted(set(ids)):
        key = (business, row_id)
        there = session.identity_map.get((kind, key, None))
        if there is not None and (dialect == "sqlite" or (kind, key) in held):
            rows[row_id] = there
        else:
            wanted.append(row_id)
    for start in range(0, len(wanted), _AT_ONCE):
        asked = {"business": business, "ids": wanted[start : start + _AT_ONCE]}
        for row in session.scalars(_locking_all(kind, dialect), asked):
            rows[inspect(row).identity[1]] = row
    held.update((kind, (business, row_id)) for row_id in wanted)
    return rows


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


@cache
def _locking_all(kind: type[R], dialect: str) -> Select[R]:
    columns = table_of(kind).c
    # Byte by byte, as Python sorts: whoever locks one after the other does it in the same order.
    in_order = collate(columns.id, "BINARY" if dialect == "sqlite" else "C")
    return (
        select(kind)
        .where(columns.business == bindparam("business"))
        .where(columns.id.in_(bindparam("ids", expanding=True)))
        .order_by(in_order)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
