"""The postman: sends webhooks that are due, and again with growing pauses."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import sqlite3
import time
from itertools import groupby
from operator import itemgetter
from urllib.parse import urlsplit

from worker.sandbox.api import Api
from worker.sandbox.events import signature

# Stripe goes on for three days in live mode; a few quick tries come first, for demos and tests.
PAUSES_S = (1, 5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
_TIMEOUT_S = 10
_LOOK_AT_CLOCK_S = 1.0
_STALE_S = 3_600


async def deliver_forever(api: Api) -> None:
    """Sleeps until something is due or the state changed. One task for each busy endpoint, so that
    one that hangs holds up nobody else."""
    busy: dict[str, asyncio.Task[None]] = {}
    while True:
        api.wake.clear()
        api.catch_up()
        for url, rows in _due_by_url(api):
            if url not in busy:
                busy[url] = asyncio.create_task(_deliver_to(api, rows, busy))
        await _sleep(api, busy)


async def _sleep(api: Api, busy: dict[str, asyncio.Task[None]]) -> None:
    due = api.state.next_due()
    pause = None if due is None else max(0.05, due - api.state.instant())
    if api.state.follows_a_file:
        pause = min(pause or _LOOK_AT_CLOCK_S, _LOOK_AT_CLOCK_S)
    if busy and pause is not None:
        # What is due may belong to a busy endpoint, which wakes us when it is done.
        pause = max(1.0, pause)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(api.wake.wait(), pause)


def _due_by_url(api: Api) -> list[tuple[str, list[sqlite3.Row]]]:
    due = sorted(api.state.due_deliveries(), key=itemgetter("url"))
    return [(url, list(rows)) for url, rows in groupby(due, key=itemgetter("url"))]


async def _deliver_to(
    api: Api, rows: list[sqlite3.Row], busy: dict[str, asyncio.Task[None]]
) -> None:
    try:
        for row in rows:
            await _attempt(api, row)
    finally:
        busy.pop(rows[0]["url"])
        api.wake.set()


async def _attempt(api: Api, row: sqlite3.Row) -> None:
    began_at = api.state.instant()
    payload = _payload(row)
    # By the machine's own clock, whatever `/_sandbox/clock` says: a signature's age is about the
    # wire, and receivers rightly compare it with their own.
    header = _header(row, payload, int(time.time()))
    status = await asyncio.to_thread(_post, row["url"], payload, header)
    taken = status is not None and 200 <= status < 300
    attempts = row["attempts"]
    again_at = None
    if not taken and attempts < len(PAUSES_S):
        again_at = began_at + PAUSES_S[attempts]
    api.state.note_attempt(row["position"], status=status, again_at=again_at)


def _payload(row: sqlite3.Row) -> bytes:
    # Stripe's bodies are indented JSON; whoever re-encodes them breaks the signature.
    return json.dumps(json.loads(row["body"]), indent=2, ensure_ascii=False).encode()


def _header(row: sqlite3.Row, payload: bytes, now: int) -> str:
    if row["signing"] == "sign_badly":
        return signature(payload, "whsec_of_nobody", now)
    if row["signing"] == "sign_stale":
        return signature(payload, row["secret"], now - _STALE_S)
    return signature(payload, row["secret"], now)


def _post(url: str, payload: bytes, header: str) -> int | None:
    """The status the endpoint answered with, or None if it did not answer."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT_S)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": header,
        "User-Agent": "Stripe/1.0 (sandbox, no real money)",
    }
    try:
        connection.request("POST", path, body=payload, headers=headers)
        answer = connection.getresponse()
        answer.read(65_536)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    else:
        return answer.status
    finally:
        connection.close()
