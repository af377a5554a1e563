"""Rows whose columns have given values: the commonest question, its statement built once.

They are read as plain values and become the session's objects here: SQLAlchemy's own way from a
row to an object takes three times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Select, bindparam, inspect, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, make_transient_to_detached

from worker.store.prepared import Prepared
from worker.store.tables import Record

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)


def get(session: Session, kind: type[R], *key: str) -> R | None:
    """The row with this primary key, as this session has it or else as it stands."""
    there: R | None = session.identity_map.get((kind, key, None))
    if there is not None:
        return there
    names = _key_of(kind)
    found = _question(kind, names).ask(session, dict(zip(names, key, strict=True)))
    return found[0] if found else None


def one(session: Session, kind: type[R], /, **equal: object) -> R | None:
    """The row whose columns have these values; there is no more than one."""
    found = every(session, kind, order="", **equal)
    return found[0] if found else None


def every(session: Session, kind: type[R], /, *, order: str, **equal: object) -> Sequence[R]:
    """The rows whose columns have these values; `order` names columns, with commas between."""
    given = {name: value for name, value in equal.items() if value is not None}
    empty = tuple(name for name in equal if name not in given)
    return _question(kind, tuple(given), empty, order).ask(session, given)


@cache
def where(
    kind: type[R], names: tuple[str, ...], empty: tuple[str, ...] = (), order: str = ""
) -> Select[R]:
    """The statement for rows with given values in `names` and NULL in `empty`."""
    given = [getattr(kind, name) == bindparam(name) for name in names]
    absent = [getattr(kind, name).is_(None) for name in empty]
    by = [getattr(kind, name.strip()) for name in order.split(",") if name]
    return select(kind).where(*given, *absent).order_by(*by)


def one_of(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[object]
) -> ColumnElement[bool]:
    """A column has one of some fixed values, for a statement that is built once: it has no `IN`."""
    return or_(*[column == value for value in values])


class Question(Generic[R]):
    """A question for rows of a class, as objects of the session that asks. Built once."""

    def __init__(self, kind: type[R], asked: Select[Any]) -> None:
        self._shape = _shape(kind)
        self._prepared = Prepared(asked.with_only_columns(*self._shape.columns))

    def ask(self, session: Session, values: Mapping[str, Any]) -> list[R]:
        """The rows, in the question's order."""
        found = self._prepared.rows(session, values)
        return [self._shape.object(session, row) for row in found]


class Pairs(Generic[R, S]):
    """A question for rows of two classes, joined, as objects of the session that asks."""

    def __init__(self, first: type[R], second: type[S], asked: Select[*tuple[Any, ...]]) -> None:
        self._first, self._second = _shape(first), _shape(second)
        columns = (*self._first.columns, *self._second.columns)
        self._prepared = Prepared(asked.with_only_columns(*columns))

    def ask(self, session: Session, values: Mapping[str, Any]) -> list[tuple[R, S]]:
        """The pairs, in the question's order."""
        cut = len(self._first.columns)
        return [
            (self._first.object(session, row[:cut]), self._second.object(session, row[cut:]))
            for row in self._prepared.rows(session, values)
        ]


class _Shape(Generic[R]):
    """How a row of a class's table becomes an object of a session."""

    def __init__(self, kind: type[R]) -> None:
        mapper = inspect(kind)
        plain = [each for each in mapper.column_attrs if not each.deferred]
        self.columns = [each.columns[0] for each in plain]
        self._names = [each.key for each in plain]
        self._keys = [self._names.index(name) for name in _key_of(kind)]
        self._kind = kind
        self._new = cast(Callable[[], R], mapper.class_manager.new_instance)

    def object(self, session: Session, row: Sequence[Any]) -> R:
        """The session's object for a row: the one it has, as it has it, or a new one."""
        key = tuple([row[at] for at in self._keys])
        there: R | None = session.identity_map.get((self._kind, key, None))
        if there is not None:
            return there
        made: R = self._new()
        inspect(made).dict.update(zip(self._names, row, strict=True))
        make_transient_to_detached(made)
        session.add(made)
        return made


@cache
def _shape(kind: type[R]) -> _Shape[R]:
    return _Shape(kind)


@cache
def _question(
    kind: type[R], names: tuple[str, ...], empty: tuple[str, ...] = (), order: str = ""
) -> Question[R]:
    return Question(kind, where(kind, names, empty, order))


@cache
def _key_of(kind: type[R]) -> tuple[str, ...]:
    return tuple(column.name for column in inspect(kind).primary_key)
