"""The pay page and the webhooks on PostgreSQL: waiting times at 50 requests a second, and the most.

    python -m bench.paying [--json] [--seconds 10] [--webhook-seconds 60] [--stored 1000000]

Two web processes share one port and the machine's cores with the database and with this program.
The page is that of a customer link with 20 open invoices. Waiting is counted from when a request
was due, not from when it could be sent, so that a stall shows in all that queued behind it. At the
end a million invoices of other customers are stored, and the same page is asked for before and
after, one request at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bench.seeding import store_invoices
from tests import books
from tests.servers.postgres import running_postgres
from tests.servers.processes import free_port
from tests.web.counting import signature
from tests.web.house import KEY, House, stripe_event
from worker import paylinks
from worker.paylinks import Subject
from worker.payments.model import Webhook
from worker.store import make_engine

ITEMS = 20
RATE = 50
PROCESSES = 2
STORED = 1_000_000
TARGETS = {
    "page_p99_ms": 100.0,
    "pages_per_s": 200.0,
    "webhooks_per_s": 300.0,
    "among_many": 1.5,
}

Ask = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[int]]


def measure(
    *, seconds: float = 10, webhook_seconds: float = 60, stored: int = STORED
) -> dict[str, Any]:
    """All figures of this file, and what was promised."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as server,
        server.database() as database,
    ):
        port = free_port()
        books.build(database)
        engine = make_engine(database)
        house = House(Path(folder), engine, f"http://127.0.0.1:{port}")
        path, size = _twenty_items(house)
        with _serving(port, database, folder):
            get = _getting(path)
            asyncio.run(_saturated(port, get, seconds=2))  # Warm up.
            waits = asyncio.run(_open_loop(port, get, seconds=seconds))
            pages = asyncio.run(_saturated(port, get, seconds=seconds))
            bare = asyncio.run(_saturated(port, _getting(f"/bare/{size}"), seconds=seconds / 2))
            hooks = asyncio.run(_saturated(port, _posting(), seconds=webhook_seconds))
            few = asyncio.run(_one_by_one(port, get, seconds=seconds / 2))
            store_invoices(house.app.engine, stored, customers=max(1, stored // 20))
            many = asyncio.run(_one_by_one(port, get, seconds=seconds / 2))
        with house.app.reading() as session:
            kept = session.scalar(select(func.count()).select_from(Webhook)) or 0
        house.close()
    figures = {
        "page_bytes": size,
        "page_p50_ms": round(_share(waits, 0.5), 1),
        "page_p99_ms": round(_share(waits, 0.99), 1),
        "pages_per_s": round(pages),
        "bare_pages_per_s": round(bare),
        "page_of_bare": round(pages / bare, 2),
        "webhooks_per_s": round(hooks),
        "webhooks_kept": kept,
        "page_among_few_ms": round(few, 1),
        "page_among_many_ms": round(many, 1),
        "among_many": round(many / few, 2),
        "stored": stored,
    }
    met = {
        "page_p99_ms": figures["page_p99_ms"] <= TARGETS["page_p99_ms"],
        "pages_per_s": figures["pages_per_s"] >= TARGETS["pages_per_s"],
        "webhooks_per_s": figures["webhooks_per_s"] >= TARGETS["webhooks_per_s"]
        and kept >= round(hooks * webhook_seconds),
        "among_many": figures["among_many"] <= TARGETS["among_many"],
    }
    return {"figures": figures, "targets": TARGETS, "met": met}


def _twenty_items(house: House) -> tuple[str, int]:
    """The path of a customer link's page with 20 open invoices, and how large it is."""
    paths = [house.invoice(f"P-{number:04}", "119.00", buyer="P") for number in range(ITEMS)]
    customer_id = house.link(paths[0]).customer_id
    with house.app.transaction() as session:
        subject = Subject(KEY, customer_id, currency="EUR")
        life, at = house.app.link_life(KEY), house.app.now()
        link = paylinks.open_customer_link(session, subject, house.app.link_keys, life, at=at)
    path = house.app.link_url(link).removeprefix(house.lives_at)

    async def once() -> int:
        import httpx

        transport = httpx.ASGITransport(house.site)
        async with httpx.AsyncClient(transport=transport, base_url=house.lives_at) as client:
            return len((await client.get(path)).content)

    return path, asyncio.run(once())


# -- the web processes ---------------------------------------------------------------------------


@contextmanager
def _serving(port: int, database: str, home: str) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.paying", "--serve", str(port), "--home", home]
    environment = os.environ | {"BENCH_DATABASE": database}
    children = [subprocess.Popen(command, env=environment) for _ in range(PROCESSES)]
    try:
        asyncio.run(_await_up(port))
        yield
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            child.wait(timeout=20)


def serve(port: int, home: str) -> None:
    """One web process on a port that it shares with its like."""
    engine = make_engine(os.environ["BENCH_DATABASE"])
    house = House(Path(home), engine, f"http://127.0.0.1:{port}")
    # Only where the protocol is named does asyncio send without delay, as it does in production.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(("127.0.0.1", port))
    site = house.site
    assert isinstance(site, Starlette)
    site.router.routes.append(Route("/bare/{size:int}", _bare))
    config = uvicorn.Config(site, log_level="critical", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])
    house.close()


async def _bare(request: Request) -> HTMLResponse:
    """A page of the same size with nothing behind it."""
    return HTMLResponse("x" * int(request.path_params["size"]))


async def _await_up(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            # Both share the port: the second needs about as long as the first.
            await asyncio.sleep(2)
            return
    raise RuntimeError("The web processes did not come up.")


# -- the load ------------------------------------------------------------------------------------


async def _open_loop(port: int, ask: Ask, *, seconds: float) -> list[float]:
    """The waiting times in ms of requests sent at a fixed rate, whatever became of those before."""
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    waits: list[float] = []

    async def one(due: float) -> None:
        pair = free.pop() if free else await asyncio.open_connection("127.0.0.1", port)
        assert await ask(*pair) == 200
        waits.append((time.perf_counter() - due) * 1000)
        free.append(pair)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(RATE * seconds)):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due))
    return waits


async def _saturated(port: int, ask: Ask, *, seconds: float, connections: int = 12) -> float:
    """How many requests a second are answered when as many as can be are under way."""
    until, answered = time.perf_counter() + seconds, 0

    async def keep_asking() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            assert await ask(reader, writer) == 200
            answered += 1
        writer.close()

    await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return answered / seconds


async def _one_by_one(port: int, ask: Ask, *, seconds: float) -> float:
    """The middle waiting time in ms of requests one after the other, after a few to warm up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    until, waits = time.perf_counter() + seconds, []
    while time.perf_counter() < until:
        began = time.perf_counter()
        assert await ask(reader, writer) == 200
        waits.append((time.perf_counter() - began) * 1000)
    writer.close()
    return _share(waits[len(waits) // 10 :], 0.5)


def _getting(path: str) -> Ask:
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Language: en\r\n\r\n".encode()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        writer.write(request)
        return await _answer(reader)

    return ask


def _posting() -> Ask:
    """Unique signed events, one after the other."""
    count = 0

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        nonlocal count
        count += 1
        body = stripe_event(id=f"evt_bench_{count}")
        head = (
            "POST /hooks/stripe/acme HTTP/1.1\r\nHost: bench\r\n"
            f"Stripe-Signature: {signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        return await _answer(reader)

    return ask


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    await reader.readexactly(int(fields["content-length"]))
    return int(head.split(" ", 2)[1])


def _share(waits: list[float], share: float) -> float:
    return sorted(waits)[min(len(waits) - 1, int(len(waits) * share))]


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--json", action="store_true")
    given.add_argument("--seconds", type=float, default=10)
    given.add_argument("--webhook-seconds", type=float, default=60)
    given.add_argument("--stored", type=int, default=STORED)
    given.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given.add_argument("--home", default="", help=argparse.SUPPRESS)
    chosen = given.parse_args()
    if chosen.serve:
        serve(chosen.serve, chosen.home)
        return
    result = measure(
        seconds=chosen.seconds, webhook_seconds=chosen.webhook_seconds, stored=chosen.stored
    )
    if chosen.json:
        print(json.dumps(result, indent=2))
        return
    for name, figure in result["figures"].items():
        print(f"{name.replace('_', ' '):>20}  {figure}  {TARGETS.get(name, '')}")


if __name__ == "__main__":
    main()
