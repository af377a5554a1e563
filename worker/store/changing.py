"""Writing columns of one row at once, past the session's own bookkeeping of changes."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, inspect, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from worker.store.prepared import Prepared
from worker.store.tables import Record, table_of


def change(session: Session, row: Record, **columns: Any) -> None:
    """Write these columns of a row that the session has, now.

    To note that an object changed, and to find that out and write it when the next statement runs,
    takes SQLAlchemy ten times as long. What is changed by hand is still written its way.
    """
    prepared, key = _update(type(row), tuple(columns))
    of_row = dict(zip(key, inspect(row).identity or (), strict=True))
    if prepared.write(session, columns | of_row) != 1:
        raise StaleDataError(f"{row!r} is not there any more.")
    for name, value in columns.items():
        set_committed_value(row, name, value)
    savepoint = session.get_nested_transaction()
    if savepoint is not None:
        # Should it be rolled back, the object is read again; the session saw no change to undo.
        savepoint._dirty[inspect(row)] = True


@cache
def _update(kind: type[Record], names: tuple[str, ...]) -> tuple[Prepared, tuple[str, ...]]:
    """The statement, and what it calls the parts of the key."""
    table = table_of(kind)
    key = tuple(f"of_{column.name}" for column in table.primary_key)
    of_row = [
        column == bindparam(name) for column, name in zip(table.primary_key, key, strict=True)
    ]
    return Prepared(update(table).where(*of_row), names), key
