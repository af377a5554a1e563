"""POST /l/{token}/pay: to the hosted payment page. Intent, act, outcome: two commits, one call.

Two tabs and a double click meet in the same checkout, the same key and so the same page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import paylinks, payments
from worker.app import App
from worker.businesses import Way
from worker.kernel.errors import Refused
from worker.paylinks import Verdict
from worker.payments import Wanted
from worker.web import answers
from worker.web.account_page import AccountPage
from worker.web.answers import Draft
from worker.web.asking import asks_again
from worker.web.forms import (
    Fields,
    Seal,
    Visitor,
    code_of,
    fields,
    open_seal,
    visitor,
)
from worker.web.hosted import Begun, HostedPage, payer_of
from worker.web.opening import judged
from worker.web.security import crosses_sites
from worker.web.standing import Face, Standing, context, find, offers_of
from worker.web.thanks import address_after
from worker.web.ways import chosen_offer, is_agreed


@dataclass(frozen=True, slots=True)
class CheckingOut:
    """The pay button."""

    app: App

    async def pay(self, request: Request) -> Response:
        """POST /l/{token}/pay"""
        who, form = visitor(request), await fields(request)
        if crosses_sites(request.headers.get("sec-fetch-site")):
            return answers.message(
                self.app, "not_allowed", who.language, status=HTTPStatus.FORBIDDEN
            )
        begun = await run_in_threadpool(self._begin_or_explain, who, form)
        if isinstance(begun, Response):
            return begun
        url = await HostedPage(self.app).address(begun)
        if url is None:
            return await run_in_threadpool(self._unreachable, who, form)
        response = answers.see_other(url)
        answers.keep_opened(self.app, response, begun.link)
        return response

    # -- before the call -------------------------------------------------------------------------

    def _begin_or_explain(self, who: Visitor, form: Fields) -> Begun | Response:
        of_customer = AccountPage(self.app).begin(who, form)
        if of_customer is not None:
            return of_customer
        try:
            begun = HostedPage(self.app).begin(lambda: self._begin(who, form, at=self.app.now()))
        except Refused:
            return self._explain(who, "busy")
        return answers.page(self.app, begun) if isinstance(begun, Draft) else begun

    def _begin(self, who: Visitor, form: Fields, *, at: datetime) -> Begun | Draft | Response:
        with self.app.transaction() as session:
            standing = find(self.app, session, who, at=at)
            if standing is None:
                return answers.not_found(self.app, who)
            path = answers.path_of(self.app, standing.link)
            on_page = open_seal(self.app.link_keys, standing.link.id, form.get("form", ""), at=at)
            if standing.face is not Face.PAY or on_page is None:
                # Paid meanwhile, ended, or a page from yesterday: the page as it is now says what.
                return answers.see_other(path)
            verdict, facts = judged(session, standing, who, form, on_page, at=at)
            if verdict is not Verdict.HUMAN and not self._is_confirmed(standing, on_page, form):
                paylinks.note_machine(session, standing.link, evidence=facts, at=at)
                return asks_again(self.app, session, standing, "pay", form, at=at)
            offer = chosen_offer(offers_of(session, standing), form)
            if offer is None:
                # A way that is not offered any more, or never was.
                return answers.see_other(path)
            amount = standing.still_to_pay
            if not is_agreed(offer.fee_on(amount), form):
                return asks_again(self.app, session, standing, "pay", form, asks_code=False, at=at)
            wanted = [Wanted(standing.invoice, amount)]
            if offer.way is Way.BALANCE:
                applied = payments.spend_balance(session, wanted, by="customer", at=at)
                self._note(session, standing, facts, at=at)
                return answers.see_other(address_after(path, applied))
            link_id, by = standing.link.id, offer.by(amount)
            checkout = payments.begin_for(session, wanted, link_id=link_id, at=at, by=by)
            self._note(session, standing, facts, at=at)
            payer = payer_of(self.app, session, checkout, language=standing.language)
        return Begun(standing.business, standing.link, checkout, payer)

    def _note(self, session: Session, standing: Standing, facts: object, *, at: datetime) -> None:
        """Whoever pays has opened the link, whatever we took them for before."""
        seen = {"by": "checkout", "seen": facts}
        life = self.app.link_life(standing.business)
        paylinks.note_open(session, standing.link, life, evidence=seen, at=at)

    # -- what else there is to say ---------------------------------------------------------------

    def _is_confirmed(self, standing: Standing, on_page: Seal, form: Fields) -> bool:
        """Whether the four digits were typed that the page showed to people."""
        asked = code_of(self.app.link_keys, standing.link.id, on_page)
        return form.get("code", "").strip() == asked

    def _unreachable(self, who: Visitor, form: Fields) -> Response:
        page = AccountPage(self.app).unreachable(who, form)
        return self._explain(who, "unreachable") if page is None else page

    def _explain(self, who: Visitor, why: str) -> Response:
        """Why there is no payment page: nothing left to pay, busy, or nobody answers."""
        at = self.app.now()
        with self.app.reading() as session:
            standing = find(self.app, session, who, at=at)
            if standing is None:
                return answers.not_found(self.app, who)
            path = answers.path_of(self.app, standing.link)
            if standing.face is not Face.PAY:
                return answers.see_other(path)
            facts = context(session, standing, path=path, at=at) | {"why": why, "retry": True}
            draft = Draft(
                standing.business, standing.language, "closed.html", facts, _EXPLAINED[why]
            )
        return answers.page(self.app, draft)


_EXPLAINED = {"busy": HTTPStatus.CONFLICT, "unreachable": HTTPStatus.BAD_GATEWAY}
