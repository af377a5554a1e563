"""The demo's customer: opens the pay page and pays on the hosted page, over real HTTP."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import urljoin

import requests
from lxml import html

from worker.kernel.errors import PermanentError

_TIMEOUT_S = 20
_CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Demo Payer"}


def pay(url: str) -> str:
    """Pay what the page at this address asks for; gives the headline of the page after it."""
    with requests.Session() as browser:
        hosted = go_to_checkout(browser, url)
        after = _submit(browser, hosted, ending=None, values=_CARD)
        said = " ".join(_parsed(after).find(".//main").text_content().split())
        if "/thanks" not in after.url:
            raise PermanentError(f"The payment did not go through. The page says: {said[:300]}")
        return " ".join(_parsed(after).find(".//h1").text_content().split())


def store_card(url: str) -> None:
    """Fill in the hosted page at this address, which keeps a card and takes nothing."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=_TIMEOUT_S)
        _submit(browser, page, ending=None, values=_CARD)


def go_to_checkout(browser: requests.Session, url: str) -> requests.Response:
    """The hosted page that the pay button of the page at this address leads to."""
    page = browser.get(url, timeout=_TIMEOUT_S)
    hosted = _submit(browser, page, ending="/pay", values={})
    if hosted.url.startswith(url):
        # Who pays without a browser is asked to type what the page shows to people.
        hosted = _submit(browser, hosted, ending="/pay", values={"code": _code_on(hosted)})
    return hosted


def _submit(
    browser: requests.Session,
    page: requests.Response,
    *,
    ending: str | None,
    values: dict[str, str],
) -> requests.Response:
    """Fill in a form of the page and send it, as a browser without scripts does."""
    page.raise_for_status()
    for form in _parsed(page).forms:
        action = urljoin(page.url, form.action or page.url)
        if form.method.upper() == "POST" and (ending is None or action.endswith(ending)):
            fields = {name: value or "" for name, value in form.form_values()}
            fields |= {name: value for name, value in values.items() if name in form.fields}
            answer = browser.post(action, data=fields, timeout=_TIMEOUT_S)
            answer.raise_for_status()
            return answer
    raise PermanentError(f"The page at {page.url} has no form to pay with.")


def _code_on(page: requests.Response) -> str:
    label = _parsed(page).find(".//label[@for='code']")
    found = re.search(r"\b[0-9]{4}\b", label.text_content()) if label is not None else None
    return found[0] if found else ""


def _parsed(page: requests.Response) -> html.HtmlElement:
    return cast(html.HtmlElement, html.document_fromstring(page.text))
