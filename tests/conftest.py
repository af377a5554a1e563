"""What every test may ask for: real servers, started when first asked for, one set per process."""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests import books
from tests.servers.chromium import running_chromium
from tests.servers.dovecot import DovecotServer, running_dovecot
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.redis import RedisServer, running_redis
from tests.servers.smtp import SmtpServer, running_smtp
from worker import store
from worker.commands.starting import collect_seldom

# Collecting makes millions of objects, all of which stay.
gc.disable()

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2 << 30


def _write_to_memory() -> None:
    """Nothing that a test writes outlives it, so no test waits for a disk where it need not."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    if shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


_write_to_memory()

# A busy machine makes an example slow, not wrong.
settings.register_profile("tillmail", deadline=None, database=None, max_examples=40)
settings.load_profile("tillmail")

_CORPORA = Path(__file__).parents[2] / "shared" / "corpora"

collect_ignore = [] if _CORPORA.is_dir() else ["corpora"]


def pytest_report_header() -> str:
    if _CORPORA.is_dir():
        return "corpora: found, tests/corpora is collected"
    return "corpora: not found beside the project, tests/corpora is left out"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, each of which one process has to itself: all end together."""
    items.sort(key=lambda item: item.path.parent.name not in ("flows", "web"))


def pytest_collection_finish() -> None:
    """From here on garbage is looked for as in a worker, and no more among the tests themselves."""
    gc.enable()
    collect_seldom()


def _stay_on_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """No test reaches the network. An audit hook sees every connection of this process."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple):
        return  # A unix socket.
    if os.environ.get("TILLMAIL_TEST_STRIPE_KEY") and address[1] == 443:
        return  # Stripe's test mode, which whoever set the key asked for.
    if not _is_loopback(str(address[0])):
        raise RuntimeError(f"A test tried to connect to {address}; only loopback is allowed.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


sys.addaudithook(_stay_on_loopback)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this test process; `empty()` it where a test must start clean."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL cluster of this test process; `database()` gives a fresh one."""
    with running_postgres(fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot() -> Iterator[DovecotServer]:
    """A Dovecot of this test process; `add_account()` gives an empty mailbox."""
    with running_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium of this test process; open a context for each test and close it."""
    with running_chromium() as running:
        yield running


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A fresh SMTP receiver for one test."""
    with running_smtp() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database at the newest revision, to make copies of."""
    file = tmp_path_factory.mktemp("books") / "template.db"
    books.build(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_books(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """Fresh books in a SQLite file."""
    with books.lent(books.copy_of(migrated_file, tmp_path)) as engine:
        yield engine


@pytest.fixture
def postgres_books(postgres_server: PostgresServer) -> Iterator[Engine]:
    """Fresh books in a PostgreSQL database."""
    template = postgres_server.add_template("books", books.build)
    with postgres_server.database(template=template) as url, books.opened(url) as engine:
        yield engine


@pytest.fixture(params=["sqlite", "postgres"])
def each_books(request: pytest.FixtureRequest) -> Engine:
    """Fresh books, once in each database."""
    engine: Engine = request.getfixturevalue(f"{request.param}_books")
    return engine


@pytest.fixture
def session(sqlite_books: Engine) -> Iterator[Session]:
    """One transaction in fresh books."""
    with store.transaction(sqlite_books) as session:
        yield session
