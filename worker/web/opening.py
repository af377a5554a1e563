"""POST /l/{token}/open: was it a person? Only then does the link's clock start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import delivery, paylinks
from worker.app import App
from worker.kernel.ids import BusinessKey
from worker.paylinks import Evidence, Link, Thresholds, Verdict
from worker.web import answers
from worker.web.account import find_account
from worker.web.forms import Fields, Seal, Visitor, fields, open_seal, visitor
from worker.web.security import crosses_sites
from worker.web.standing import Face, Standing, find

# A field that people do not see; what fills it in is a program that fills in forms.
TRAP = "fax_line"
# Marks of a browser without a screen, as the page's script names them.
_TRAITS = {
    "brand": "a headless brand",
    "languages": "no languages",
    "window": "no window",
    "frame": "no frame around its window",
    "version": "a name that is not its engine's",
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The link whose page somebody saw, what it was mailed for, and whether it is to be paid."""

    link: Link
    about: tuple[BusinessKey, str]
    limits: Thresholds
    is_payable: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """What the page's script sends after a person's first key, touch or mouse."""

    app: App

    async def note(self, request: Request) -> Response:
        """POST /l/{token}/open"""
        who, form = visitor(request), await fields(request)
        if crosses_sites(request.headers.get("sec-fetch-site")):
            return answers.message(
                self.app, "not_allowed", who.language, status=HTTPStatus.FORBIDDEN
            )
        return await run_in_threadpool(self._note, who, form)

    def _note(self, who: Visitor, form: Fields) -> Response:
        at = self.app.now()
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        with self.app.transaction() as session:
            seen = self._seen(session, who, at=at)
            if seen is None:
                return answers.not_found(self.app, who)
            on_page = open_seal(self.app.link_keys, seen.link.id, form.get("form", ""), at=at)
            if on_page is None:
                return answers.message(
                    self.app, "not_allowed", who.language, status=HTTPStatus.FORBIDDEN
                )
            if not seen.is_payable:
                return response
            verdict, facts = judged_on(session, seen.about, seen.limits, who, form, on_page, at=at)
            if verdict is Verdict.UNSURE and facts["again_in_s"]:
                # A person who reads on is believed once the mail's scanners have gone home.
                response.headers["Retry-After"] = str(facts["again_in_s"])
            if verdict is Verdict.HUMAN:
                life = self.app.life_of(seen.link)
                paylinks.note_open(session, seen.link, life, evidence=facts, at=at)
                answers.keep_opened(self.app, response, seen.link)
            else:
                paylinks.note_machine(session, seen.link, evidence=facts, at=at)
        return response

    def _seen(self, session: Session, who: Visitor, *, at: datetime) -> _Seen | None:
        standing = find(self.app, session, who, at=at)
        if standing is not None:
            about = (standing.business, standing.invoice.id)
            return _Seen(standing.link, about, standing.thresholds, standing.face is Face.PAY)
        account = find_account(self.app, session, who, at=at)
        if account is None:
            return None
        about = (account.business, account.customer.id)
        return _Seen(account.link, about, account.thresholds, account.is_live)


def judged(
    session: Session,
    standing: Standing,
    who: Visitor,
    form: Fields,
    on_page: Seal,
    *,
    at: datetime,
) -> tuple[Verdict, Mapping[str, Any]]:
    """The verdict on whoever sent a form of the pay page, and the facts it rests on."""
    about = (standing.business, standing.invoice.id)
    return judged_on(session, about, standing.thresholds, who, form, on_page, at=at)


def judged_on(
    session: Session,
    about: tuple[BusinessKey, str],
    limits: Thresholds,
    who: Visitor,
    form: Fields,
    on_page: Seal,
    *,
    at: datetime,
) -> tuple[Verdict, Mapping[str, Any]]:
    """The same for any page; `about` is what its link was mailed for."""
    sent_at = delivery.last_sent_at(session, *about)
    evidence = Evidence(
        user_agent=who.user_agent,
        trusted_event=form.get("trusted") == "1",
        # From our own seal, not from the page: a program cannot claim to have waited.
        dwell_ms=int((at - on_page.shown_at).total_seconds() * 1000),
        is_webdriver=form.get("steered") == "1",
        honeypot_hit=form.get(TRAP, "") != "",
        has_cookie=who.browser == on_page.browser,
        since_sent_s=None if sent_at is None else (at - sent_at).total_seconds(),
        script_ran=form.get("script") == "1",
        traits=_traits(who, form),
        links_touched=who.links_touched,
    )
    verdict, why = paylinks.judge(evidence, limits)
    is_early = paylinks.is_within_scan(evidence, limits) and evidence.trusted_event
    again_in_s = limits.scan_window_s - int(evidence.since_sent_s or 0) if is_early else 0
    return verdict, {
        **evidence.facts(),
        "verdict": verdict.value,
        "why": why,
        "again_in_s": again_in_s,
    }


def _traits(who: Visitor, form: Fields) -> tuple[str, ...]:
    told = form.get("traits", "").split(",")
    found = [words for name, words in _TRAITS.items() if name in told]
    return (*found, *(() if who.names_language else ("no Accept-Language",)))
