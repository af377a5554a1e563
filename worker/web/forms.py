"""What our pages hand to a browser and get back: a sealed form, and two cookies.

The address of a page is a secret in itself, so a form that names it comes from who has the link.
The seal ties it to the page that was shown and says when, which is how long somebody read.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from worker.paylinks import LinkKeys

BROWSER_COOKIE = "tillmail_browser"
OPENED_COOKIE = "tillmail_opened"
FORM_LIFE = timedelta(hours=12)
# Browsers keep no cookie longer than 400 days.
COOKIE_LIFE = timedelta(days=400)
MAX_FORM_BYTES = 16_384
_MAX_FIELDS = 150
_MAX_VALUE = 400
TOKEN = re.compile(r"[a-z2-7]{32}", re.ASCII)
_BROWSER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SEAL = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{32})\.([a-z2-7]{32})", re.ASCII)

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the token in the address, and what the browser says of itself.

    `currency` is the one that a portal's page was asked for, as the address says it.
    """

    token: str
    browser: str | None
    opened: str
    user_agent: str
    language: str
    names_language: bool
    links_touched: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """The page a form was on: which browser it was shown to, and when."""

    browser: str
    shown_at: datetime


def visitor(request: Request) -> Visitor:
    """The visitor of a page below `/l/{token}`."""
    browser = request.cookies.get(BROWSER_COOKIE, "")
    return Visitor(
        token=str(request.path_params.get("token", "")),
        browser=browser if _BROWSER.fullmatch(browser) else None,
        opened=request.cookies.get(OPENED_COOKIE, ""),
        user_agent=request.headers.get("user-agent", ""),
        language=preferred_language(request),
        names_language=bool(request.headers.get("accept-language")),
        links_touched=getattr(request.state, "links_touched", 1),
        currency=request.query_params.get("in", "")[:3],
    )


async def fields(request: Request) -> Fields:
    """The form's fields, each once; a field sent twice counts as absent."""
    async with request.form(max_files=0, max_fields=_MAX_FIELDS) as form:
        return _once(form)


def _once(form: FormData) -> Fields:
    names = [name for name, _ in form.multi_items()]
    return {
        name: value[:_MAX_VALUE]
        for name, value in form.multi_items()
        if isinstance(value, str) and names.count(name) == 1
    }


def preferred_language(request: Request) -> str:
    """The first of our languages that the browser names; for pages that are no business's."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tongue = part.split(";")[0].strip().lower().partition("-")[0]
        if tongue in ("en", "de"):
            return tongue
    return "en"


def new_browser() -> str:
    """A name for a browser that has none yet: 128 random bits."""
    return secrets.token_hex(16)


def seal(keys: LinkKeys, link_id: str, browser: str, *, at: datetime) -> str:
    """The hidden field of a form on a page shown now."""
    facts = f"{int(at.timestamp() * 1000):x}.{browser}"
    return f"{facts}.{keys.sign('form', f'{link_id}.{facts}')}"


def open_seal(
    keys: LinkKeys, link_id: str, value: str, *, at: datetime, life: timedelta = FORM_LIFE
) -> Seal | None:
    """The page that a form was on; None when the seal is not ours or too old."""
    match = _SEAL.fullmatch(value)
    if match is None:
        return None
    facts = f"{match[1]}.{match[2]}"
    if not keys.is_signed("form", f"{link_id}.{facts}", match[3]):
        return None
    shown_at = datetime.fromtimestamp(int(match[1], 16) / 1000, UTC)
    return Seal(match[2], shown_at) if at - shown_at <= life else None


def code_of(keys: LinkKeys, link_id: str, page: Seal) -> str:
    """Four digits that the page with this seal asks a person to type."""
    signed = keys.sign("code", f"{link_id}.{page.browser}.{page.shown_at.timestamp()}")
    return str(1000 + int(signed, 36) % 9000)


def opened_proof(keys: LinkKeys, link_id: str) -> str:
    """What the browser keeps that opened this link."""
    return keys.sign("opened", link_id)


def has_opened(keys: LinkKeys, link_id: str, proof: str) -> bool:
    """Whether this is the proof that `opened_proof` gave for the link."""
    return keys.is_signed("opened", link_id, proof)


def set_cookie(response: Response, name: str, value: str, *, path: str, is_https: bool) -> None:
    """Lax, not Strict: a link is followed from a mail, and the payer returns from the gateway."""
    response.set_cookie(
        name,
        value,
        max_age=int(COOKIE_LIFE.total_seconds()),
        path=path,
        secure=is_https,
        httponly=True,
        samesite="lax",
    )
