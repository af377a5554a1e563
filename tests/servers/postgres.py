"""A real PostgreSQL server for tests: one cluster, a fresh database for each test."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import psycopg
from psycopg import sql

from tests.servers.processes import (
    await_ready,
    find_program,
    free_port,
    server_directory,
    start_server,
    stop_server,
)

_PLACES = ("/usr/lib/postgresql/*/bin",)


@dataclass
class PostgresServer:
    """One cluster on a loopback port; can be crashed and started again in a test."""

    directory: Path
    fsync: bool = True
    port: int = field(default_factory=free_port)
    _process: Popen[bytes] | None = None
    _templates: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """What SQLAlchemy's `create_engine` takes."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, with a new cluster the first time."""
        if not (self.directory / "data").exists():
            self._make_cluster()
        log = self.directory / "postgres.log"
        program = _program("postgres")
        options = ["-D", str(self.directory / "data"), "-p", str(self.port)]
        options += ["-c", f"fsync={'on' if self.fsync else 'off'}"]
        # SIGINT ends sessions at once; SIGTERM would wait for clients that the tests left open.
        self._process = start_server([program, *options], log=log, end_with=signal.SIGINT)
        await_ready(self._process, self._answers, log=log)

    def stop(self, *, with_signal: signal.Signals = signal.SIGINT) -> None:
        """End it; SIGQUIT is a crash that takes every session with it."""
        if self._process:
            stop_server(self._process, with_signal=with_signal)
        self._process = None

    def add_template(self, name: str, build: Callable[[str], None]) -> str:
        """A database filled once by `build(url)`, to make copies of; later calls do nothing.

        `build` must close its connections: PostgreSQL copies only what nobody uses.
        """
        if name not in self._templates:
            self._run("CREATE DATABASE {}", name)
            build(self.url(name))
            self._templates.add(name)
        return name

    @contextmanager
    def database(self, *, template: str = "template0") -> Iterator[str]:
        """The URL of a fresh database, a copy of `template`; dropped at the end."""
        name = f"test_{next(self._numbers)}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield self.url(name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        address = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"
        return psycopg.connect(address, autocommit=True)

    def _answers(self) -> bool:
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _make_cluster(self) -> None:
        log = self.directory / "initdb.log"
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        options += ["--no-sync", "--no-instructions", "-D", str(self.directory / "data")]
        process = start_server([_program("initdb"), *options], log=log)
        if process.wait() != 0:
            raise RuntimeError(f"initdb failed:\n{log.read_text(errors='replace')}")
        settings = self.directory / "data" / "postgresql.conf"
        with settings.open("a") as file:
            file.write("listen_addresses = '127.0.0.1'\nmax_connections = 60\n")
            file.write(f"unix_socket_directories = '{self.directory}'\n")


def _program(name: str) -> Path:
    # The real path: a link in /usr/local/bin hides the libraries beside the program.
    return find_program(name, package="postgresql", places=_PLACES).resolve()


@contextmanager
def running_postgres(*, fsync: bool = True) -> Iterator[PostgresServer]:
    """A fresh cluster, gone at the end."""
    with server_directory("postgres") as directory:
        server = PostgresServer(directory, fsync=fsync)
        server.start()
        try:
            yield server
        finally:
            server.stop()
