"""Rows whose columns have given values: the commonest question, its statement built once.

SQLAlchemy builds a statement anew for every call, which takes longer than running it. These are
kept by the class and the names of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import Session

from worker.store.tables import Record

R = TypeVar("R", bound=Record)


def get(session: Session, kind: type[R], *key: str) -> R | None:
    """The row with this primary key, as this session has it or else as it stands."""
    there: R | None = session.identity_map.get((kind, key, None))
    if there is not None:
        return there
    equal = dict(zip(_key_of(kind), key, strict=True))
    return session.execute(where(kind, tuple(equal)), equal).scalar_one_or_none()


def one(session: Session, kind: type[R], /, **equal: object) -> R | None:
    """The row whose columns have these values; there is no more than one."""
    return session.execute(*_asked(kind, equal)).scalars().first()


def every(session: Session, kind: type[R], /, *, order: str, **equal: object) -> Sequence[R]:
    """The rows whose columns have these values; `order` names columns, with commas between."""
    return session.execute(*_asked(kind, equal, order)).scalars().all()


def _asked(
    kind: type[R], equal: dict[str, Any], order: str = ""
) -> tuple[Select[R], dict[str, Any]]:
    given = {name: value for name, value in equal.items() if value is not None}
    empty = tuple(name for name in equal if name not in given)
    return where(kind, tuple(given), empty, order), given


@cache
def where(
    kind: type[R], names: tuple[str, ...], empty: tuple[str, ...] = (), order: str = ""
) -> Select[R]:
    """The statement for rows with given values in `names` and NULL in `empty`."""
    given = [getattr(kind, name) == bindparam(name) for name in names]
    absent = [getattr(kind, name).is_(None) for name in empty]
    by = [getattr(kind, name.strip()) for name in order.split(",") if name]
    return select(kind).where(*given, *absent).order_by(*by)


@cache
def _key_of(kind: type[R]) -> tuple[str, ...]:
    return tuple(column.name for column in inspect(kind).primary_key)
