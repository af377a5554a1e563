"""Locking one row to the end of the transaction, and seeing it as it stands."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.orm import Session

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
        return session.get(kind, key)
    # Rows that point here may be written meanwhile: their foreign keys need the key alone.
    row = session.get(kind, key, with_for_update={"key_share": True}, populate_existing=True)
    held.add((kind, key))
    return row
