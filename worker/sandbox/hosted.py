"""The hosted Checkout pages: the form, the bank's question, and what is over. No scripts at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from worker.sandbox import completion, forms, methods, sessions
from worker.sandbox.api import Api
from worker.sandbox.call import Call
from worker.sandbox.currencies import written
from worker.sandbox.forms import Form, Problems
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError
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
_DONE = ("succeeded", "processing")


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
        form = forms.filled(request.query_params, session)
        if form.kind == "card":
            form = form.wrong(_last_problem(call, session))
        return _form(call, session, request, form)

    async def pay(self, request: Request) -> Response:
        """Pressing twice, or in two tabs, pays once: the session is complete the second time."""
        typed = await request.form(max_files=0, max_fields=20)
        call, session = self._session(request)
        if call is None or session is None:
            return _missing(request)
        if session["status"] == "complete":
            return _to_success(session)
        if session["status"] != "open":
            return _over(session, request)
        form = forms.read(typed, session)
        problems = [] if form.saved else forms.problems(form, self.api.state.now())
        if problems:
            return _form(call, session, request, form.wrong(problems), status=422)
        with self.api.state.transaction():
            made = _confirm(call, session, form)
        self.api.wake.set()
        if made is None:
            return _form(call, session, request, form.wrong([("saved", "not_saved")]), status=422)
        if made["status"] == "requires_action":
            return RedirectResponse(f"/c/auth/{made['id']}", 303)
        if made["status"] in _DONE:
            return _to_success(session)
        return _form(call, session, request, form.wrong(_last_problem(call, session)), status=402)

    async def ask(self, request: Request) -> Response:
        call, made = self._made(request)
        if call is None or made is None:
            return _missing(request)
        session = completion.session_of(call, made)
        if made["status"] != "requires_action":
            return _after(made, session, request)
        amount = ""
        if made["object"] == "payment_intent":
            amount = _amount(made["amount"], made["currency"], session, request)
        return _page(
            "authenticate.html", _language(session, request), amount=amount, intent_id=made["id"]
        )

    async def answer(self, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=5)
        call, made = self._made(request)
        if call is None or made is None:
            return _missing(request)
        with self.api.state.transaction():
            made = sessions.authenticate(call, made, agreed=form.get("answer") == "yes")
        self.api.wake.set()
        return _after(made, completion.session_of(call, made), request)

    def _session(self, request: Request) -> tuple[Call | None, Object | None]:
        id_ = request.path_params["id"]
        call = self._call(id_)
        return call, call.state.find(call.account, "checkout.session", id_) if call else None

    def _made(self, request: Request) -> tuple[Call | None, Object | None]:
        """The PaymentIntent or SetupIntent of the path."""
        id_ = request.path_params["id"]
        call = self._call(id_)
        if call is None:
            return None, None
        kind = "setup_intent" if id_.startswith("seti_") else "payment_intent"
        return call, call.state.find(call.account, kind, id_)

    def _call(self, id_: str) -> Call | None:
        self.api.catch_up()
        account = self.api.state.home_of(id_)
        return self.api.call_for(account) if account else None


def _confirm(call: Call, session: Object, form: Form) -> Object | None:
    """What the session made of the form; None if it names a method that cannot be used."""
    if not form.saved:
        method = forms.method_of(call, form)
        return (
            sessions.confirm(call, session, method, form.payer, save=form.save) if method else None
        )
    saved = {one["id"]: one for one in sessions.saved_methods(call, session)}
    if form.saved not in saved:
        return None
    method = saved[form.saved]
    try:
        methods.used(call, form.saved, session["customer"])
    except ApiError:
        return None
    return sessions.confirm(call, session, method, {})


def _last_problem(call: Call, session: Object) -> Problems:
    made = sessions.made_by(call, session)
    error = made and (made.get("last_payment_error") or made.get("last_setup_error"))
    if not error:
        return []
    known = words("en")
    keys = [key for key in (error["decline_code"], error["code"]) if key in known]
    return [("number", keys[0] if keys else "generic_decline")]


def _form(
    call: Call, session: Object, request: Request, form: Form, *, status: int = 200
) -> Response:
    language = _language(session, request)
    t = words(language)
    wrong = {field for field, _ in form.problems}
    lines = session["_expandable"].get("line_items", {"data": []})["data"]
    is_setup = session["mode"] == "setup"
    amount = "" if is_setup else _session_amount(session, request)
    return _page(
        "checkout.html",
        language,
        status=status,
        amount=amount,
        cancel_url=session["cancel_url"],
        can_save=(session["saved_payment_method_options"] or {}).get("payment_method_save")
        == "enabled",
        consent=_consent(session, form, t),
        examples=_examples(form, language, t),
        fields=[(name, t[f"field_{name}"]) for name in forms.FIELDS[form.kind]],
        fixed_email=session["customer_details"]["email"],
        heading=t[f"by_{form.kind}"],
        is_setup=is_setup,
        kind=form.kind,
        kinds=[(kind, t[f"tab_{kind}"]) for kind in session["payment_method_types"]],
        lines=[_shown_line(line, session, request) for line in lines],
        pay_label=t["save_method"] if is_setup else t["pay"].format(amount=amount),
        problems=[(field, t[key]) for field, key in form.problems],
        saved=[(one["id"], _title(one)) for one in sessions.saved_methods(call, session)],
        session_id=session["id"],
        show_examples=any(key.startswith("not_a_test") for _, key in form.problems),
        title=t["setup_title"] if is_setup else lines[0]["description"],
        values=form.values,
        wrong=lambda field: (
            Markup('aria-invalid="true" aria-describedby="problems"') if field in wrong else ""
        ),
    )


def _shown_line(line: Object, session: Object, request: Request) -> dict[str, str]:
    times = f" × {line['quantity']}" if line["quantity"] > 1 else ""
    return {
        "title": f"{line['description']}{times}",
        "amount": _amount(line["amount_total"], line["currency"], session, request),
    }


def _consent(session: Object, form: Form, t: dict[str, str]) -> str:
    """What the payer agrees to by pressing the button."""
    if form.kind != "card":
        return t["consent_debit"]
    is_kept = session["_intent_data"].get("setup_future_usage") == "off_session"
    return t["consent_card"] if session["mode"] == "setup" or is_kept else ""


def _examples(form: Form, language: str, t: dict[str, str]) -> Iterable[dict[str, str]]:
    for choice, number, does in forms.examples(form.kind, language):
        yield {
            "query": f"method={form.kind}&{choice}={number}",
            "spaced": forms.spaced(number) if form.kind in ("card", "sepa_debit") else number,
            "does": t[f"does_{does}"],
        }


def _title(method: Object) -> str:
    details = method[method["type"]]
    name = details.get("brand") or details.get("bank_name") or details.get("country") or "Bacs"
    return f"{str(name).capitalize()} •••• {details['last4']}"


def _session_amount(session: Object, request: Request) -> str:
    return _amount(session["amount_total"], session["currency"], session, request)


def _amount(amount: int, currency: str, session: Object | None, request: Request) -> str:
    return written(amount, currency, _language(session, request))


def _language(session: Object | None, request: Request) -> str:
    wanted = (session or {}).get("locale") or "auto"
    if wanted == "auto":
        wanted = request.headers.get("accept-language", "en")
    return "de" if wanted.lower().startswith("de") else "en"


def _to_success(session: Object) -> Response:
    return RedirectResponse(_success_url(session), 303, headers={"Cache-Control": "no-store"})


def _success_url(session: Object) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _after(made: Object, session: Object | None, request: Request) -> Response:
    """Where the customer goes when the bank has answered."""
    if session is None:
        back = made.get("_return_url")
        if back:
            return RedirectResponse(back, 303)
        key = "complete" if made["status"] == "succeeded" else "missing"
        return _notice(key, None, _language(None, request))
    if session["status"] == "complete":
        return _to_success(session)
    return RedirectResponse(f"/c/pay/{session['id']}", 303)


def _over(session: Object, request: Request) -> Response:
    if session["status"] == "complete":
        return _notice("complete", _success_url(session), _language(session, request))
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
