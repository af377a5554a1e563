"""POST /hooks/stripe/{business}: an event of the gateway, kept once, answered; settles nothing.

The raw bytes are verified before anything else looks at them. What is kept is a hint to go and ask
the gateway; a worker does that.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

import anyio
import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from worker import payments
from worker.app import App
from worker.kernel.clock import SystemClock
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.payments import BadSignature, GatewayEvent

log = logging.getLogger(__name__)

MAX_EVENT_BYTES = 512_000
# The gateway counts a slow answer as none; it then sends the event again.
ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the gateway calls."""

    app: App

    async def stripe(self, request: Request) -> Response:
        """POST /hooks/stripe/{business}"""
        business = BusinessKey(str(request.path_params["business"]))
        if business not in self.app.businesses():
            return _say("There is no such business.", HTTPStatus.NOT_FOUND)
        raw = await request.body()
        signatures = request.headers.getlist("stripe-signature")
        event = self._verified(business, raw, signatures)
        if event is None:
            return _say("The signature is missing or wrong.", HTTPStatus.BAD_REQUEST)
        if not self.app.gateway(business).is_ours(event):
            log.warning("webhook %s of %s is of another account or mode", event.event_id, business)
            return _say("This event is of another account or mode.", HTTPStatus.BAD_REQUEST)
        return await self._keep(business, event, raw)

    def _verified(
        self, business: BusinessKey, raw: bytes, signatures: list[str]
    ) -> GatewayEvent | None:
        if len(signatures) != 1:
            return None
        try:
            # The gateway signs by the wall clock, which in a demo is behind business time.
            now = SystemClock().now()
            return self.app.gateway(business).open_event(raw, signatures[0], at=now)
        except BadSignature as e:
            log.warning("webhook for %s refused: %s", business, e)
            return None

    async def _keep(self, business: BusinessKey, event: GatewayEvent, raw: bytes) -> Response:
        try:
            with anyio.fail_after(ANSWER_WITHIN_S):
                outcome = await anyio.to_thread.run_sync(
                    self._keep_now, business, event, raw, abandon_on_cancel=True
                )
        except (SQLAlchemyError, TimeoutError) as e:
            log.error(
                "webhook %s of %s is not kept: %s", event.event_id, business, type(e).__name__
            )
            return _say("Not kept: send it again.", HTTPStatus.SERVICE_UNAVAILABLE)
        except PermanentError as e:
            log.error("webhook %s of %s is not kept: %s", event.event_id, business, e)
            return _say("Not kept: send it again.", HTTPStatus.SERVICE_UNAVAILABLE)
        return _say(outcome, HTTPStatus.OK)

    def _keep_now(self, business: BusinessKey, event: GatewayEvent, raw: bytes) -> str:
        at = self.app.now()
        with self.app.transaction() as session:
            return payments.keep_webhook(session, business, event, raw, at=at)


def _say(text: str, status: HTTPStatus) -> Response:
    return PlainTextResponse(text, status)
