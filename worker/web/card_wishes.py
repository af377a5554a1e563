"""What may be wished for a portal's cards, how it is put in words, and how it is done."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from worker import autocharge, paylinks
from worker.app import App
from worker.autocharge import CardLink, CardOrder, Consent, Given, Mandate
from worker.kernel.errors import PermanentError, Refused, TransientError
from worker.kernel.ids import BusinessKey
from worker.paylinks import Confirmation
from worker.web import answers
from worker.web.forms import Fields
from worker.web.portal import Kept, Portal, plain

log = logging.getLogger(__name__)


class NoWish(StrEnum):
    """Why a form asks for nothing that can be done; what the page says then."""

    NOTHING = "nothing"
    CHANGED = "changed"
    OFTEN = "often"


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish that can be done: its kind and what it needs to know."""

    what: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """A confirmed wish for another card: its row is committed, and the hosted page is next."""

    business: BusinessKey
    link: CardLink
    order: CardOrder
    path: str


def wish_of(portal: Portal, own: Kept, form: Fields) -> Asked | NoWish:
    """The wish in a form, if it is for the customer's own cards and contracts."""
    what = form.get("do", "")
    if what not in ("store_card", "assign_card", "remove_card"):
        return NoWish.CHANGED
    if portal.contact.suppressed_at is not None:
        return NoWish.OFTEN  # No code would arrive.
    if what != "remove_card" and not portal.charges_cards:
        return NoWish.CHANGED
    details: dict[str, Any] = {}
    if what != "store_card":
        card = own.card(form.get("mandate", ""))
        if card is None:
            return NoWish.CHANGED
        details["mandate"] = card.id
    if what != "remove_card":
        ticked = {value for name, value in form.items() if name.startswith("contract.")}
        known = [one.number for one in own.contracts if one.number in ticked]
        if form.get("scope") != "all" and not known:
            return NoWish.NOTHING
        details["contracts"] = [] if form.get("scope") == "all" else known
    return Asked(what, details)


@dataclass(frozen=True, slots=True)
class CardWishes:
    """Doing what a code has confirmed."""

    app: App

    def worded(self, portal: Portal, own: Kept, asked: Asked) -> Asked:
        """The wish with the words of the consent that goes with it; rendered, so in no
        transaction."""
        if asked.what == "remove_card":
            return asked
        card, rules = own.card(str(asked.details.get("mandate", ""))), portal.rules
        facts = {
            "business": rules.page_face,
            "name": rules.legal_name or rules.name,
            "days": rules.autocharge.delay_days,
            "per_charge": plain(card.per_charge) if card is not None else None,
            "per_month": plain(card.per_month) if card is not None else None,
            "contracts": ", ".join(asked.details["contracts"]),
        }
        made = self.app.page(portal.business, "card_consent.txt", portal.language, facts)
        return Asked(asked.what, {**asked.details, "words": made.html.strip()})

    def words_of(self, session: Session, portal: Portal, asked: Confirmation) -> dict[str, Any]:
        """The wish as its page says it: the card, and the words of the consent if one is given."""
        card = self._card(session, portal, asked)
        return {
            "card": card.card if card is not None else "",
            "contracts": asked.details.get("contracts", []),
            "consent": asked.details.get("words", ""),
        }

    def do(
        self, session: Session, portal: Portal, asked: Confirmation, *, at: datetime
    ) -> Response | Opening:
        """Do it, and write down who did; raises Refused when the card is not there any more."""
        card, path = self._card(session, portal, asked), answers.path_of(self.app, portal.link)
        who = portal.contact.address
        facts: dict[str, Any] = {"confirmation": asked.id, **asked.details}
        consent = self._consent(portal, asked, card)
        if asked.what == "store_card" and consent is not None:
            link = autocharge.ask_for_card(session, portal.customer, consent, by=who, at=at)
            facts["card_link"] = link.id
            self._note(session, portal, "card_asked", facts, at=at)
            return Opening(portal.business, link, self._order(portal, link), path)
        if card is None:
            raise Refused("The card is not stored any more.")
        facts["card"] = card.card
        if asked.what == "remove_card" or consent is None:
            autocharge.remove(session, card, by=who, because="removed on the portal", at=at)
            self._note(session, portal, "card_removed", facts, at=at)
            return answers.see_other(f"{path}/cards?said=removed")
        given = Given(at, "portal", f"the code of {asked.id}", who)
        fresh = autocharge.reassign(session, card, consent, given, at=at)
        self._note(session, portal, "card_assigned", facts | {"now": fresh.id}, at=at)
        return answers.see_other(f"{path}/cards?said=assigned")

    async def go_on(self, opening: Opening) -> Response:
        """To the gateway's page for the card; back to the tab when nobody answers there."""
        url = await run_in_threadpool(self._open, opening)
        return answers.see_other(url or f"{opening.path}/cards?said=unreachable")

    def _open(self, opening: Opening) -> str | None:
        cards, link = self.app.stored_cards(opening.business), opening.link
        try:
            page = cards.open_page(opening.order, key=link.key)
        except (TransientError, PermanentError) as e:
            log.warning("card page %s did not open: %s", link.id, e)
            return None
        with self.app.transaction() as session:
            there = autocharge.card_link(session, opening.business, link.id)
            if there is not None:
                autocharge.page_opened(session, there, page)
        return page.url

    def _card(self, session: Session, portal: Portal, asked: Confirmation) -> Mandate | None:
        found = autocharge.mandate(session, portal.business, str(asked.details.get("mandate", "")))
        is_own = found is not None and found.customer_id == portal.customer.id
        return found if is_own and found is not None and found.revoked_at is None else None

    def _consent(self, portal: Portal, asked: Confirmation, card: Mandate | None) -> Consent | None:
        """What the customer agreed to with this wish; limits of a card stay as they were."""
        if asked.what == "remove_card":
            return None
        return Consent(
            words=asked.details["words"],
            currency=card.currency if card is not None else portal.rules.currency,
            per_charge=card.per_charge if card is not None else None,
            per_month=card.per_month if card is not None else None,
            contracts=tuple(asked.details["contracts"]),
        )

    def _order(self, portal: Portal, link: CardLink) -> CardOrder:
        url = f"{self.app.link_url(portal.link)}/cards"
        to = portal.contact.address
        order = autocharge.card_order(
            link, portal.customer, email=to, language=portal.language, url=url
        )
        return replace(order, success_url=f"{url}?said=stored")

    def _note(
        self, session: Session, portal: Portal, kind: str, facts: dict[str, Any], *, at: datetime
    ) -> None:
        who = portal.contact.address
        paylinks.note(session, portal.link, kind, who=who, at=at, evidence=facts)
