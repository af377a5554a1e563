"""What a document may do to its child, and what it may not do to anything else.

RELIABILITY.md: fault rows 10 and 11, hostile input before row 30, target T6.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from worker.adapters.zygote import Limits, Pool, Trade
from worker.adapters.zygote_frames import Frame
from worker.kernel.errors import PermanentError, TransientError

ROOT = str(Path(__file__).parents[2])
LIMITS = Limits(wall_s=4.0, cpu_s=0.5, memory_bytes=256 << 20, output_bytes=8 << 20)
HOSTILE = Trade(
    "test", "tests.adapters.hostile_child", {"word": "warm"}, import_from=(ROOT,)
)  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(HOSTILE, size=2, limits=LIMITS)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def pool_with_processes() -> Iterator[Pool]:
    trade = Trade("test", HOSTILE.module, import_from=(ROOT,), may_start_processes=True)
    pool = Pool(trade, size=1, limits=Limits(wall_s=1.0, memory_bytes=256 << 20))
    yield pool
    pool.close()


def ask(pool: Pool, op: str, *blobs: bytes, **more: object) -> Frame:
    return pool.call(Frame({"op": op, **more}, blobs))


def works(pool: Pool) -> bool:
    return bool(ask(pool, "echo", say="hello").head["said"] == "hello")


def test_bytes_come_back_as_they_went(pool: Pool) -> None:
    blobs = (b"", bytes(range(256)) * 20_000, b"\0")
    assert ask(pool, "echo", *blobs).blobs == blobs


@pytest.mark.parametrize(
    ("op", "why"),
    [
        ("hang", "longer than 4 s"),
        ("spin", "processor time"),
        ("crash", "SIGSEGV"),
        ("leave", "exit code 0"),
        ("eat", "more memory"),
        ("flood", "8388608 are allowed"),
        ("babble", "are allowed"),
        ("nest", "exit code 1"),
        ("raise", "ZeroDivisionError at hostile_child.py"),
    ],
)
def test_what_a_document_does_to_its_child_sets_it_aside_and_the_next_one_works(
    pool: Pool, op: str, why: str
) -> None:
    began = time.monotonic()
    with pytest.raises(PermanentError, match=why):
        ask(pool, op)
    assert time.monotonic() - began < LIMITS.wall_s + 2
    assert works(pool)


def test_a_fault_that_the_trade_names_keeps_the_child(pool: Pool) -> None:
    before = ask(pool, "echo").head["pid"]
    with pytest.raises(PermanentError, match="a reason that the trade names"):
        ask(pool, "refuse")
    assert ask(pool, "echo").head["pid"] == before


def test_a_child_killed_from_outside_is_not_blamed_on_the_document(pool: Pool) -> None:
    with pytest.raises(TransientError, match="killed by somebody else"):
        ask(pool, "killed")
    assert works(pool)


def test_an_idle_child_killed_from_outside_goes_unnoticed(pool: Pool) -> None:
    pid = int(ask(pool, "echo").head["pid"])
    ended = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([ended], [], [], 5)
    os.close(ended)
    assert works(pool)


def test_a_zygote_killed_from_outside_is_started_again(pool: Pool) -> None:
    assert works(pool)
    zygote = psutil.Process(pool.zygote_pid)
    family = [zygote, *zygote.children()]
    zygote.kill()
    psutil.wait_procs(family, timeout=5)
    assert works(pool)


def test_no_child_reaches_a_server_of_this_machine(
    pool: Pool, pool_with_processes: Pool, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as local,
    ):
        socket.create_connection(server.getsockname()).close()
        local.bind(str(tmp_path / "server"))
        local.listen()
        for each in (pool, pool_with_processes):
            port = server.getsockname()[1]
            assert ask(each, "connect", port=port).head["error"] == errno.EPERM
            path = str(tmp_path / "server")
            assert ask(each, "connect_unix", path=path).head["error"] == errno.EPERM


def test_the_network_of_a_child_is_empty(pool: Pool) -> None:
    assert pool.isolation.network_namespace, pool.isolation.why
    assert ask(pool, "interfaces").head["names"] == ["lo"]
    assert ask(pool, "interfaces").head["routes"] <= 0


def test_a_child_has_no_secrets_no_rights_and_one_socket(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_canary")
    with Pool(HOSTILE, size=1, limits=LIMITS) as fresh:
        facts = ask(fresh, "facts").head
    assert not [name for name in facts["environment"] if "STRIPE" in name]
    assert (facts["capabilities"], facts["no_new_privileges"], facts["sockets"]) == (0, 1, 1)
    assert facts["warmed_by"] == ["warm", "child of warm"]


def test_only_a_trade_that_may_starts_processes(pool: Pool, pool_with_processes: Pool) -> None:
    assert ask(pool, "start_process").head["error"] == errno.EPERM
    assert ask(pool_with_processes, "start_process").head["exit_code"] == 0


def test_what_a_child_has_started_is_killed_with_it(pool_with_processes: Pool) -> None:
    zygote = psutil.Process(pool_with_processes.zygote_pid)
    with pytest.raises(PermanentError):
        ask(pool_with_processes, "multiply")
    assert works(pool_with_processes)
    assert len(zygote.children(recursive=True)) == 1


def test_many_threads_share_a_pool(pool: Pool) -> None:
    def one(number: int) -> object:
        if number % 10 == 7:
            with pytest.raises(PermanentError):
                ask(pool, "crash")
            return number
        return ask(pool, "echo", say=number).head["said"]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, range(80))) == list(range(80))


def test_a_child_is_replaced_after_its_share_of_documents() -> None:
    limits = Limits(documents_per_child=3)
    with Pool(HOSTILE, size=1, limits=limits) as pool:
        pids = [ask(pool, "echo").head["pid"] for _ in range(6)]
    assert len(set(pids)) == 2
    assert pids[0] == pids[2]


def test_a_trade_that_cannot_be_warmed_up_says_why() -> None:
    trade = Trade("test", HOSTILE.module, {"fail": "yes"}, import_from=(ROOT,))
    with (
        Pool(trade, size=1, limits=LIMITS) as pool,
        pytest.raises(TransientError, match="this trade cannot be warmed up"),
    ):
        works(pool)


def test_a_closed_pool_gives_no_child() -> None:
    pool = Pool(HOSTILE, size=1, limits=LIMITS)
    assert works(pool)
    zygote = psutil.Process(pool.zygote_pid)
    family = [zygote, *zygote.children()]
    pool.close()
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert (len(gone), alive) == (2, [])
    with pytest.raises(TransientError, match="closed"):
        works(pool)


_A_WORKER = f"""
import sys, threading
sys.path.insert(0, {ROOT!r})
from tests.adapters.test_hostile_child import HOSTILE, LIMITS, Pool, ask
pool = Pool(HOSTILE, size=1, limits=LIMITS)
child = ask(pool, "echo").head["pid"]
threading.Thread(target=ask, args=(pool, "spin"), daemon=True).start()
print(pool.zygote_pid, child, flush=True)
threading.Event().wait()
"""


def test_zygote_and_children_end_with_a_worker_that_is_killed() -> None:
    worker = subprocess.Popen([sys.executable, "-c", _A_WORKER], stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout
        family = [psutil.Process(int(pid)) for pid in worker.stdout.readline().split()]
        assert all(each.is_running() for each in family)
    finally:
        worker.kill()
        worker.communicate()
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert (len(gone), alive) == (2, [])


def test_a_pool_may_be_started_while_threads_run() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with Pool(HOSTILE, size=1, limits=LIMITS) as pool:
            assert works(pool)
    finally:
        stop.set()
        thread.join()
