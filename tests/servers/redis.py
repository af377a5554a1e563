"""A real Redis server for tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.processes import (
    await_ready,
    find_program,
    free_port,
    server_directory,
    start_server,
    stop_server,
)


@dataclass
class RedisServer:
    """One Redis on a loopback port; can be stopped, killed and started again in a test."""

    directory: Path
    port: int = field(default_factory=free_port)
    _process: Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `redis.from_url` takes."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, with what it had written to disk."""
        program = find_program("redis-server", package="redis-server")
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)]
        options += ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
        log = self.directory / "redis.log"
        self._process = start_server([program, *options], log=log)
        await_ready(self._process, self._answers, log=log)

    def stop(self, *, with_signal: signal.Signals = signal.SIGTERM) -> None:
        """End it; SIGKILL is a crash."""
        if self._process:
            stop_server(self._process, with_signal=with_signal)
        self._process = None

    def empty(self) -> None:
        """Forget everything, as a lost Redis does."""
        with redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        try:
            with redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A fresh server, gone at the end."""
    with server_directory("redis") as directory:
        server = RedisServer(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
