"""What every test may ask for: real servers, started when first asked for, one set per process."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.servers.chromium import running_chromium
from tests.servers.dovecot import DovecotServer, running_dovecot
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.redis import RedisServer, running_redis
from tests.servers.smtp import SmtpServer, running_smtp

_CORPORA = Path(__file__).parents[2] / "shared" / "corpora"

collect_ignore = [] if _CORPORA.is_dir() else ["corpora"]


def pytest_report_header() -> str:
    if _CORPORA.is_dir():
        return "corpora: found, tests/corpora is collected"
    return "corpora: not found beside the project, tests/corpora is left out"


def _stay_on_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """No test reaches the network. An audit hook sees every connection of this process."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple):
        return  # A unix socket.
    if os.environ.get("TILLMAIL_TEST_STRIPE_KEY") and address[1] == 443:
        return  # Stripe's test mode, which whoever set the key asked for.
    host = str(address[0]).partition("%")[0]
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise RuntimeError(f"A test tried to connect to {address}; only loopback is allowed.")


sys.addaudithook(_stay_on_loopback)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this test process; `empty()` it where a test must start clean."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL cluster of this test process; `database()` gives a fresh one."""
    with running_postgres() as server:
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
