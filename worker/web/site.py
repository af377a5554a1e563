"""Every address of the site, and what is said when something goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from worker.app import App
from worker.kernel.errors import TillmailError
from worker.web import answers
from worker.web.checking_out import CheckingOut
from worker.web.doorkeeper import Doorkeeper
from worker.web.forms import MAX_FORM_BYTES, preferred_language, visitor
from worker.web.health import Health
from worker.web.hooks import MAX_EVENT_BYTES, Hooks
from worker.web.opening import Opening
from worker.web.pay_page import PayPage
from worker.web.portal_page import PortalPage
from worker.web.receipt_page import ReceiptPage
from worker.web.renewing import Renewing
from worker.web.security import SecureAnswers, is_https
from worker.web.seeing import Seeing
from worker.web.signing_in import SigningIn
from worker.web.thanks import ThanksPage
from worker.web.wishing import Wishing

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

_MESSAGES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


def build(app: App) -> Starlette:
    """The site as an ASGI application. The access log must stay off: addresses are secrets."""
    pages, opening, paying = PayPage(app), Opening(app), CheckingOut(app)
    renewing, hooks, health = Renewing(app), Hooks(app), Health(app)
    portal, wishing, signing_in = PortalPage(app), Wishing(app), SigningIn(app)
    explain = _Explain(app)
    door = Doorkeeper(lambda request: answers.not_found(app, visitor(request))).guard
    site = Starlette(
        routes=[
            _get("/l/{token}", door(pages.show)),
            _get("/l/{token}/thanks", door(ThanksPage(app).show)),
            _get("/l/{token}/document", door(pages.document)),
            _get("/l/{token}/transfer.png", door(pages.transfer_code)),
            _get("/l/{token}/items/{item}/document", door(pages.item_document)),
            _get("/l/{token}/receipt/{receipt}", door(ReceiptPage(app).show)),
            _post("/l/{token}/open", door(opening.note), MAX_FORM_BYTES),
            _post("/l/{token}/pay", door(paying.pay), MAX_FORM_BYTES),
            _post("/l/{token}/account", door(renewing.mail_account), MAX_FORM_BYTES),
            _post("/l/{token}/renew", door(renewing.renew), MAX_FORM_BYTES),
            _get("/l/{token}/contracts", door(portal.contracts)),
            _get("/l/{token}/cards", door(portal.cards)),
            _post("/l/{token}/wish", door(wishing.ask), MAX_FORM_BYTES),
            _get("/l/{token}/code", door(wishing.show)),
            _post("/l/{token}/code", door(wishing.confirm), MAX_FORM_BYTES),
            _get("/sign-in/{business}", signing_in.show),
            _post("/sign-in/{business}", signing_in.ask, MAX_FORM_BYTES),
            _get("/card/stored", explain.card_stored),
            _get("/card/not-stored", explain.card_not_stored),
            _get("/o/{business}/{link}/{signature}", Seeing(app).look),
            _post("/hooks/stripe/{business}", hooks.stripe, MAX_EVENT_BYTES),
            _get("/health", health.alive),
            _get("/ready", health.ready),
        ],
        middleware=[Middleware(SecureAnswers, https=is_https(app.settings))],
        exception_handlers={
            HTTPException: explain.refused,
            TillmailError: explain.broken,
            SQLAlchemyError: explain.broken,
            Exception: explain.broken,
        },
    )
    # Starlette would build the address of the redirect from the Host header.
    site.router.redirect_slashes = False
    return site


def _get(path: str, handler: Handler) -> Route:
    return Route(path, handler, methods=["GET"])


def _post(path: str, handler: Handler, limit_bytes: int) -> Route:
    return Route(path, handler, methods=["POST"], max_body_size=limit_bytes)


class _Explain:
    """Errors as pages that say what to do and nothing else."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def refused(self, request: Request, error: Exception) -> Response:
        """404, 405, 413 and their like."""
        status = error.status_code if isinstance(error, HTTPException) else 400
        headers = getattr(error, "headers", None) or {}
        what = _MESSAGES.get(HTTPStatus(status), "not_allowed")
        if request.url.path.startswith("/hooks/"):
            return PlainTextResponse(HTTPStatus(status).phrase, status, headers)
        response = answers.message(self._app, what, preferred_language(request), status=status)
        response.headers.update(headers)
        return response

    async def card_stored(self, request: Request) -> Response:
        """GET /card/stored: where Stripe sends whoever stored a card on a page of staff's."""
        return self._said(request, "card_stored")

    async def card_not_stored(self, request: Request) -> Response:
        """GET /card/not-stored: and whoever turned back there."""
        return self._said(request, "card_not_stored")

    def _said(self, request: Request, what: str) -> Response:
        language = preferred_language(request)
        return answers.message(self._app, what, language, status=HTTPStatus.OK)

    async def broken(self, request: Request, error: Exception) -> Response:
        """Our fault, or a database that is away: logged without the address, which is a secret."""
        log.error("a page broke: %s: %s", type(error).__name__, _harmless(error))
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return answers.message(self._app, "broken", preferred_language(request), status=status)


def _harmless(error: Exception) -> str:
    """The message of our own errors, which hold ids only; a database's would hold its values."""
    return str(error) if isinstance(error, TillmailError) else "see the database's log"
