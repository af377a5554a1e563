"""The page that asks once more: for a press by a person, or for digits that people read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.app import App
from worker.web import answers
from worker.web.answers import Draft
from worker.web.forms import Fields, code_of, new_browser, open_seal, seal
from worker.web.standing import Standing, context


def asks_again(
    app: App, session: Session, standing: Standing, what: str, form: Fields, *, at: datetime
) -> Draft:
    """Who may be a program is asked once more before *what*, `pay` or `account`, is done."""
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
    return Draft(standing.business, standing.language, "confirm.html", facts)
