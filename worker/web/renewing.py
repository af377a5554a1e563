"""POST /l/{token}/renew: a fresh link by mail, to an address on file. One answer to everybody."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import paylinks
from worker.app import App
from worker.paylinks import RenewalTerms
from worker.web import answers
from worker.web.forms import COOKIE_LIFE, Fields, Visitor, fields, open_seal, visitor
from worker.web.opening import TRAP
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

    def _renew(self, who: Visitor, form: Fields) -> None:
        at = self.app.now()
        with self.app.transaction() as session:
            standing = find(self.app, session, who, at=at)
            if standing is None or standing.face is not Face.ENDED or form.get(TRAP, ""):
                return
            # However old the page is: nobody shall be told of a mail that does not come.
            keys, sealed = self.app.link_keys, form.get("form", "")
            if open_seal(keys, standing.link.id, sealed, at=at, life=COOKIE_LIFE) is None:
                return
            terms = RenewalTerms(
                keys,
                self.app.link_life(standing.business),
                standing.rules.links.renewals_per_day,
            )
            contact = form.get("contact", "")
            paylinks.ask_renewal(session, standing.link, contact, terms, at=at)
