"""POST /l/{token}/renew: a fresh link by mail, to an address on file. One answer to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import paylinks
from worker.app import App
from worker.businesses import Rules
from worker.paylinks import Link, RenewalTerms, Subject, Verdict
from worker.web import answers
from worker.web.account import find_account
from worker.web.answers import Draft
from worker.web.asking import asks_again
from worker.web.forms import (
    COOKIE_LIFE,
    Fields,
    Visitor,
    code_of,
    fields,
    open_seal,
    visitor,
)
from worker.web.opening import TRAP, judged
from worker.web.security import crosses_sites
from worker.web.standing import Face, find


@dataclass(frozen=True, slots=True)
class Renewing:
    """The button of a page whose link has ended."""

    app: App

    async def renew(self, request: Request) -> Response:
        """POST /l/{token}/renew"""
        who, form = visitor(request), await fields(request)
        if not crosses_sites(request.headers.get("sec-fetch-site")):
            await run_in_threadpool(self._renew, who, form)
        # The same words whether the token was ever ours, the limit is reached or a mail is on
        # its way: the answer tells a stranger nothing.
        return answers.message(self.app, "renewed", who.language)

    async def mail_account(self, request: Request) -> Response:
        """POST /l/{token}/account: one link for all that is owed, by mail to a contact on file."""
        who, form = visitor(request), await fields(request)
        if not crosses_sites(request.headers.get("sec-fetch-site")):
            asks = await run_in_threadpool(self._mail_account, who, form)
            if asks is not None:
                return answers.page(self.app, asks)
        return answers.message(self.app, "renewed", who.language)

    def _mail_account(self, who: Visitor, form: Fields) -> Draft | None:
        at, keys = self.app.now(), self.app.link_keys
        with self.app.transaction() as session:
            standing = find(self.app, session, who, at=at)
            if standing is None or standing.face not in (Face.PAY, Face.PAID):
                return None
            link = standing.link
            on_page = open_seal(keys, link.id, form.get("form", ""), at=at)
            if on_page is None:
                return None
            verdict, facts = judged(session, standing, who, form, on_page, at=at)
            code = code_of(keys, link.id, on_page)
            if verdict is not Verdict.HUMAN and form.get("code", "").strip() != code:
                # A scanner that sends every form must not fill mailboxes.
                paylinks.note_machine(session, link, evidence=facts, at=at)
                return asks_again(self.app, session, standing, "account", form, at=at)
            life = self.app.link_life(standing.business)
            owing = Subject(
                standing.business, link.customer_id, currency=standing.still_to_pay.currency
            )
            terms = RenewalTerms(keys, life, standing.rules.links.renewals_per_day)
            paylinks.ask_for_all(session, owing, form.get("contact", ""), terms, at=at)
        return None

    def _renew(self, who: Visitor, form: Fields) -> None:
        at = self.app.now()
        with self.app.transaction() as session:
            found = self._ended(session, who, at=at)
            if found is None or form.get(TRAP, ""):
                return
            link, rules = found
            # However old the page is: nobody shall be told of a mail that does not come.
            keys, sealed = self.app.link_keys, form.get("form", "")
            if open_seal(keys, link.id, sealed, at=at, life=COOKIE_LIFE) is None:
                return
            terms = RenewalTerms(keys, self.app.life_of(link), rules.links.renewals_per_day)
            paylinks.ask_renewal(session, link, form.get("contact", ""), terms, at=at)

    def _ended(self, session: Session, who: Visitor, *, at: datetime) -> tuple[Link, Rules] | None:
        """The visitor's link and its business's rules, if its time is over."""
        standing = find(self.app, session, who, at=at)
        if standing is not None:
            return (standing.link, standing.rules) if standing.face is Face.ENDED else None
        account = find_account(self.app, session, who, at=at)
        if account is None or account.is_live:
            return None
        return account.link, account.rules
