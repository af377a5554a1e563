"""The servers of the tests are real, apart from each other, and say when they are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from playwright.sync_api import Browser

from tests.servers.postgres import PostgresServer
from tests.servers.processes import MissingServer, find_program
from tests.servers.redis import running_redis


def test_each_database_starts_from_its_template_and_is_its_own(
    postgres_server: PostgresServer,
) -> None:
    def build(url: str) -> None:
        with _connect(url) as connection:
            connection.execute("CREATE TABLE notes (text text)")

    for _ in range(2):
        template = postgres_server.add_template("with_notes", build)
        with (
            postgres_server.database(template=template) as url,
            _connect(url) as connection,
        ):
            assert connection.execute("SELECT count(*) FROM notes").fetchone() == (0,)
            connection.execute("INSERT INTO notes VALUES ('mine')")


def test_redis_forgets_and_comes_back_on_demand() -> None:
    with running_redis() as server, redis.from_url(server.url) as client:
        client.set("message", "kept")
        server.stop()
        server.start()
        assert client.get("message") == b"kept"
        server.empty()
        assert client.dbsize() == 0


def test_the_browser_shows_a_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>Pay 12.00 EUR</h1>")

    assert page.get_by_role("heading").text_content() == "Pay 12.00 EUR"
    page.close()


def test_a_missing_server_names_the_command_that_installs_it() -> None:
    with pytest.raises(MissingServer, match="apt-get install -y some-package"):
        find_program("no-such-server", package="some-package")


def test_a_server_goes_when_the_tests_are_killed() -> None:
    program = (
        "import time\n"
        "from tests.servers.redis import running_redis\n"
        "with running_redis() as server:\n"
        "    print(server._process.pid, server.directory, flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as tests:
        assert tests.stdout
        pid, directory = tests.stdout.readline().split()
        server = psutil.Process(int(pid))
        tests.kill()
    gone, _ = psutil.wait_procs([server], timeout=10)
    subprocess.run(["rm", "-rf", directory], check=True)

    assert gone or server.status() == psutil.STATUS_ZOMBIE


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
