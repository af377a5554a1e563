"""Sweeps of businesses: templates that were edited are checked, then published."""

from __future__ import annotations

import logging

from worker import businesses, delivery, documents, review
from worker.actors.shapes import tour
from worker.app import App
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey

log = logging.getLogger(__name__)


@tour
def publish_templates(app: App) -> None:
    """Sweep: every business whose tree on disk differs from the set in force."""
    faults = []
    for business in app.businesses():
        try:
            publish(app, business)
        except PermanentError as e:
            # One business without usable templates must not keep the others from their own.
            log.error("%s", e)
            faults.append(e)
    if faults and len(faults) == len(app.businesses()):
        raise faults[0]


def publish(app: App, business: BusinessKey) -> str | None:
    """Check the tree on disk and put it in force; gives what is wrong with it, if anything.

    Raises PermanentError when it is broken and there is no good one to go on with.
    """
    files = app.templates_on_disk(business)
    name = businesses.set_hash(files)
    with app.reading() as s:
        in_force = businesses.newest_set(s, business)
    if in_force == name:
        return None
    problem = fault_of(app, business, app.write_out(business, name, files))
    if problem is not None and in_force is None:
        raise PermanentError(f"The templates of {business} cannot be used. {problem}")
    with app.transaction() as s:
        if problem is None:
            businesses.publish(s, business, files, at=app.now())
            review.settle(s, business, "templates", answer="mended", by="tillmail", at=app.now())
        else:
            review.ask(s, business, _broken(problem), at=app.now())
    return problem


def _broken(problem: str) -> review.Question:
    return review.Question(
        kind="template_broken",
        subject="templates",
        text=f"{problem} The last good templates stay in use; no invoice waits for this.",
    )


def fault_of(app: App, business: BusinessKey, look: documents.Look) -> str | None:
    """The first fault that making samples with a set brings up: PDFs, mails, pages."""
    rules = app.rules(business)
    try:
        for fault in app.press.check(look.folder, look.set_hash):
            return fault
        for order in documents.samples(rules, look):
            app.press.print_pdf(order)
        for letter in delivery.samples(rules, look.folder, look.set_hash):
            app.press.compose(letter)
        app.try_pages(business, look)
    except PermanentError as e:
        return str(e)
    return None
