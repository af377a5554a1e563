"""Migrations bring each database to the schema of the code, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from tests.servers.postgres import PostgresServer
from worker import store
from worker.app import App
from worker.store import Record, schema

EVERY_ROOM_IS_MAPPED = App


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    if request.param == "sqlite":
        engine = store.make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield engine
        engine.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        engine = store.make_engine(url)
        yield engine
        engine.dispose()


def test_an_upgraded_database_is_what_the_code_maps(empty: Engine) -> None:
    schema.upgrade(empty)

    assert schema.current(empty) == schema.newest()
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Record.metadata) == []


def test_upgrading_again_changes_nothing(empty: Engine) -> None:
    schema.upgrade(empty)
    before = sorted(inspect(empty).get_table_names())
    schema.upgrade(empty)

    assert sorted(inspect(empty).get_table_names()) == before


def test_going_back_leaves_nothing_behind(empty: Engine) -> None:
    schema.upgrade(empty)
    schema.downgrade(empty, "base")

    assert schema.current(empty) is None
    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}
    schema.upgrade(empty)
    assert schema.current(empty) == schema.newest()


def test_a_new_database_says_that_it_has_no_revision(empty: Engine) -> None:
    assert schema.current(empty) is None


def test_every_table_belongs_to_a_business() -> None:
    alone = {
        table.name
        for table in Record.metadata.tables.values()
        if next(iter(table.primary_key.columns)).name != "business"
    }
    assert alone == {"business"}


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    engine = store.make_engine(f"sqlite:///{tmp_path / 'kept.db'}")
    with engine.connect() as connection:
        said = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
