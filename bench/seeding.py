"""Many stored invoices, fast: rows of customers, invoices and their postings by COPY.

Keys that point elsewhere are not checked while the rows go in, and none of them is wrong: they are
made here. Afterwards those tables are analyzed, as PostgreSQL does by itself within a minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from psycopg import Connection, Cursor, sql
from sqlalchemy import Engine, text

from tests.books import ACME, AT

TOTAL_MINOR = 11_900
_ROWS_AT_ONCE = 5_000
_TABLES: dict[str, tuple[str, ...]] = {
    "customer": ("business", "id", "name", "name_key", "added_at", "added_by", "pay_links"),
    "invoice": (
        *("business", "id", "number", "number_key", "version", "doc_type", "currency"),
        *("total_minor", "issue_on", "due_on", "reading", "fingerprint", "mail_id"),
        *("customer_id", "pay_link", "received_at", "issued_at"),
    ),
    "ledger_entry": ("business", "id", "source", "currency", "posted_at"),
    "ledger_posting": (
        *("business", "entry_id", "position", "account", "currency", "amount_minor"),
        *("customer_id", "item_id"),
    ),
}


def store_invoices(engine: Engine, count: int, *, customers: int, total: int = TOTAL_MINOR) -> None:
    """So many open invoices `R-0`, `R-1`, … of customers `cus_0`, `cus_1`, … who take turns."""
    with engine.connect() as pooled:
        connection = cast(Connection[Any], pooled.connection.driver_connection)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("SET LOCAL statement_timeout = 0")
            _copy(cursor, "customer", customers, _customer)
            _copy(cursor, "invoice", count, lambda n: _invoice(n, customers, total + n % 7))
            _copy(cursor, "ledger_entry", count, _entry)
            _copy(cursor, "ledger_posting", count, lambda n: _legs(n, customers, total + n % 7))
        connection.commit()
    analyze(engine, *_TABLES)


def analyze(engine: Engine, *tables: str) -> None:
    """Let the planner know what is in these tables; nothing is left to be written back later."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM (ANALYZE) {', '.join(tables)}"))
        connection.execute(text("CHECKPOINT"))


def _copy(cursor: Cursor[Any], table: str, count: int, rows: Callable[[int], str]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, _TABLES[table]))
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    with cursor.copy(command) as copy:
        for first in range(0, count, _ROWS_AT_ONCE):
            copy.write("".join(map(rows, range(first, min(first + _ROWS_AT_ONCE, count)))))


def _customer(n: int) -> str:
    return _line(ACME, f"cus_{n}", f"Zoo {n}", f"zoo {n}", AT, "bench", "t")


def _invoice(n: int, customers: int, minor: int) -> str:
    number, day = f"R-{n}", AT.date()
    reading = json.dumps({"number": number, "contract": None})
    return _line(
        *(ACME, f"inv_{n:08}", number, number, 1, "invoice", "EUR", minor, day, day, reading),
        *(n, "mail_bench", f"cus_{n % customers}", "t", AT, AT),
    )


def _entry(n: int) -> str:
    return _line(ACME, f"ent_{n}", f"invoice-issued:inv_{n:08}", "EUR", AT)


def _legs(n: int, customers: int, minor: int) -> str:
    about = (f"cus_{n % customers}", f"inv_{n:08}")
    return _line(ACME, f"ent_{n}", 1, "receivable", "EUR", minor, *about) + _line(
        ACME, f"ent_{n}", 2, "invoiced", "EUR", -minor, *about
    )


def _line(*values: object) -> str:
    return "\t".join(map(str, values)) + "\n"
