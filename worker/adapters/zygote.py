"""The worker's side of a zygote: a pool of children that take one document at a time.

`Pool.call` may be used from any thread. Limits hold per document: the watchdog is the calling
thread itself, which looks at clock and processor while it waits. A child that is too slow, too
big, too talkative or dead is ended, its document is refused for good (PermanentError), and the
next call gets a fresh child.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Self, cast

from worker.adapters import zygote_frames as frames
from worker.adapters.zygote_isolation import Isolation
from worker.adapters.zygote_process import ORDER_BYTES
from worker.kernel.errors import PermanentError, TransientError

_MIB = 1 << 20
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_WARM_UP_S = 60.0
# glibc gives each thread an arena of 64 MiB of address space, which the limit would count.
_CLEAN_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OMP_THREAD_LIMIT": "1",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may take. Wall time is generous, since a busy machine is no fault of it."""

    wall_s: float = 60.0
    cpu_s: float = 20.0
    memory_bytes: int = 512 * _MIB
    output_bytes: int = 64 * _MIB
    file_bytes: int = 64 * _MIB
    documents_per_child: int = 500


@dataclass(frozen=True, slots=True)
class Trade:
    """What a zygote's children do: a module of three functions.

    `warm(facts)` runs in the zygote and must leave no thread; `begin(facts)` runs once in each
    child; `answer(frame) -> frame` takes one document.
    """

    name: str
    module: str
    warm: dict[str, Any] = field(default_factory=dict)
    may_start_processes: bool = False
    import_from: tuple[str, ...] = ()


class _Zygote:
    """One zygote process and the socket that gives it orders. Not for two threads at once."""

    def __init__(self, trade: Trade, limits: Limits) -> None:
        self._trade = trade
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        plan = {
            "module": trade.module,
            "import_from": list(trade.import_from),
            "warm": trade.warm,
            "may_start_processes": trade.may_start_processes,
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.file_bytes,
        }
        with theirs:
            self.process = _start(plan, theirs)
        self._orders.settimeout(_WARM_UP_S)
        self._facts: dict[str, Any] | None = None
        self._is_ready = False

    @property
    def facts(self) -> dict[str, Any]:
        """What it said of its isolation, first thing."""
        if self._facts is None:
            self._facts = self._hear()
        return self._facts

    def wait_until_ready(self) -> None:
        """Return once it is warm; a template or module at fault raises PermanentError."""
        if not self._is_ready:
            _ = self.facts
            self._hear()
            self._is_ready = True

    def fork(self) -> _Child:
        """A fresh child."""
        self.wait_until_ready()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._orders, [b'{"do":"fork"}'], [theirs.fileno()])
                child = _Child(zygote=self, pid=self._hear()["pid"], channel=ours)
                greeting = frames.receive(ours, max_bytes=1 << 16)
                child.call_filter = bool(greeting.head["call_filter"])
                return child
            except (OSError, frames.Broken, KeyError) as error:
                ours.close()
                raise TransientError(f"No {self._trade.name} child could be had.") from error

    def end(self, child: _Child) -> int:
        """Kill the child and whatever it started; how it had ended, as Popen.returncode."""
        child.channel.close()
        try:
            self._orders.send(json.dumps({"do": "end", "pid": child.pid}).encode("ascii"))
        except OSError as error:
            raise TransientError(f"The {self._trade.name} zygote has ended.") from error
        return int(self._hear()["exit_code"])

    def close(self) -> None:
        """Close the socket, which ends it and its children, and wait for that."""
        self._orders.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _hear(self) -> dict[str, Any]:
        try:
            message = self._orders.recv(ORDER_BYTES)
        except OSError as error:
            raise TransientError(f"The {self._trade.name} zygote does not answer.") from error
        if not message:
            raise TransientError(f"The {self._trade.name} zygote has ended.")
        said: dict[str, Any] = json.loads(message)
        if "error" in said:
            raise TransientError(f"The {self._trade.name} zygote failed: {said['error']}")
        return said


_PROGRAM = "worker.adapters.zygote_process"


def _start(plan: dict[str, Any], orders: socket.socket) -> subprocess.Popen[bytes]:
    """Exec the zygote with one socket of ours and none of our environment."""
    process = subprocess.Popen(
        # The trade's name is for whoever looks at the list of processes.
        [sys.executable, "-I", "-m", _PROGRAM, str(orders.fileno()), str(plan["module"])],
        pass_fds=[orders.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=_CLEAN_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    with suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as plan_pipe:
        plan_pipe.write(json.dumps(plan).encode("utf-8"))
    return process


@dataclass(slots=True, eq=False)
class _Child:
    zygote: _Zygote
    pid: int
    channel: socket.socket
    documents: int = 0
    call_filter: bool = False
    is_ended: bool = False
    exit_code: int | None = None

    @property
    def cpu_s(self) -> float:
        """Processor seconds so far, of the child and of what it started and waited for."""
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S

    @property
    def is_gone(self) -> bool:
        """Whether it has ended while idle: its end of the socket is closed."""
        self.channel.settimeout(0)
        try:
            return self.channel.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


class Pool:
    """Children of one trade. `start` before the process has threads; `close` when it ends.

    `isolation` tells what the children are shut in by: the caller decides whether that is enough.
    """

    def __init__(self, trade: Trade, *, size: int, limits: Limits) -> None:
        self.trade, self.size, self.limits = trade, size, limits
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._is_closed = False
        # Last in, first out: a warm child rather than a cold one, and no more than are needed.
        self._places: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._places.put(None)

    def start(self) -> None:
        """Exec the zygote and come back at once; it warms up meanwhile."""
        with self._lock:
            self._living_zygote()

    def wait_until_ready(self) -> None:
        """Return once every child has been forked; they go on warming up by themselves."""
        children = [self._borrow() for _ in range(self.size)]
        for child in children:
            self._places.put(child)

    @property
    def isolation(self) -> Isolation:
        """What was measured in the zygote and in a child of it."""
        child = self._borrow()
        try:
            facts, is_filtered = child.zygote.facts, child.call_filter
        finally:
            self._places.put(child)
        reasons = [facts["why"]] if facts["why"] else []
        reasons += [] if is_filtered else ["the kernel took no system call filter"]
        return Isolation(facts["network_namespace"], is_filtered, "; ".join(reasons))

    @property
    def zygote_pid(self) -> int:
        """The zygote's process id, for `doctor`."""
        with self._lock:
            return self._living_zygote().process.pid

    def call(self, request: frames.Frame) -> frames.Frame:
        """A child's answer to a request about one document.

        Raises PermanentError when the document is at fault or too much for a child, and
        TransientError when no child could be had or somebody else killed it.
        """
        child = self._borrow()
        is_sound = False
        try:
            answer = self._ask(child, request)
            is_sound = child.documents < self.limits.documents_per_child
        finally:
            if is_sound:
                self._places.put(child)
            else:
                self._retire(child)
                self._places.put(None)
        if "refused" in answer.head:
            raise PermanentError(str(answer.head["refused"]))
        return answer

    def close(self) -> None:
        """End the zygote and every child."""
        with self._lock:
            self._is_closed = True
            zygote, self._zygote = self._zygote, None
            while not self._places.empty():
                if child := self._places.get():
                    child.channel.close()
            if zygote:
                zygote.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _borrow(self) -> _Child:
        """A living child, for this thread alone."""
        if self._is_closed:
            raise TransientError(f"The {self.trade.name} pool is closed.")
        try:
            child = self._places.get(timeout=2 * self.limits.wall_s)
        except queue.Empty:
            raise TransientError(f"Every {self.trade.name} child is busy.") from None
        try:
            if child and child.is_gone:
                self._retire(child)
                child = None
            return child or self._fresh_child()
        except BaseException:
            self._places.put(None)
            raise

    def _fresh_child(self) -> _Child:
        with self._lock:
            return self._living_zygote().fork()

    def _living_zygote(self) -> _Zygote:
        if self._is_closed:
            raise TransientError(f"The {self.trade.name} pool is closed.")
        if self._zygote and self._zygote.process.poll() is not None:
            self._zygote.close()
            self._zygote = None
        if self._zygote is None:
            self._zygote = _Zygote(self.trade, self.limits)
        return self._zygote

    def _retire(self, child: _Child) -> None:
        """End a child, once; no exit code is left when its zygote is gone, and it with that."""
        with self._lock:
            if not child.is_ended:
                child.is_ended = True
                with suppress(TransientError):
                    child.exit_code = child.zygote.end(child)

    def _ask(self, child: _Child, request: frames.Frame) -> frames.Frame:
        child.documents += 1
        watchdog = _Watchdog(child, self.limits)
        try:
            frames.send(child.channel, request, deadline=watchdog.deadline)
            answer = frames.receive(
                child.channel, max_bytes=self.limits.output_bytes, on_pause=watchdog.look
            )
        except (frames.Flooded, frames.Overdue) as error:
            raise self._too_much(str(error)) from error
        except frames.Broken as error:
            raise self._died(child) from error
        if "broken" in answer.head:
            raise self._too_much(str(answer.head["broken"]))
        return answer

    def _too_much(self, what: str) -> PermanentError:
        return PermanentError(f"Set aside: the {self.trade.name} child was ended. {what}")

    def _died(self, child: _Child) -> PermanentError | TransientError:
        """Which family a death belongs to: a document crashes a child, but SIGKILL is not its."""
        self._retire(child)
        exit_code = child.exit_code
        if exit_code is None or exit_code == -signal.SIGKILL:
            return TransientError(f"The {self.trade.name} child was killed by somebody else.")
        how = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
        return self._too_much(f"It had ended itself with {how}.")


class _Watchdog:
    """Looks at the clock at every pause, and about once a second at the child's processor time."""

    def __init__(self, child: _Child, limits: Limits) -> None:
        self._child, self._limits = child, limits
        self._cpu_s_before = child.cpu_s
        self._next_look = time.monotonic() + 1.0
        self.deadline = time.monotonic() + limits.wall_s

    def look(self) -> None:
        now = time.monotonic()
        if now > self.deadline:
            raise frames.Overdue(f"It took longer than {self._limits.wall_s:g} s.")
        if now < self._next_look:
            return
        self._next_look = now + 1.0
        if self._child.cpu_s - self._cpu_s_before > self._limits.cpu_s:
            raise frames.Overdue(f"It took more than {self._limits.cpu_s:g} s of processor time.")
