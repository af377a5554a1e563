"""Answers in our look: a business's page, or a plain one that tells nobody anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from worker.app import App
from worker.kernel.ids import BusinessKey
from worker.paylinks import Link
from worker.web.forms import (
    BROWSER_COOKIE,
    OPENED_COOKIE,
    Visitor,
    opened_proof,
    set_cookie,
)
from worker.web.security import checkout_origin, is_https, page_policy

_NOBODY: dict[str, object] = {
    "name": "",
    "legal_name": "",
    "address_lines": [],
    "vat_id": "",
    "email": "",
    "phone": "",
    "colour": "#3d4658",
    "logo": None,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A page of a business, all its values gathered: rendered when no transaction is open."""

    business: BusinessKey
    language: str
    template: str
    context: Mapping[str, object]
    status: HTTPStatus = HTTPStatus.OK


def page(app: App, draft: Draft) -> Response:
    """A page of the business that the link belongs to."""
    made = app.page(draft.business, draft.template, draft.language, draft.context)
    checkout = checkout_origin(app.settings, app.rules(draft.business))
    policy = page_policy(made.style_hash, made.script_hash, checkout=checkout)
    return HTMLResponse(made.html, draft.status, {"Content-Security-Policy": policy})


def message(app: App, what: str, language: str, *, status: int = HTTPStatus.OK) -> Response:
    """A page of nobody's; the same for everybody who gets it."""
    context = {"business": _NOBODY, "is_test": False, "what": what}
    made = app.plain_page("message.html", language, context)
    policy = page_policy(made.style_hash, made.script_hash, checkout=None)
    return HTMLResponse(made.html, status, {"Content-Security-Policy": policy})


def not_found(app: App, visitor: Visitor) -> Response:
    """One answer to every token that is not ours, whatever is wrong with it."""
    return message(app, "not_found", visitor.language, status=HTTPStatus.NOT_FOUND)


def see_other(address: str) -> Response:
    """Go there with a GET."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def path_of(app: App, link: Link) -> str:
    """The path of a link's page, as customers reach it."""
    return urlsplit(app.link_url(link)).path


def keep_name(app: App, response: Response, browser: str) -> None:
    """Let the browser keep its name."""
    set_cookie(response, BROWSER_COOKIE, browser, path="/", is_https=is_https(app.settings))


def keep_opened(app: App, response: Response, link: Link) -> None:
    """Let the browser prove later that it opened this link."""
    proof = opened_proof(app.link_keys, link.id)
    path = path_of(app, link)
    set_cookie(response, OPENED_COOKIE, proof, path=path, is_https=is_https(app.settings))
