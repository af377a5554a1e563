"""GET /health: this process answers. GET /ready: and so does the database."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import anyio
import anyio.to_thread
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from worker.app import App

READY_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Health:
    """What a load balancer asks."""

    app: App

    async def alive(self, _request: Request) -> Response:
        """GET /health"""
        return PlainTextResponse("ok")

    async def ready(self, _request: Request) -> Response:
        """GET /ready"""
        try:
            with anyio.fail_after(READY_WITHIN_S):
                await anyio.to_thread.run_sync(self._ask_database, abandon_on_cancel=True)
        except (SQLAlchemyError, TimeoutError):
            return PlainTextResponse(
                "The database does not answer.", HTTPStatus.SERVICE_UNAVAILABLE
            )
        return PlainTextResponse("ready")

    def _ask_database(self) -> None:
        with self.app.reading() as session:
            session.execute(text("SELECT 1"))
