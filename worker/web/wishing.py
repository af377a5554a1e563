"""Changing a portal's cards: a wish, a code mailed to the contact, and then the wish done.

POST /l/{token}/wish asks, GET and POST /l/{token}/code confirm. Nothing changes without the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import paylinks
from worker.app import App
from worker.kernel.errors import Refused
from worker.paylinks import Confirmation, Outcome, Verdict, Wish
from worker.web import answers
from worker.web.answers import Draft
from worker.web.card_wishes import Asked, CardWishes, NoWish, Opening, wish_of
from worker.web.forms import Fields, Seal, Visitor, code_of, fields, open_seal, visitor
from worker.web.opening import judged_on
from worker.web.portal import Portal, find_portal, kept
from worker.web.portal_page import PortalPage
from worker.web.security import crosses_sites
from worker.web.standing import thresholds_of


@dataclass(frozen=True, slots=True)
class Wishing:
    """The forms of the tab of cards, and the page that asks for the code."""

    app: App

    async def ask(self, request: Request) -> Response:
        """POST /l/{token}/wish: what is to be done, and a code on its way."""
        who, form = visitor(request), await fields(request)
        if crosses_sites(request.headers.get("sec-fetch-site")):
            return self._not_allowed(who)
        return await run_in_threadpool(self._ask, who, form)

    async def show(self, request: Request) -> Response:
        """GET /l/{token}/code?wish=…: the page that asks for the code."""
        wish_id = request.query_params.get("wish", "")
        return await run_in_threadpool(self._show, visitor(request), wish_id)

    async def confirm(self, request: Request) -> Response:
        """POST /l/{token}/code: the code as it was typed; then the wish is done."""
        who, form = visitor(request), await fields(request)
        if crosses_sites(request.headers.get("sec-fetch-site")):
            return self._not_allowed(who)
        done = await run_in_threadpool(self._confirm, who, form)
        return await CardWishes(self.app).go_on(done) if isinstance(done, Opening) else done

    def _ask(self, who: Visitor, form: Fields) -> Response:
        at, wishes = self.app.now(), CardWishes(self.app)
        with self.app.reading() as session:
            portal = find_portal(self.app, session, who, at=at)
            if portal is None:
                return answers.not_found(self.app, who)
            path = answers.path_of(self.app, portal.link)
            own = kept(session, portal, at=at)
            asked = wish_of(portal, own, form)
            if isinstance(asked, NoWish):
                return answers.see_other(f"{path}/cards?said={asked.value}")
        # What is agreed to is put in words now, and kept: what is shown is what is recorded.
        wish = wishes.worded(portal, own, asked)
        with self.app.transaction() as session:
            answer = self._asked(session, who, form, wish, at=at)
        return answers.page(self.app, answer) if isinstance(answer, Draft) else answer

    def _asked(
        self, session: Session, who: Visitor, form: Fields, wish: Asked, *, at: datetime
    ) -> Response | Draft:
        portal = find_portal(self.app, session, who, at=at)
        if portal is None:
            return answers.not_found(self.app, who)
        path = answers.path_of(self.app, portal.link)
        keys, link = self.app.link_keys, portal.link
        on_page = open_seal(keys, link.id, form.get("form", ""), at=at)
        if on_page is None or who.browser != on_page.browser:
            # A page from yesterday, or a browser that keeps nothing: it could not be known
            # again when it comes with the code.
            said = "" if on_page is None else "?said=cookies"
            return answers.see_other(f"{path}/cards{said}")
        doubt = self._doubt(session, portal, who, form, on_page, at=at)
        if doubt is not None:
            return doubt
        wanted = Wish(wish.what, wish.details, on_page.browser)
        waiting = paylinks.ask_code(session, link, wanted, keys, at=at)
        if waiting is None:
            return answers.see_other(f"{path}/cards?said=often")
        return answers.see_other(f"{path}/code?wish={waiting.id}")

    def _doubt(
        self,
        session: Session,
        portal: Portal,
        who: Visitor,
        form: Fields,
        on_page: Seal,
        *,
        at: datetime,
    ) -> Draft | None:
        """The page that asks once more: a scanner that sends every form must not fill mailboxes."""
        about = (portal.business, portal.customer.id)
        limits, keys = thresholds_of(portal.rules), self.app.link_keys
        verdict, facts = judged_on(session, about, limits, who, form, on_page, at=at)
        typed = form.get("digits", "").strip() == code_of(keys, portal.link.id, on_page)
        if verdict is Verdict.HUMAN or typed:
            life = self.app.life_of(portal.link)
            paylinks.note_open(session, portal.link, life, evidence=facts, at=at)
            return None
        paylinks.note_machine(session, portal.link, evidence=facts, at=at)
        page = PortalPage(self.app)
        facts = page.facts(session, portal, "cards", on_page.browser, at=at)
        wished = {name: value for name, value in form.items() if _is_of_wish(name)}
        return Draft(
            portal.business, portal.language, "portal_ask.html", {**facts, "wished": wished}
        )

    def _show(self, who: Visitor, wish_id: str) -> Response:
        at = self.app.now()
        with self.app.reading() as session:
            portal = find_portal(self.app, session, who, at=at)
            if portal is None:
                return answers.not_found(self.app, who)
            asked = paylinks.waiting(session, portal.link, wish_id, who.browser, at=at)
            if asked is None:
                path = answers.path_of(self.app, portal.link)
                return answers.see_other(f"{path}/cards?said=over")
            draft = self._code_page(session, portal, asked, who, at=at)
        return answers.page(self.app, draft)

    def _code_page(
        self,
        session: Session,
        portal: Portal,
        asked: Confirmation,
        who: Visitor,
        *,
        at: datetime,
        is_wrong: bool = False,
    ) -> Draft:
        page = PortalPage(self.app)
        facts = page.facts(session, portal, "cards", who.browser or "", at=at)
        words: dict[str, Any] = {"what": asked.what, "id": asked.id}
        words |= CardWishes(self.app).words_of(session, portal, asked)
        facts |= {"wish": words, "is_wrong": is_wrong}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
        return Draft(portal.business, portal.language, "portal_code.html", facts, status)

    def _confirm(self, who: Visitor, form: Fields) -> Response | Opening:
        at = self.app.now()
        try:
            with self.app.transaction() as session:
                done = self._confirmed(session, who, form, at=at)
            return answers.page(self.app, done) if isinstance(done, Draft) else done
        except Refused:
            # The card or the customer changed meanwhile, and nothing was done.
            with self.app.reading() as session:
                portal = find_portal(self.app, session, who, at=at)
                if portal is None:
                    return answers.not_found(self.app, who)
                path = answers.path_of(self.app, portal.link)
            return answers.see_other(f"{path}/cards?said=changed")

    def _confirmed(
        self, session: Session, who: Visitor, form: Fields, *, at: datetime
    ) -> Response | Opening | Draft:
        portal = find_portal(self.app, session, who, at=at)
        if portal is None:
            return answers.not_found(self.app, who)
        path, link, keys = answers.path_of(self.app, portal.link), portal.link, self.app.link_keys
        asked = paylinks.waiting(session, link, form.get("wish", ""), who.browser, at=at)
        if asked is None or open_seal(keys, link.id, form.get("form", ""), at=at) is None:
            return answers.see_other(f"{path}/cards?said=over")
        outcome = paylinks.try_code(session, link, asked, form.get("code", ""), keys, at=at)
        if outcome is Outcome.WRONG:
            return self._code_page(session, portal, asked, who, at=at, is_wrong=True)
        if outcome is Outcome.OVER:
            return answers.see_other(f"{path}/cards?said=over")
        return CardWishes(self.app).do(session, portal, asked, at=at)

    def _not_allowed(self, who: Visitor) -> Response:
        status = HTTPStatus.FORBIDDEN
        return answers.message(self.app, "not_allowed", who.language, status=status)


def _is_of_wish(name: str) -> bool:
    return name in ("do", "mandate", "scope") or name.startswith("contract.")
