"""A contact's portal for the browser that asks: contracts, cards, and what will be charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import autocharge, customers, paylinks
from worker.app import App
from worker.autocharge import Coming, ContractFace, Mandate
from worker.businesses import Rules
from worker.customers import Contact, Customer
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.paylinks import Link, LinkState
from worker.web.forms import Visitor
from worker.web.standing import link_of
from worker.web.tabs import Tab, tabs_of

# A page of more would be larger than a phone in a train should load.
_SHOWN = 24
_CONTRACTS_SHOWN = 100
# Of a card among many; its own view names them all, and the consent.
_NAMED = 12
_FEW_CARDS = 3


@dataclass(frozen=True, slots=True)
class Portal:
    """A live portal link, and whose it is. Its rows are of the session that found it."""

    business: BusinessKey
    link: Link
    customer: Customer
    contact: Contact
    rules: Rules

    @property
    def language(self) -> str:
        return self.customer.language or self.rules.language

    @property
    def charges_cards(self) -> bool:
        """Whether cards are charged for this customer at all; else none is stored here."""
        return self.rules.autocharge.enabled and self.customer.pay_links

    @property
    def masked(self) -> str:
        """The address that codes go to, as a page may show it."""
        return Address.parse(self.contact.address).masked


@dataclass(frozen=True, slots=True)
class Kept:
    """What the portal's customer has: contracts, cards with a consent, and charges to come."""

    contracts: Sequence[ContractFace]
    cards: Sequence[Mandate]
    coming: Sequence[Coming]

    def card(self, mandate_id: str) -> Mandate | None:
        """One of the customer's own cards; nobody else's."""
        return next((one for one in self.cards if one.id == mandate_id), None)


def find_portal(app: App, session: Session, visitor: Visitor, *, at: datetime) -> Portal | None:
    """The visitor's portal; None for any other token, and once the link has ended."""
    link = link_of(app, session, visitor)
    if link is None or link.contact_id is None:
        return None
    if paylinks.state_of(link, at) in (LinkState.EXPIRED, LinkState.REVOKED):
        return None
    business = BusinessKey(link.business)
    customer = customers.by_id(session, business, link.customer_id)
    contact = customers.contact(session, business, link.contact_id)
    if customer is None or contact is None:
        return None
    return Portal(business, link, customer, contact, app.rules(business))


def kept(session: Session, portal: Portal, *, at: datetime) -> Kept:
    """Everything of the customer that the tabs show."""
    business, customer_id = portal.business, portal.customer.id
    mandates = autocharge.mandates_of(session, business, [customer_id]).get(customer_id, [])
    terms = autocharge.terms_of(portal.rules)
    return Kept(
        contracts=autocharge.contracts_of(session, business, customer_id),
        cards=[one for one in mandates if one.revoked_at is None],
        coming=autocharge.foresee(session, business, customer_id, terms, at=at),
    )


def context(
    portal: Portal, own: Kept, tab: Tab, *, path: str, at: datetime, card: str = ""
) -> dict[str, Any]:
    """All that a tab's template may use, as plain values; `card` is the one that is looked at."""
    chosen = own.card(card)
    zone = portal.rules.time_zone
    given = autocharge.in_force(own.cards)
    return {
        "business": portal.rules.page_face,
        "is_test": not portal.rules.stripe.livemode,
        "link": {"path": path},
        "tabs": tabs_of(portal.link, path, tab),
        "customer": portal.customer.name,
        "to": portal.masked,
        "is_on": portal.charges_cards,
        "cards": [_card(one, own, zone, chosen) for one in own.cards[:_SHOWN]],
        "chosen": _chosen(chosen),
        "contracts": [_contract(one, own, given) for one in own.contracts[:_CONTRACTS_SHOWN]],
        "more": max(0, len(own.contracts) - _CONTRACTS_SHOWN),
        "choices": _choices(chosen.contracts if chosen is not None else (), own),
        "rest": _label(autocharge.chosen(given, None)),
        "coming": [_charge(one) for one in own.coming[:_SHOWN]],
        "today": day_in(zone, at).isoformat(),
    }


def plain(amount: Money | None) -> dict[str, object] | None:
    """An amount as templates take it."""
    return None if amount is None else {"minor": amount.minor, "currency": amount.currency}


def _chosen(card: Mandate | None) -> dict[str, Any] | None:
    """The card whose contracts are to be changed; one that its bank stopped pays nothing more."""
    if card is None or card.stopped_at is not None:
        return None
    return {"id": card.id, "label": _label(card), "contracts": list(card.contracts)}


def _card(card: Mandate, own: Kept, zone: str, chosen: Mandate | None) -> dict[str, Any]:
    given_on = day_in(zone, card.given_at)
    is_whole = card is chosen or len(own.cards) <= _FEW_CARDS
    named = list(card.contracts) if is_whole else list(card.contracts)[:_NAMED]
    return {
        "id": card.id,
        "label": _label(card),
        "expires": f"{card.expires_on:%m/%Y}" if card.expires_on else None,
        "contracts": named,
        "more": len(card.contracts) - len(named),
        "is_chosen": card is chosen,
        "per_charge": plain(card.per_charge),
        "per_month": plain(card.per_month),
        "consent": card.consent if is_whole else "",
        "given_on": given_on.isoformat(),
        "is_stopped": card.stopped_at is not None,
    }


def _choices(assigned: Sequence[str], own: Kept) -> list[dict[str, object]]:
    """Every contract that may be ticked, those that are assigned and ended meanwhile included."""
    named = [one.number for one in own.contracts[:_CONTRACTS_SHOWN]]
    titles = {one.number: one.title for one in own.contracts}
    numbers = [*named, *(number for number in assigned if number not in named)]
    return [
        {"number": number, "title": titles.get(number), "is_ticked": number in assigned}
        for number in numbers
    ]


def _contract(one: ContractFace, own: Kept, given: Sequence[Mandate]) -> dict[str, Any]:
    charges = [c for c in own.coming if c.item.contract == one.number]
    return {
        "number": one.number,
        "title": one.title,
        "card": _label(autocharge.chosen(given, one.number)),
        "next": _charge(charges[0]) if charges else None,
    }


def _charge(one: Coming) -> dict[str, Any]:
    return {
        "day": one.day.isoformat(),
        "amount": plain(one.amount),
        "number": one.item.number,
        "contract": one.item.contract,
        "card": _label(one.mandate),
        "is_announced": one.is_announced,
        "is_held": one.is_held,
    }


def _label(card: Mandate | None) -> str | None:
    """The card as its owner knows it, which no line of a page breaks."""
    return None if card is None else card.card.replace(" ", "\N{NO-BREAK SPACE}")
