"""Stored cards that change: a network replaced one, or one is about to expire."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy.orm import Session

from worker import autocharge, customers, delivery, paylinks, store
from worker.actors.shapes import Run, call, tour
from worker.app import App
from worker.autocharge import Mandate
from worker.delivery import Paper
from worker.kernel.clock import day_in
from worker.kernel.errors import TillmailError
from worker.kernel.ids import BusinessKey

log = logging.getLogger(__name__)

TOLD_BEFORE = timedelta(days=30)


@call
def look_up_card(run: Run) -> None:
    """Ask the gateway what a stored card is now, because somebody said that it changed."""
    with run.intent():
        pass
    facts = run.app.stored_cards(run.business).card(run.subject)
    with run.finish() as s:
        autocharge.card_changed(s, run.business, facts, at=run.app.now())


@tour
def tell_of_expiring(app: App) -> None:
    """Sweep: who stored a card that expires soon is told once, unless the network replaced it."""
    for business in app.businesses():
        if not app.rules(business).autocharge.enabled:
            continue
        with app.reading() as s:
            today = day_in(app.rules(business).time_zone, app.now())
            found = autocharge.expiring(s, business, today, today + TOLD_BEFORE)
        for mandate in found:
            try:
                _look_and_tell(app, business, mandate)
            except TillmailError as e:
                log.warning("The card of mandate %s cannot be looked up: %s", mandate.id, e)


def _look_and_tell(app: App, business: BusinessKey, mandate: Mandate) -> None:
    facts = app.stored_cards(business).card(mandate.stripe_method_id)
    # Of one card that has several consents, for several contracts, its owner is told once.
    key = f"card-expiring:{mandate.customer_id}:{facts.fingerprint}:{mandate.expires_on}"
    with app.transaction() as s:
        at = app.now()
        autocharge.card_changed(s, business, facts, at=at)
        if facts.expires_on == mandate.expires_on and store.once.is_first(s, business, key, at=at):
            _tell(app, s, business, mandate)


def _tell(app: App, s: Session, business: BusinessKey, mandate: Mandate) -> None:
    customer = customers.by_id(s, business, mandate.customer_id)
    contacts = customers.billing_contacts(s, business, mandate.customer_id)
    if customer is None or not contacts or mandate.expires_on is None:
        return
    keys, life, at = app.link_keys, app.portal_life(business), app.now()
    link = paylinks.open_portal_link(s, contacts[0], keys, life, at=at)
    paper = Paper(app.rules(business), app.look(s, business).set_hash)
    face = delivery.ExpiringFace(mandate.id, mandate.card, mandate.expires_on, link.id)
    letter = delivery.card_expiring_letter(customer, contacts[0], face, paper)
    delivery.queue(s, business, letter, paper.rules.mail, at=at)
