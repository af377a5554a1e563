"""A Stripe-compatible server for demos and tests: no real money, a process of its own.

It speaks the part of Stripe's API that Tillmail uses (see `routes.py`), shows a hosted Checkout
page, sends signed webhooks, keeps idempotency keys as API v1 does, and fails on demand. It imports
nothing of ours and binds the loopback interface only. Start it with `python -m worker.sandbox`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from worker.sandbox import control, hosted
from worker.sandbox.api import Api, Dropped, account_of
from worker.sandbox.call import Call
from worker.sandbox.deliveries import deliver_forever
from worker.sandbox.events import add_endpoint
from worker.sandbox.faults import Faults
from worker.sandbox.state import Page, State

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the account behind a key hears of its events, and the secret they are signed with."""

    key: str
    url: str
    secret: str


def serve(
    port: int = 0,
    state: str | None = None,
    webhooks: Sequence[Webhook] = (),
    keys: Sequence[str] = (),
    clock_file: str | None = None,
) -> None:
    """Serves until it is told to stop; prints one line when it is ready.

    `state` is a file that outlives the process; without it everything is forgotten. `keys` are the
    only ones known, besides those of `webhooks`; none at all means any `sk_test_…` opens its own
    account. `clock_file` holds the seconds by which business time is ahead. Port 0 takes a free
    one.
    """
    # asyncio turns Nagle's algorithm off only for sockets that name TCP; left on, it holds the
    # second half of every answer back for 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        # From here on nobody is refused; who comes before the server is up waits in the queue.
        listener.listen()
        base_url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        memory = State(state, clock_file)
        known = frozenset([*keys, *(webhook.key for webhook in webhooks)]) if keys else frozenset()
        api = Api(memory, Faults(), base_url, known)
        for webhook in webhooks:
            _add_webhook(api, webhook)
        config = uvicorn.Config(
            application(api),
            http=_CuttableProtocol,
            lifespan="on",
            log_level="warning",
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            memory.close()


def _add_webhook(api: Api, webhook: Webhook) -> None:
    """Adds the endpoint unless a kept state has it."""
    account = account_of(webhook.key)
    call = Call(api.state, api.faults, account, account, api.base_url)
    with api.state.transaction():
        api.state.open_account(account, account)
        known, _ = api.state.page(account, "webhook_endpoint", Page(limit=100))
        wanted = (webhook.url, webhook.secret)
        if all((one["url"], one["secret"]) != wanted for one in known):
            add_endpoint(call, webhook.url, webhook.secret)


def application(api: Api) -> Starlette:
    """The API, its control and the hosted pages, to be served or asked in the same process."""

    async def answer(request: Request) -> Response:
        try:
            return await api.answer(request)
        except Dropped:
            request.scope["sandbox.transport"].abort()
            # The protocol notices at its next step that nobody listens, and sends nothing.
            await asyncio.sleep(0.01)
            return Response(status_code=500)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        postman = asyncio.create_task(deliver_forever(api))
        sys.stdout.write(f"sandbox ready at {api.base_url} (no real money)\n")
        sys.stdout.flush()
        yield
        postman.cancel()
        with suppress(asyncio.CancelledError):
            await postman

    methods = ["GET", "POST", "DELETE"]
    return Starlette(
        routes=[
            Route("/v1/{path:path}", answer, methods=methods),
            *control.routes(api),
            *hosted.routes(api),
        ],
        lifespan=lifespan,
    )


class _CuttableProtocol(H11Protocol):
    """Hands the connection to the application, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["sandbox.transport"] = transport
            await inner(scope, receive, send)

        self.app = app
