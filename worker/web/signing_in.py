"""/sign-in/{business}: a customer who lost the portal link has it mailed to the address on file.

The answer is the same whether the address is known or not, and comes before anything is looked up,
so that its time tells nothing either.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import customers, paylinks
from worker.app import App
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address, NotAnAddress
from worker.paylinks import RenewalTerms
from worker.web import answers
from worker.web.answers import Draft
from worker.web.doorkeeper import address_of
from worker.web.forms import (
    Fields,
    Visitor,
    fields,
    new_browser,
    open_seal,
    preferred_language,
    seal,
    visitor,
)
from worker.web.opening import TRAP
from worker.web.security import crosses_sites

ASKS_A_MINUTE = 5
_MINUTE_S = 60.0
_REMEMBERED = 10_000
# Whoever owes at many of our customers gets a link for each, but no flood of mails.
_MOST_PORTALS = 10


@dataclass(slots=True)
class Pace:
    """How often each address asked within the last minute; kept in memory, and bounded."""

    clock: Callable[[], float] = time.monotonic
    _asked: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, address: str) -> bool:
        """Whether this address may ask once more; asking counts."""
        now = self.clock()
        with self._lock:
            times = self._asked.setdefault(address, deque(maxlen=ASKS_A_MINUTE))
            self._asked.move_to_end(address)
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
            if len(times) == ASKS_A_MINUTE and now - times[0] < _MINUTE_S:
                return False
            times.append(now)
            return True


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The sign-in page of each business."""

    app: App
    pace: Pace = field(default_factory=Pace)

    async def show(self, request: Request) -> Response:
        """GET /sign-in/{business}"""
        return await run_in_threadpool(self._show, visitor(request), _named(request))

    async def ask(self, request: Request) -> Response:
        """POST /sign-in/{business}: the same answer to everybody."""
        who, form, business = visitor(request), await fields(request), _named(request)
        if business not in self.app.businesses():
            return answers.not_found(self.app, who)
        is_heard = not crosses_sites(request.headers.get("sec-fetch-site"))
        if is_heard and self.pace.allows(address_of(request)):
            task = BackgroundTask(run_in_threadpool, self._mail, business, form)
        else:
            task = None
        facts = self._facts(business) | {"is_asked": True, "form": {"token": ""}}
        language = preferred_language(request)
        draft = Draft(business, language, "sign_in.html", facts)
        response = await run_in_threadpool(answers.page, self.app, draft)
        response.background = task
        # Nor shall the next answer on the same connection, which would wait for what is done now.
        response.headers["Connection"] = "close"
        return response

    def _show(self, who: Visitor, business: BusinessKey) -> Response:
        if business not in self.app.businesses():
            return answers.not_found(self.app, who)
        token = seal(
            self.app.link_keys,
            _purpose(business),
            who.browser or new_browser(),
            at=self.app.now(),
        )
        facts = self._facts(business) | {"is_asked": False, "form": {"token": token}}
        return answers.page(self.app, Draft(business, who.language, "sign_in.html", facts))

    def _facts(self, business: BusinessKey) -> dict[str, object]:
        rules = self.app.rules(business)
        return {
            "business": rules.page_face,
            "is_test": not rules.stripe.livemode,
            "path": f"/sign-in/{business}",
        }

    def _mail(self, business: BusinessKey, form: Fields) -> None:
        at, keys = self.app.now(), self.app.link_keys
        on_page = open_seal(keys, _purpose(business), form.get("form", ""), at=at)
        try:
            address = Address.parse(form.get("email", "").strip())
        except NotAnAddress:
            return
        if on_page is None or form.get(TRAP, ""):
            return
        rules, life = self.app.rules(business), self.app.portal_life(business)
        terms = RenewalTerms(keys, life, rules.links.renewals_per_day)
        with self.app.reading() as session:
            known = customers.contacts_at(session, business, str(address))
            ids = [contact.id for contact in known][:_MOST_PORTALS]
        for contact_id in ids:
            with self.app.transaction() as session:
                contact = customers.contact(session, business, contact_id)
                if contact is not None:
                    paylinks.ask_portal(session, contact, terms, at=at)


def _named(request: Request) -> BusinessKey:
    return BusinessKey(str(request.path_params["business"]))


def _purpose(business: BusinessKey) -> str:
    return f"sign-in.{business}"
