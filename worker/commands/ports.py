"""Ports on this machine: finding a free one, and waiting until something listens."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from worker.kernel.errors import TransientError

_LOOPBACK = "127.0.0.1"


def free_port(wanted: int) -> int:
    """The wanted port when it is free, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((_LOOPBACK, port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    raise TransientError("No port is free on this machine.")


def wait_until_up(port: int, *, limit_s: float, still: Callable[[], None]) -> None:
    """Return once something listens; `still` raises when there is nothing to wait for."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        still()
        with socket.socket() as trial:
            trial.settimeout(1.0)
            if trial.connect_ex((_LOOPBACK, port)) == 0:
                return
        time.sleep(0.05)
    raise TransientError(f"Nothing listens on port {port} after {limit_s:.0f} s.")
