"""Statements of plain values, their SQL written once and handed straight to the driver.

A session builds, caches, wraps and unwraps anew for every statement: 75 us, and 160 for one that
gives objects, where the driver takes 4. An invoice's way has fifty of them. Here SQLAlchemy writes
the SQL and says how values are turned for the database, once; what is left of each run is the
driver's own work. The session's transaction, its pending changes and its errors stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect, SelectBase, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Values = Mapping[str, Any]
_Turn = Callable[[Any], Any]
_CONNECTION = "tillmail.connection"


class Prepared:
    """One statement, for both databases and any thread; an insert is told its `columns`.

    It takes no lists of values (`IN`).
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._written: dict[str, _Written] = {}

    def rows(self, session: Session, values: Values) -> Sequence[Sequence[Any]]:
        """What a question gives, the columns in its order."""
        written, connection = self._ready(session)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(written.sql, written.bound(values))
            return written.turned(cursor.fetchall(), cursor.description)
        except written.driver_error as e:
            raise written.error(e) from e
        finally:
            cursor.close()

    def scalar(self, session: Session, values: Values) -> Any:
        """The first column of the first row; None when there is no row."""
        found = self.rows(session, values)
        return found[0][0] if found else None

    def write(self, session: Session, values: Values) -> int:
        """How many rows were written."""
        written, connection = self._ready(session)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(written.sql, written.bound(values))
            return int(cursor.rowcount)
        except written.driver_error as e:
            raise written.error(e) from e
        finally:
            cursor.close()

    def _ready(self, session: Session) -> tuple[_Written, Connection]:
        """The SQL for this session's database, and its connection, with all that was changed."""
        if session.autoflush:
            session.flush()
        connection: Connection | None = session.info.get(_CONNECTION)
        if connection is None:
            connection = session.info[_CONNECTION] = session.connection()
        dialect = connection.dialect
        written = self._written.get(dialect.name)
        if written is None:
            written = self._written[dialect.name] = _Written(
                self._statement, self._columns, dialect
            )
        return written, connection


class _Written:
    """A statement's SQL for one database, and how values and rows are turned for it and back."""

    def __init__(
        self, statement: ClauseElement, columns: Sequence[str] | None, dialect: Dialect
    ) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=columns))
        self.sql = compiled.string
        names = compiled.positiontup if compiled.positional else list(compiled.params)
        binds = {name: compiled.binds[name] for name in names or ()}
        # Values that the statement was built with; all others must be given.
        self._own = {name: bind.value for name, bind in binds.items() if not bind.required}
        self._binds = [
            (name, _impl(binds[name].type, dialect).bind_processor(dialect)) for name in names or ()
        ]
        self.driver_error = dialect.loaded_dbapi.Error
        self._is_positional = compiled.positional
        self._dialect = dialect
        asked = statement.selected_columns if isinstance(statement, SelectBase) else ()
        self._types = [column.type for column in asked]
        self._turns: list[tuple[int, _Turn]] | None = None

    def error(self, error: Exception) -> Exception:
        """The driver's error as every other statement would raise it; it names no values."""
        return DBAPIError.instance(
            self.sql,
            None,
            error,
            self.driver_error,
            hide_parameters=True,
            dialect=self._dialect,
        )

    def bound(self, values: Values) -> Any:
        """The values as the driver takes them; a KeyError names one that is missing."""
        given = {**self._own, **values}
        found = [
            (name, given[name] if turn is None else turn(given[name])) for name, turn in self._binds
        ]
        return [value for _, value in found] if self._is_positional else dict(found)

    def turned(self, rows: Sequence[Any], description: Any) -> Sequence[Sequence[Any]]:
        """The driver's rows as Python's values."""
        if not rows:
            return rows
        if self._turns is None:
            self._turns = self._from_driver([column[1] for column in description])
        if self._turns:
            rows = [list(row) for row in rows]
            for at, turn in self._turns:
                for row in rows:
                    row[at] = turn(row[at])
        return rows

    def _from_driver(self, codes: Sequence[Any]) -> list[tuple[int, _Turn]]:
        turns = [
            _impl(kind, self._dialect).result_processor(self._dialect, code)
            for kind, code in zip(self._types, codes, strict=True)
        ]
        return [(at, turn) for at, turn in enumerate(turns) if turn is not None]


@event.listens_for(Session, "after_transaction_create")
@event.listens_for(Session, "after_transaction_end")
def _let_go(session: Session, _transaction: SessionTransaction) -> None:
    """The next transaction may have another connection.

    A savepoint is only set when the session is asked for its connection inside it.
    """
    session.info.pop(_CONNECTION, None)


def _impl(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)
