"""The zygote: a small process without threads that warms up once and then forks children.

It is exec'd by `zygote.Zygote` with a clean environment, shuts itself off the network, imports
what its children need and waits for orders on a socket. It never touches a document. When the
socket closes, because the worker ended in whatever way, it ends, and the kernel ends its children.

A child answers one request after another on a socket of its own, until that closes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from worker.adapters import zygote_frames as frames
from worker.adapters import zygote_isolation as isolation
from worker.kernel.errors import PermanentError

ORDER_BYTES = 1 << 16


def main() -> None:
    """Run a zygote: its argument is the socket for orders, its input the plan as JSON."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    plan = json.load(sys.stdin)
    scratch = tempfile.mkdtemp(prefix="tillmail-")
    os.environ["TMPDIR"] = os.environ["XDG_CACHE_HOME"] = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's to answer.
    try:
        _serve(orders, plan)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(0)


def _serve(orders: socket.socket, plan: dict[str, Any]) -> None:
    why = isolation.enter_empty_network()
    _say(orders, {"network_namespace": not why, "why": why})
    sys.path[:0] = plan["import_from"]
    try:
        trade = importlib.import_module(plan["module"])
        trade.warm(plan["warm"])
        _require_one_thread()
    except BaseException:
        _say(orders, {"error": traceback.format_exc()[-3000:]})
        raise
    gc.collect()
    gc.freeze()
    _say(orders, {"ready": True})
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, ORDER_BYTES, 1)
        if not message:
            return
        order = json.loads(message)
        if order["do"] == "fork":
            _say(orders, _fork(orders, descriptors[0], trade, plan))
        else:
            _say(orders, _end(order["pid"]))


def _require_one_thread() -> None:
    """A fork copies one thread and every lock: what others hold would stay locked for ever."""
    with open("/proc/self/status") as file:
        threads = next(line for line in file if line.startswith("Threads:")).split()[1]
    if threads != "1":
        raise RuntimeError(f"This zygote has {threads} threads after its warm-up.")


def _say(orders: socket.socket, message: dict[str, Any]) -> None:
    # The worker that would read this may be gone; the next recv then says so.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        orders.send(json.dumps(message).encode("utf-8"))


def _fork(
    orders: socket.socket, descriptor: int, trade: ModuleType, plan: dict[str, Any]
) -> dict[str, Any]:
    """A child that serves `descriptor`; what it was told apart from the zygote stays with it."""
    try:
        pid = os.fork()
    except OSError as error:
        os.close(descriptor)
        return {"error": str(error)}
    if pid:
        os.close(descriptor)
        return {"pid": pid}
    try:
        isolation.die_with_parent()
        orders.close()
        _work(socket.socket(fileno=descriptor), trade, plan)
    finally:
        os._exit(1)


def _end(pid: int) -> dict[str, Any]:
    """Kill a child with all it has started and say how it had ended, if it had.

    Only this reaps, so a pid is never used again while the worker still names it.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"exit_code": code, "cpu_s": usage.ru_utime + usage.ru_stime}


def _work(channel: socket.socket, trade: ModuleType, plan: dict[str, Any]) -> None:
    """Shut in, then answer until the channel closes."""
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    random.seed()
    isolation.limit(memory_bytes=plan["memory_bytes"], file_bytes=plan["file_bytes"])
    isolation.drop_privileges()
    filtered = isolation.filter_calls(may_start_processes=plan["may_start_processes"])
    frames.send(channel, frames.Frame({"call_filter": filtered}))
    trade.begin(plan["warm"])
    gc.collect()
    gc.freeze()
    while True:
        try:
            request = frames.receive(channel, max_bytes=1 << 40)
        except frames.Broken:
            os._exit(0)
        frames.send(channel, _answer(trade, request))


def _answer(trade: ModuleType, request: frames.Frame) -> frames.Frame:
    """What the trade makes of a request. A fault that it names keeps the child; others end it."""
    try:
        return trade.answer(request)  # type: ignore[no-any-return]
    except PermanentError as error:
        return frames.Frame({"refused": str(error)})
    except MemoryError:
        return frames.Frame({"broken": "it needs more memory than a document may take"})
    except RecursionError:
        return frames.Frame({"broken": "it is nested too deeply"})
    except Exception as error:  # noqa: BLE001 - the last frame before untrusted input.
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return frames.Frame({"broken": f"{type(error).__name__} at {where}"})


if __name__ == "__main__":
    main()
