"""How a server of the tests is started, watched and ended."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_READY_S = 30.0
_STOP_S = 10.0


class MissingServer(Exception):
    """A server that the tests need is not installed; the message says which command installs it."""


def find_program(name: str, *, package: str, places: Sequence[str] = ()) -> Path:
    """The program, from PATH or one of `places` (the last match of a pattern counts)."""
    if found := shutil.which(name):
        return Path(found)
    for place in places:
        for candidate in sorted(Path("/").glob(f"{place.lstrip('/')}/{name}"), reverse=True):
            return candidate
    raise MissingServer(f"{name} is not installed. Install it with: apt-get install -y {package}")


def free_port() -> int:
    """A loopback port nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def server_user() -> pwd.struct_passwd:
    """Who runs the servers: we ourselves, or `nobody` when we are root."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


@contextmanager
def server_directory(name: str) -> Iterator[Path]:
    """A temporary folder with a short path that belongs to the servers' user."""
    directory = Path(tempfile.mkdtemp(prefix=f"tillmail-{name}-"))
    own(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def own(directory: Path) -> None:
    """Give the folder and what is in it to the servers' user."""
    user = server_user()
    for path in (directory, *directory.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)


def start_server(
    command: Sequence[str | Path],
    *,
    log: Path,
    end_with: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Run the command as the servers' user; the kernel ends it when the tests are killed.

    Output goes to a file: Dovecot's children keep standard output open, so that a pipe would never
    reach its end.
    """
    words = ["setpriv", f"--pdeathsig={end_with.name.removeprefix('SIG')}"]
    if os.getuid() == 0:
        user = server_user()
        words += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*words, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            start_new_session=True,
        )


def stop_server(
    process: subprocess.Popen[bytes], *, with_signal: signal.Signals = signal.SIGTERM
) -> None:
    """End the server and return when it and what it started have gone."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def await_ready(
    process: subprocess.Popen[bytes], is_ready: Callable[[], bool], *, log: Path
) -> None:
    """Return when the server answers; raises with its log when it ends or takes too long."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        if is_ready():
            return
        time.sleep(0.02)
    stop_server(process)
    raise RuntimeError(
        f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}"
    )


def says(port: int, greeting: bytes) -> bool:
    """Whether a server on the loopback port opens with these bytes."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(len(greeting)) == greeting
    except OSError:
        return False
