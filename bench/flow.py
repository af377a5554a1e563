"""One invoice through the whole house: processor time, commits, invoices a minute, memory.

    python -m bench.flow [--json] [--invoices 500]

Real processes on embedded storage (SQLite with synchronous=FULL) hand every email to a real SMTP
server. After a few invoices to warm up, all mails are dropped at once, so the figure is what the
machine can do. The SMTP server and this program share the machine's cores.
"""

from __future__ import annotations

import argparse
import json
import mailbox
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import event

from bench.receiver import Receiver, receiving
from tests.flows.house import BUSINESS, PROCESSES, House, running_house
from tests.flows.papers import Paper, forward
from tests.servers.processes import free_port
from worker import intake
from worker.actors import Carrier
from worker.actors.businesses import publish
from worker.app import App
from worker.store.outbox import Slip

# What a press zygote and its children are called in the list of processes.
PRESS = "worker.adapters.press_child"
WARM_UP = 12
MEMORY_EVERY = 25
TARGETS = {
    "outside_press_cpu_ms": 35.0,
    "commits_per_invoice": 8.0,
    "invoices_per_minute": 1000.0,
    "memory_growth": 1.1,
}
_SETTINGS = (
    'trial = true\n[outbox]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\n'
)


def measure(*, invoices: int = 500, commit_sample: int = 20) -> dict[str, Any]:
    """All figures of this file, and what was promised."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _throughput(Path(folder) / "house", invoices)
        figures["commits_per_invoice"] = _commits(Path(folder) / "single", commit_sample)
        figures["disk_commits_per_s"] = _disk_commits(Path(folder))
    met = {
        "outside_press_cpu_ms": figures["outside_press_cpu_ms"] <= TARGETS["outside_press_cpu_ms"],
        "commits_per_invoice": figures["commits_per_invoice"] <= TARGETS["commits_per_invoice"],
        "invoices_per_minute": figures["invoices_per_minute"] >= TARGETS["invoices_per_minute"],
        "memory_growth": figures["memory_growth"] <= TARGETS["memory_growth"],
    }
    return {"figures": figures, "targets": TARGETS, "met": met}


def _throughput(home: Path, invoices: int) -> dict[str, Any]:
    with receiving() as receiver, _house(home, receiver, only=PROCESSES) as house:
        _drop(home, WARM_UP, first=100_000)
        receiver.await_messages(WARM_UP, timeout_s=120)
        meter = _Meter(house)
        _drop(home, invoices)
        began = time.monotonic()
        while receiver.accepted < WARM_UP + invoices:
            time.sleep(0.1)
            meter.sample(receiver.accepted)
        took_s = time.monotonic() - began
        return meter.figures(invoices) | {
            "invoices_per_minute": round(invoices / took_s * 60),
            "invoices": invoices,
        }


class _Meter:
    """Processor time and memory of the house's processes, the press apart."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._memory: list[tuple[int, int]] = []
        self._press_s, self._rest_s = self._spent()

    def sample(self, done: int) -> None:
        """Note the memory of all processes now that so many invoices are done.

        The kernel adds up every page for that, so it is asked only every few dozen invoices.
        """
        if self._memory and done - self._memory[-1][0] < MEMORY_EVERY:
            return
        pss = 0
        for process, _ in self._processes():
            try:
                pss += process.memory_full_info().pss
            except psutil.Error:
                continue
        self._memory.append((done, pss))

    def figures(self, done: int) -> dict[str, Any]:
        """What was spent since, per invoice."""
        press_s, rest_s = self._spent()
        early = [pss for count, pss in self._memory if 100 <= count <= 200]
        late = [pss for count, pss in self._memory if count >= 0.9 * self._memory[-1][0]]
        growth = (sum(late) / len(late)) / (sum(early) / len(early)) if early and late else 0.0
        return {
            "press_cpu_ms": round((press_s - self._press_s) / done * 1000, 1),
            "outside_press_cpu_ms": round((rest_s - self._rest_s) / done * 1000, 1),
            "memory_mb": round(max(pss for _, pss in self._memory) / 1e6),
            "memory_growth": round(growth, 3),
        }

    def _spent(self) -> tuple[float, float]:
        press_s = rest_s = 0.0
        for process, is_press in self._processes():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            own = times.user + times.system
            if is_press:
                press_s += own + times.children_user + times.children_system
            else:
                rest_s += own
        return press_s, rest_s

    def _processes(self) -> Iterator[tuple[psutil.Process, bool]]:
        me = psutil.Process()
        for process in me.children(recursive=True):
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            yield process, line[-1:] == [PRESS]


def _commits(home: Path, invoices: int) -> float:
    """Write transactions per invoice, from its mail to the server's acceptance, in one process."""
    with receiving() as receiver, _house(home, receiver, only=()) as house:
        app = house.app
        app.start_children(reader=True, press=True)
        publish(app, BUSINESS)
        slips: list[Slip] = []
        carrier = Carrier(app, calls=1)
        app.hand_out = slips.extend
        commits = _count_commits(app)
        _drop(home, invoices)
        rules = app.rules(BUSINESS).mailboxes[0]
        box = app.mailbox(BUSINESS, rules)
        while arrivals := list(box.arrivals(limit=invoices)):
            for arrival in arrivals:
                with app.transaction() as session:
                    intake.receive(session, BUSINESS, rules.name, arrival, at=app.now())
                box.file(arrival.spot, rules.processed)
        while slips:
            carrier.run(slips.pop(0))
        receiver.await_messages(invoices, timeout_s=5)
        return round(commits[0] / invoices, 2)


def _count_commits(app: App) -> list[int]:
    count = [0]

    @event.listens_for(app.engine, "commit")
    def committed(connection: Any) -> None:
        if not connection.get_execution_options().get("reads_only"):
            count[0] += 1

    return count


def _disk_commits(folder: Path) -> int:
    """How many one-row transactions a second this disk can promise to keep."""
    disk = sqlite3.connect(folder / "disk.db", isolation_level=None)
    disk.execute("PRAGMA journal_mode=WAL")
    disk.execute("PRAGMA synchronous=FULL")
    disk.execute("CREATE TABLE row (n INTEGER)")
    began, count = time.monotonic(), 0
    while time.monotonic() - began < 2.0:
        disk.execute("INSERT INTO row VALUES (1)")
        count += 1
    disk.close()
    return round(count / (time.monotonic() - began))


@contextmanager
def _house(home: Path, receiver: Receiver, *, only: tuple[str, ...]) -> Iterator[House]:
    (home / "config").mkdir(parents=True)
    (home / "config" / "tillmail.toml").write_text(_SETTINGS.format(port=receiver.port))
    with running_house(home, free_port(), {}, processes=only) as house:
        yield house


def _drop(home: Path, count: int, *, first: int = 0) -> None:
    box = mailbox.Maildir(home / "var" / "mailbox", create=True)
    for number in range(first, first + count):
        box.add(forward(Paper(number=f"B-{number:05d}")).raw())


def main() -> None:
    """Print the figures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--json", action="store_true")
    given.add_argument("--invoices", type=int, default=500)
    chosen = given.parse_args()
    result = measure(invoices=chosen.invoices)
    if chosen.json:
        print(json.dumps(result, indent=2))
        return
    for name, figure in result["figures"].items():
        target = result["targets"].get(name)
        verdict = (
            ""
            if target is None
            else f"  (target {target:g}: {'met' if result['met'][name] else 'missed'})"
        )
        print(f"{name:>24}  {figure}{verdict}")


if __name__ == "__main__":
    main()
