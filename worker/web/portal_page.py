"""GET /l/{token}/contracts and /cards: two tabs of a portal. All only read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker.app import App
from worker.web import answers
from worker.web.answers import Draft
from worker.web.forms import Visitor, code_of, new_browser, open_seal, seal, visitor
from worker.web.portal import Portal, context, find_portal, kept
from worker.web.tabs import Tab

# What a tab may say above itself, named in its address by ourselves; nothing else is said.
_NOTES = re.compile(r"stored|assigned|removed|over|often|changed|cookies|nothing|unreachable")


@dataclass(frozen=True, slots=True)
class PortalPage:
    """The tabs of contracts and of cards."""

    app: App

    async def contracts(self, request: Request) -> Response:
        """GET /l/{token}/contracts"""
        return await run_in_threadpool(self._show, visitor(request), "contracts", "", "")

    async def cards(self, request: Request) -> Response:
        """GET /l/{token}/cards, or of one card: /cards?card=…"""
        note = request.query_params.get("said", "")
        said = note if _NOTES.fullmatch(note) else ""
        card = request.query_params.get("card", "")
        return await run_in_threadpool(self._show, visitor(request), "cards", said, card)

    def _show(self, who: Visitor, tab: Tab, note: str, card: str) -> Response:
        at, browser = self.app.now(), who.browser or new_browser()
        with self.app.reading() as session:
            portal = find_portal(self.app, session, who, at=at)
            if portal is None:
                return answers.not_found(self.app, who)
            facts = self.facts(session, portal, tab, browser, at=at, card=card) | {"note": note}
            draft = Draft(portal.business, portal.language, f"portal_{tab}.html", facts)
        response = answers.page(self.app, draft)
        answers.keep_name(self.app, response, browser)
        return response

    def facts(
        self,
        session: Session,
        portal: Portal,
        tab: Tab,
        browser: str,
        *,
        at: datetime,
        card: str = "",
    ) -> dict[str, Any]:
        """What every page of a portal is filled with, its sealed form included."""
        path = answers.path_of(self.app, portal.link)
        facts = context(portal, kept(session, portal, at=at), tab, path=path, at=at, card=card)
        keys, link_id = self.app.link_keys, portal.link.id
        token = seal(keys, link_id, browser, at=at)
        shown = open_seal(keys, link_id, token, at=at)
        code = code_of(keys, link_id, shown) if shown is not None else ""
        return facts | {"form": {"token": token, "code": code}}
