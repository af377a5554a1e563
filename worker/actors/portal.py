"""Steps of the portal: the mail with a code, and what a mail says only when it is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from worker import autocharge, customers, delivery, paylinks
from worker.app import App
from worker.delivery import Letter, Notice, Paper
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey


def queue_code(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the mail with the code that a wish on a portal waits for."""
    asked = paylinks.confirmation(s, event.business, event.subject)
    contact = customers.contact(s, event.business, asked.contact_id) if asked else None
    if asked is None or contact is None:
        return
    mandate = autocharge.mandate(s, event.business, str(asked.details.get("mandate", "")))
    wanted = delivery.Wanted(
        confirmation=asked.id,
        what=asked.what,
        card=mandate.card if mandate is not None else "",
        contracts=asked.details.get("contracts", []),
    )
    paper = Paper(app.rules(event.business), app.look(s, event.business).set_hash)
    letter = delivery.code_letter(s, contact, wanted, paper)
    delivery.queue(s, event.business, letter, paper.rules.mail, at=at)


def secrets_of(app: App, s: Session, notice: Notice) -> dict[str, str]:
    """What a mail says and no row holds: a portal's address, a code. Made anew for each sending."""
    business, context = BusinessKey(notice.business), notice.context
    if context.get("confirmation"):
        asked = paylinks.confirmation(s, business, context["confirmation"])
        return {"code": paylinks.code_of(asked, app.link_keys)} if asked is not None else {}
    if not context.get("portal_link"):
        return {}
    link = paylinks.by_id(s, business, context["portal_link"])
    return {"portal_url": app.link_url(link)} if link is not None else {}


def with_portal(
    app: App, s: Session, business: BusinessKey, letter: Letter, *, at: datetime
) -> Letter:
    """An invoice's letter with its recipient's portal link, where the business wants that."""
    if not app.rules(business).links.portal_in_mails or letter.kind != "invoice":
        return letter
    contact = customers.contact_at(s, business, letter.customer_id or "", letter.recipient)
    if contact is None or contact.suppressed_at is not None or not contact.is_billing:
        return letter
    life = app.portal_life(business)
    link = paylinks.open_portal_link(s, contact, app.link_keys, life, at=at)
    return replace(letter, context={**letter.context, "portal_link": link.id})
