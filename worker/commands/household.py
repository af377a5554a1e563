"""All processes on one machine: the queue server, and one child for each line of the Procfile.

A child that dies is started again; all end when this process ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.kernel.errors import PermanentError

STOP_S = 20.0
RESTART_PAUSE_S = 1.0
# Runs first in the child: the kernel ends it when this process is gone, however that went.
_TIE = (
    "import ctypes,os,sys;ctypes.CDLL(None).prctl(1,15);"
    "os.getppid()==int(sys.argv[1]) or sys.exit(1);os.execv(sys.argv[2],sys.argv[2:])"
)


@dataclass(slots=True)
class Member:
    """One process of the household."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    ended_at: float | None = None


@dataclass(slots=True)
class Household:
    """Processes that live and end together. `log_folder` gets one file for each."""

    environment: Mapping[str, str]
    log_folder: Path
    members: dict[str, Member] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start `python ARGUMENTS` as a member; its output goes to its log."""
        member = Member(name, [sys.executable, *arguments])
        self.members[name] = member
        self._launch(member)

    def watch(self) -> None:
        """Start again what has died; call it now and then."""
        for member in self.members.values():
            if member.process is None or member.process.poll() is None:
                continue
            member.ended_at = member.ended_at or time.monotonic()
            if time.monotonic() - member.ended_at >= RESTART_PAUSE_S:
                member.restarts += 1
                self._launch(member)

    def kill(self, name: str) -> None:
        """End a member at once, as a power cut would; `watch` brings it back."""
        process = self.members[name].process
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End everybody, gently at first."""
        running = [m.process for m in self.members.values() if m.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.members.clear()

    def last_words(self, name: str, *, lines: int = 8) -> str:
        """The end of a member's log."""
        text = (self.log_folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def require(self, name: str) -> None:
        """Raises PermanentError with its last words when a member has died."""
        member = self.members[name]
        if member.process is not None and member.process.poll() not in (None, 0):
            raise PermanentError(f"{name} ended at once:\n{self.last_words(name)}")

    def _launch(self, member: Member) -> None:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        with (self.log_folder / f"{member.name}.log").open("ab") as log:
            member.process = subprocess.Popen(
                [sys.executable, "-c", _TIE, str(os.getpid()), *member.command],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        member.ended_at = None


def tillmail(*arguments: str) -> list[str]:
    """What runs `tillmail ARGUMENTS` with this Python."""
    return ["-m", "worker", *arguments]
