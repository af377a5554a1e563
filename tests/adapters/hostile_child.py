"""A trade for tests: it does to its child what a hostile document might."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import stat
import subprocess
import time

from worker.adapters.zygote_frames import Frame
from worker.kernel.errors import PermanentError

_WARMED_BY: list[str] = []


def warm(facts: dict[str, str]) -> None:
    if facts.get("fail"):
        raise ValueError("this trade cannot be warmed up")
    _WARMED_BY.append(facts.get("word", ""))


def begin(facts: dict[str, str]) -> None:
    _WARMED_BY.append(f"child of {facts.get('word', '')}")


def answer(request: Frame) -> Frame:
    return _OPS[str(request.head["op"])](request)


def _echo(request: Frame) -> Frame:
    return Frame({"said": request.head.get("say"), "pid": os.getpid()}, request.blobs)


def _refuse(_: Frame) -> Frame:
    raise PermanentError("a reason that the trade names")


def _raise(_: Frame) -> Frame:
    return Frame({"never": 1 // 0})


def _hang(_: Frame) -> Frame:
    time.sleep(600)
    return Frame({})


def _spin(_: Frame) -> Frame:
    while True:
        pass


def _crash(_: Frame) -> Frame:
    ctypes.string_at(0)
    return Frame({})


def _leave(_: Frame) -> Frame:
    os._exit(0)


def _eat(_: Frame) -> Frame:
    kept = [bytearray(16 << 20) for _ in range(1000)]
    return Frame({"eaten": len(kept)})


def _flood(_: Frame) -> Frame:
    return Frame({}, (bytes(40 << 20),))


def _babble(_: Frame) -> Frame:
    """Write something that is no frame past the protocol, on every descriptor there is."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 4096)
        except OSError:
            continue
    time.sleep(600)
    return Frame({})


def _nest(_: Frame) -> Frame:
    deep: list[object] = []
    for _depth in range(100_000):
        deep = [deep]
    return Frame({"deep": deep})


def _multiply(_: Frame) -> Frame:
    for _nth in range(20):
        if os.fork() == 0:
            time.sleep(600)
    time.sleep(600)
    return Frame({})


def _start_process(_: Frame) -> Frame:
    try:
        done = subprocess.run(["/bin/true"], check=False)
    except OSError as error:
        return Frame({"error": error.errno})
    return Frame({"exit_code": done.returncode})


def _connect(request: Frame) -> Frame:
    try:
        socket.create_connection(("127.0.0.1", int(request.head["port"])), timeout=2).close()
    except OSError as error:
        return Frame({"error": error.errno})
    return Frame({"error": None})


def _connect_unix(request: Frame) -> Frame:
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(str(request.head["path"]))
    except OSError as error:
        return Frame({"error": error.errno})
    return Frame({"error": None})


def _interfaces(_: Frame) -> Frame:
    with open("/proc/self/net/dev") as file:
        names = [line.split(":")[0].strip() for line in file if ":" in line]
    with open("/proc/self/net/route") as file:
        routes = len(file.readlines()) - 1
    return Frame({"names": names, "routes": routes})


def _facts(_: Frame) -> Frame:
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return Frame(
        {
            "environment": sorted(os.environ),
            "capabilities": int(status["CapEff"], 16),
            "no_new_privileges": int(status["NoNewPrivs"]),
            "sockets": _open_sockets(),
            "warmed_by": _WARMED_BY,
        }
    )


def _open_sockets() -> int:
    """How many descriptors are sockets: the child needs one, and none of the worker's."""
    count = 0
    for descriptor in range(256):
        try:
            count += stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        except OSError:
            continue
    return count


def _kill_self_from_outside(_: Frame) -> Frame:
    os.kill(os.getpid(), signal.SIGKILL)
    return Frame({})


_OPS = {
    "echo": _echo,
    "refuse": _refuse,
    "raise": _raise,
    "hang": _hang,
    "spin": _spin,
    "crash": _crash,
    "leave": _leave,
    "eat": _eat,
    "flood": _flood,
    "babble": _babble,
    "nest": _nest,
    "multiply": _multiply,
    "start_process": _start_process,
    "connect": _connect,
    "connect_unix": _connect_unix,
    "interfaces": _interfaces,
    "facts": _facts,
    "killed": _kill_self_from_outside,
}
