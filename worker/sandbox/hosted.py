"""The hosted Checkout pages: the form, the bank's question, and what is over. No scripts at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from worker.sandbox import cards, sessions
from worker.sandbox.api import Api
from worker.sandbox.call import Call
from worker.sandbox.currencies import written
from worker.sandbox.state import Object
from worker.sandbox.wording import words

_PAGES = Path(__file__).parent / "pages"
_JINJA = Environment(
    loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = (_PAGES / "style.css").read_text("utf-8")
# No form-action: browsers apply it to where a form's answer redirects, and that is the seller's.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FIELDS = ("email", "number", "expiry", "cvc", "name")
_MAX_FIELD = 200

Problems = list[tuple[str, str]]


def routes(api: Api) -> list[Route]:
    pages = _Pages(api)
    return [
        Route("/c/style.css", pages.style, methods=["GET"]),
        Route("/c/pay/{id}", pages.show, methods=["GET"]),
        Route("/c/pay/{id}", pages.pay, methods=["POST"]),
        Route("/c/auth/{id}", pages.ask, methods=["GET"]),
        Route("/c/auth/{id}", pages.answer, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Pages:
    api: Api

    async def style(self, _: Request) -> Response:
        return Response(_STYLE, media_type="text/css")

    async def show(self, request: Request) -> Response:
        call, session = self._session(request)
        if call is None or session is None:
            return _missing(request)
        if session["status"] != "open":
            return _over(session, request)
        chosen = cards.by_number(request.query_params.get("card", ""))
        values = dict.fromkeys(_FIELDS, "")
        if chosen:
            values |= {"number": _spaced(chosen.number), "expiry": "12 / 34", "cvc": "123"}
            values["name"] = "Test Payer"
        return _form(session, request, values, _last_problem(call, session))

    async def pay(self, request: Request) -> Response:
        """Pressing twice, or in two tabs, pays once: the session is complete the second time."""
        form = await request.form(max_files=0, max_fields=20)
        values = {name: str(form.get(name, ""))[:_MAX_FIELD].strip() for name in _FIELDS}
        call, session = self._session(request)
        if call is None or session is None:
            return _missing(request)
        if session["status"] == "complete":
            return _to_success(session)
        if session["status"] != "open":
            return _over(session, request)
        values["email"] = session["customer_email"] or values["email"]
        problems = _problems(values, self.api.state.now())
        card = cards.by_number(_digits(values["number"]))
        if problems or card is None:
            return _form(session, request, values, problems, status=422)
        payer = {"name": values["name"], "email": values["email"]}
        with self.api.state.transaction():
            intent = sessions.pay(call, session, card, payer)
        self.api.wake.set()
        if intent["status"] == "requires_action":
            return RedirectResponse(f"/c/auth/{intent['id']}", 303)
        if intent["status"] == "succeeded":
            return _to_success(session)
        return _form(session, request, values, _last_problem(call, session), status=402)

    async def ask(self, request: Request) -> Response:
        call, intent, session = self._intent(request)
        if call is None or intent is None:
            return _missing(request)
        if intent["status"] != "requires_action":
            return _after(intent, session, request)
        return _page(
            "authenticate.html",
            _language(session, request),
            amount=_amount(intent["amount"], intent["currency"], session, request),
            intent_id=intent["id"],
        )

    async def answer(self, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=5)
        call, intent, session = self._intent(request)
        if call is None or intent is None:
            return _missing(request)
        with self.api.state.transaction():
            intent = sessions.authenticate(call, intent, agreed=form.get("answer") == "yes")
        self.api.wake.set()
        return _after(intent, session, request)

    def _session(self, request: Request) -> tuple[Call | None, Object | None]:
        id_ = request.path_params["id"]
        call = self._call(id_)
        return call, call.state.find(call.account, "checkout.session", id_) if call else None

    def _intent(self, request: Request) -> tuple[Call | None, Object | None, Object | None]:
        id_ = request.path_params["id"]
        call = self._call(id_)
        if call is None:
            return None, None, None
        intent = call.state.find(call.account, "payment_intent", id_)
        return call, intent, sessions.session_of(call, id_)

    def _call(self, id_: str) -> Call | None:
        self.api.catch_up()
        account = self.api.state.home_of(id_)
        return self.api.call_for(account) if account else None


def _problems(values: dict[str, str], now: int) -> Problems:
    """What is wrong with the form, as (field, key of the sentence)."""
    number = _digits(values["number"])
    checks = [
        ("email", "bad_email", bool(sessions.EMAIL.fullmatch(values["email"]))),
        ("number", "bad_number", cards.passes_luhn(number)),
        (
            "number",
            "not_a_test_card",
            not cards.passes_luhn(number) or cards.by_number(number) is not None,
        ),
        ("expiry", "bad_expiry", _in_future(values["expiry"], now)),
        ("cvc", "bad_cvc", bool(re.fullmatch(r"\d{3,4}", values["cvc"], re.ASCII))),
        ("name", "bad_name", bool(values["name"])),
    ]
    return [(field, key) for field, key, good in checks if not good]


def _in_future(expiry: str, now: int) -> bool:
    found = re.fullmatch(r"(\d{1,2})\s*/?\s*(?:20)?(\d{2})", expiry, re.ASCII)
    if not found or not 1 <= int(found[1]) <= 12:
        return False
    today = datetime.fromtimestamp(now, UTC)
    return (2000 + int(found[2]), int(found[1])) >= (today.year, today.month)


def _digits(number: str) -> str:
    return re.sub(r"[\s-]", "", number)


def _spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def _last_problem(call: Call, session: Object) -> Problems:
    if not session["payment_intent"]:
        return []
    error = call.get("payment_intent", session["payment_intent"])["last_payment_error"]
    if not error:
        return []
    known = words("en")
    keys = [key for key in (error["decline_code"], error["code"]) if key in known]
    return [("number", keys[0] if keys else "generic_decline")]


def _form(
    session: Object,
    request: Request,
    values: dict[str, str],
    problems: Problems,
    *,
    status: int = 200,
) -> Response:
    language = _language(session, request)
    t = words(language)
    amount = _amount(session["amount_total"], session["currency"], session, request)
    wrong = {field for field, _ in problems}
    lines = session["_expandable"]["line_items"]["data"]
    return _page(
        "checkout.html",
        language,
        status=status,
        amount=amount,
        cancel_url=session["cancel_url"],
        cards=_shown_cards(t),
        fixed_email=session["customer_email"],
        lines=[
            {
                "title": f"{line['description']}"
                + (f" × {line['quantity']}" if line["quantity"] > 1 else ""),
                "amount": _amount(line["amount_total"], line["currency"], session, request),
            }
            for line in lines
        ],
        pay_label=t["pay"].format(amount=amount),
        problems=[(field, t[key]) for field, key in problems],
        session_id=session["id"],
        show_cards=any(key == "not_a_test_card" for _, key in problems),
        title=lines[0]["description"],
        values=values,
        wrong=lambda field: (
            Markup('aria-invalid="true" aria-describedby="problems"') if field in wrong else ""
        ),
    )


def _shown_cards(t: dict[str, str]) -> Iterable[dict[str, str]]:
    for card in cards.TEST_CARDS:
        yield {
            "number": card.number,
            "spaced": _spaced(card.number),
            "does": t[f"does_{card.does}"],
        }


def _amount(amount: int, currency: str, session: Object | None, request: Request) -> str:
    return written(amount, currency, _language(session, request))


def _language(session: Object | None, request: Request) -> str:
    wanted = (session or {}).get("locale") or "auto"
    if wanted == "auto":
        wanted = request.headers.get("accept-language", "en")
    return "de" if wanted.lower().startswith("de") else "en"


def _to_success(session: Object) -> Response:
    url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})


def _after(intent: Object, session: Object | None, request: Request) -> Response:
    """Where the customer goes when the bank has answered."""
    if session is None:
        key = "complete" if intent["status"] == "succeeded" else "missing"
        return _notice(key, None, _language(None, request))
    if session["status"] == "complete":
        return _to_success(session)
    return RedirectResponse(f"/c/pay/{session['id']}", 303)


def _over(session: Object, request: Request) -> Response:
    if session["status"] == "complete":
        url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        return _notice("complete", url, _language(session, request))
    return _notice("expired", session["cancel_url"], _language(session, request), status=410)


def _missing(request: Request) -> Response:
    return _notice("missing", None, _language(None, request), status=404)


def _notice(key: str, url: str | None, language: str, *, status: int = 200) -> Response:
    t = words(language)
    title, text = t[f"{key}_title"], t[f"{key}_text"]
    return _page("notice.html", language, status=status, title=title, text=text, url=url)


def _page(template: str, language: str, *, status: int = 200, **values: Any) -> Response:
    t = words(language)
    html = _JINJA.get_template(template).render(t=t, language=language, **values)
    return HTMLResponse(html, status, headers=_HEADERS)
