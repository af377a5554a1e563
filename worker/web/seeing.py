"""GET /o/{business}/{link}/{signature}: a picture in an email was loaded. Off unless asked for.

The one GET that writes a line; its address holds no token, so mail services learn no secret.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import delivery, paylinks
from worker.app import App
from worker.kernel.ids import BusinessKey
from worker.paylinks import Thresholds

_DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@dataclass(frozen=True, slots=True)
class Seeing:
    """The picture in our emails."""

    app: App

    async def look(self, request: Request) -> Response:
        """GET /o/{business}/{link}/{signature}: the same dot, whatever the address says."""
        if request.method == "GET":
            named = request.path_params
            agent = request.headers.get("user-agent", "")
            await run_in_threadpool(
                self._note, named["business"], named["link"], named["signature"], agent
            )
        return Response(_DOT, media_type="image/gif")

    def _note(self, key: str, link_id: str, signature: str, user_agent: str) -> None:
        if key not in self.app.businesses():
            return
        business = BusinessKey(key)
        links = self.app.rules(business).links
        if not links.email_opens or not self.app.link_keys.is_signed("pixel", link_id, signature):
            return
        at = self.app.now()
        with self.app.transaction() as session:
            link = paylinks.by_id(session, business, link_id)
            if link is None:
                return
            about = link.item_id or link.customer_id
            sent_at = delivery.last_sent_at(session, business, about)
            since_sent_s = None if sent_at is None else (at - sent_at).total_seconds()
            limits = Thresholds(scan_window_s=links.scan_window_s)
            what, why = paylinks.sight(user_agent, since_sent_s, limits)
            facts = {"loaded_by": what.value, "why": why, "user_agent": user_agent[:200]}
            paylinks.note_email_open(session, link, evidence=facts, at=at)
