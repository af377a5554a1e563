"""Many at once: questions about many ids, and many rows to write, each as one message."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Dialect, String, TypeDecorator, bindparam, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from worker.store.tables import Record, table_of


def insert_many(session: Session, kind: type[Record], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that all name the same columns; past the session, with none of Python's defaults.

    PostgreSQL takes them by COPY, which checks keys as ever and halves what a row costs here.
    """
    table = table_of(kind)
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        session.execute(insert(table), rows)
        return
    columns = ", ".join(rows[0])
    command = f"COPY {table.name} ({columns}) FROM STDIN"
    connection = session.connection()
    errors = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(command) as copy:
            for row in rows:
                copy.write_row([row[name] for name in rows[0]])
    except errors as e:
        raise DBAPIError.instance(command, None, e, errors, dialect=connection.dialect) from e
    finally:
        cursor.close()


def among(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], values: Collection[str]
) -> ColumnElement[bool]:
    """That a text column has one of many values, given as one parameter.

    An `IN` has a parameter for each: both sides read a statement of their own for every number.
    """
    return _Among(column, bindparam("among", sorted(values), type_=_Texts(), unique=True))


class _Texts(TypeDecorator[list[str]]):
    """Texts as one value: an array on PostgreSQL, JSON on SQLite."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        kind = String() if dialect.name == "sqlite" else ARRAY(String())
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


class _Among(FunctionElement[bool]):
    inherit_cache = True


@compiles(_Among, "postgresql")
def _among_an_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY({values})"


@compiles(_Among, "sqlite")
def _among_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    # Both are SQLAlchemy's own text: a column's name and a placeholder.
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608
