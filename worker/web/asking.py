"""The page that asks once more: for a press by a person, or for digits that people read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.app import App
from worker.web import answers
from worker.web.answers import Draft
from worker.web.forms import Fields, code_of, new_browser, open_seal, seal
from worker.web.standing import Standing, context, offers_of
from worker.web.ways import faces


def asks_again(
    app: App,
    session: Session,
    standing: Standing,
    what: str,
    form: Fields,
    *,
    asks_code: bool = True,
    at: datetime,
) -> Draft:
    """Who may be a program is asked once more before *what*, `pay` or `account`, is done.

    So is, without a code, who has not seen the fee that is added.
    """
    keys, link_id = app.link_keys, standing.link.id
    before = open_seal(keys, link_id, form.get("form", ""), at=at)
    browser = before.browser if before is not None else new_browser()
    token = seal(keys, link_id, browser, at=at)
    shown = open_seal(keys, link_id, token, at=at)
    code = code_of(keys, link_id, shown) if shown is not None else ""
    path = answers.path_of(app, standing.link)
    facts = context(session, standing, path=path, at=at)
    facts |= {"form": {"token": token, "code": code}, "what": what}
    facts["contact"] = form.get("contact", "")
    facts |= {"asks_code": asks_code, "adds": None}
    if what == "pay":
        facts |= faces(offers_of(session, standing), standing.still_to_pay, form)
    return Draft(standing.business, standing.language, "confirm.html", facts)
