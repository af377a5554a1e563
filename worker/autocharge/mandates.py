"""Consent: written down by staff with its evidence, or given on a hosted page; and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from worker import customers, review
from worker.autocharge import records
from worker.autocharge.model import CardLink, Mandate
from worker.autocharge.ports import CardFacts, CardOrder, CardPage
from worker.customers import Customer
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import CardLinkHeard, CardRemoved
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.store import tell

PAGE_LIFE = timedelta(hours=23)
FIRST_LOOK = timedelta(minutes=1)
LAST_LOOK_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer agreed to: the words, and the limits in them. No contracts: all of them."""

    words: str
    currency: str
    per_charge: Money | None = None
    per_month: Money | None = None
    contracts: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Which words these are."""
        return sha256(self.words.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Given:
    """When, where and how a consent was given, and who wrote it down."""

    at: datetime
    where: str
    how: str
    by: str


def record(
    session: Session,
    customer: Customer,
    card: CardFacts,
    consent: Consent,
    given: Given,
    *,
    at: datetime,
) -> Mandate:
    """The mandate for a card that the gateway keeps. Raises Refused when it cannot be charged."""
    if card.customer_id is None:
        raise Refused(
            f"{card.method_id} belongs to no customer at Stripe, so it cannot be charged later. "
            "Send the customer a card link: tillmail customers card-link"
        )
    if not consent.words.strip():
        raise Refused("A consent needs its words: what exactly did the customer agree to?")
    _check_limits(consent)
    if given.at > at:
        raise Refused("A consent cannot be given in the future.")
    business = BusinessKey(customer.business)
    customers.lock(session, business, customer.id)
    for there in records.mandates_of(session, business, [customer.id]).get(customer.id, ()):
        if there.stripe_method_id == card.method_id and there.revoked_at is None:
            raise Refused(f"This card has a mandate in force: {there.id}. Revoke that one first.")
    mandate = _row(customer, card, consent, given, at=at)
    session.add(mandate)
    session.flush()
    return mandate


def revoke(session: Session, mandate: Mandate, *, by: str, because: str, at: datetime) -> None:
    """End a consent; what is planned on it ends when its time comes, without a call."""
    if mandate.revoked_at is None:
        mandate.revoked_at, mandate.revoked_by = at, by
        mandate.revoked_because = because
        for charge in records.on_mandate(session, mandate):
            charge.due_at = at


def reassign(
    session: Session, mandate: Mandate, consent: Consent, given: Given, *, at: datetime
) -> Mandate:
    """Another consent for the same card: the one before ends, what was planned on it with it.

    Raises Refused when it is not in force any more. A consent is never edited: it stays as given.
    """
    business = BusinessKey(mandate.business)
    customer = customers.lock(session, business, mandate.customer_id)
    session.refresh(mandate, with_for_update=True)
    if not in_force([mandate]):
        raise Refused(f"{mandate.card} is not stored any more.")
    revoke(session, mandate, by=given.by, because="another consent took its place", at=at)
    session.flush()
    return record(session, customer, _card_of(mandate), consent, given, at=at)


def remove(session: Session, mandate: Mandate, *, by: str, because: str, at: datetime) -> None:
    """End a consent and have the gateway forget its card."""
    customers.lock(session, BusinessKey(mandate.business), mandate.customer_id)
    revoke(session, mandate, by=by, because=because, at=at)
    tell(session, CardRemoved(BusinessKey(mandate.business), mandate.id))


def to_forget(session: Session, business: BusinessKey, mandate_id: str) -> str | None:
    """The gateway's id of a removed card; None while another consent for it is in force."""
    found = records.mandate(session, business, mandate_id)
    if found is None or found.revoked_at is None:
        return None
    known = records.mandates_of(session, business, [found.customer_id]).get(found.customer_id, ())
    is_used = any(
        one.stripe_method_id == found.stripe_method_id and one.revoked_at is None for one in known
    )
    return None if is_used else found.stripe_method_id


def stop_card(
    session: Session, business: BusinessKey, fingerprint: str, because: str, *, at: datetime
) -> None:
    """Charge a card no more, at any customer: its bank wants no more tries."""
    for mandate in records.on_card(session, business, fingerprint):
        if mandate.stopped_at is None:
            mandate.stopped_at, mandate.stopped_because = at, because


def card_changed(session: Session, business: BusinessKey, card: CardFacts, *, at: datetime) -> int:
    """Keep what a stored card is now: its consents stay in force. Gives how many there are.

    A card with another number is another card to its bank: what the old one was stopped for, or
    declined for, does not count against it.
    """
    found = records.with_method(session, business, card.method_id)
    for mandate in found:
        customers.lock(session, business, mandate.customer_id)
        session.refresh(mandate, with_for_update=True)
        before = (mandate.fingerprint, mandate.last4, mandate.expires_on)
        if before == (card.fingerprint, card.last4, card.expires_on):
            continue
        if mandate.fingerprint != card.fingerprint:
            mandate.stopped_at, mandate.stopped_because = None, None
        mandate.brand, mandate.last4 = card.brand, card.last4
        mandate.expires_on, mandate.fingerprint = card.expires_on, card.fingerprint
        mandate.card_updated_at = at
    return len(found)


def ask_for_card(
    session: Session, customer: Customer, consent: Consent, *, by: str, at: datetime
) -> CardLink:
    """The hosted page to open for a customer; its row and key come before the call."""
    _check_limits(consent)
    business = BusinessKey(customer.business)
    known = records.mandates_of(session, business, [customer.id]).get(customer.id, ())
    link = CardLink(
        business=business,
        id=new_id("cdl"),
        customer_id=customer.id,
        consent=consent.words,
        consent_version=consent.version,
        currency=consent.currency,
        per_charge_minor=_minor(consent.per_charge),
        per_month_minor=_minor(consent.per_month),
        contracts=list(consent.contracts),
        stripe_customer_id=known[0].stripe_customer_id if known else None,
        key=new_id("cardlink"),
        asked_by=by,
        opened_at=at,
        expires_at=at + PAGE_LIFE,
        look_at=at + FIRST_LOOK,
    )
    session.add(link)
    session.flush()
    return link


def card_order(
    link: CardLink, customer: Customer, *, email: str | None, language: str, url: str
) -> CardOrder:
    """The order as it goes to the gateway; the same link always gives the same order."""
    return CardOrder(
        reference=link.id,
        business=customer.business,
        currency=link.currency,
        consent=link.consent,
        customer_id=link.stripe_customer_id,
        customer_email=email,
        language=language,
        success_url=url,
        cancel_url=url,
        asked_at=link.opened_at,
        expires_at=link.expires_at,
    )


def page_opened(session: Session, link: CardLink, page: CardPage) -> None:
    """Keep where the page is."""
    link.session_id, link.url = page.session_id, page.url
    session.flush()


def look_at_card_links(session: Session, *, at: datetime) -> int:
    """Have every card page looked up that nobody told us of; gives how many."""
    due = records.card_links_to_look_at(session, at=at)
    for link in due:
        link.looks += 1
        link.look_at = at + min(FIRST_LOOK * 2 ** min(link.looks, 8), LAST_LOOK_EVERY)
        tell(session, CardLinkHeard(BusinessKey(link.business), link.id))
    return len(due)


def card_stored(
    session: Session, link: CardLink, page: CardPage, card: CardFacts | None, *, at: datetime
) -> Mandate | None:
    """What became of a card page: the mandate once it is complete, None while it is not."""
    if page.reference != link.id or page.business != link.business:
        raise PermanentError(f"Session {page.session_id} does not belong to {link.id}.")
    session.refresh(link, with_for_update=True)
    link.session_id = link.session_id or page.session_id
    if link.ended_at is not None:
        return None
    if page.status == "expired":
        link.ended_at = at
    if page.status != "complete" or card is None:
        return None
    business = BusinessKey(link.business)
    customer = customers.by_id(session, business, link.customer_id)
    if customer is None:
        raise PermanentError(f"Customer {link.customer_id} is missing.")
    given = Given(at, "checkout", f"Stripe session {page.session_id}", "the customer")
    mandate = record(session, customer, card, _consent(link), given, at=at)
    link.ended_at, link.mandate_id = at, mandate.id
    return mandate


def never_opened(session: Session, link: CardLink, *, at: datetime) -> None:
    """End a link whose page the gateway does not list after its whole life."""
    if at > link.expires_at:
        link.ended_at = at
    session.flush()


def ask_about_card(session: Session, mandate: Mandate, text: str, *, at: datetime) -> None:
    """Put a stored card before a person."""
    review.ask(
        session,
        BusinessKey(mandate.business),
        review.Question(
            kind="stored_card",
            subject=mandate.id,
            text=text,
            evidence={"customer": mandate.customer_id, "card": mandate.card},
            choices=[f"tillmail customers show {mandate.customer_id}"],
        ),
        at=at,
    )


def in_force(mandates: Sequence[Mandate]) -> list[Mandate]:
    """Those that may be charged on."""
    return [m for m in mandates if m.revoked_at is None and m.stopped_at is None]


def _consent(link: CardLink) -> Consent:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, link.currency)

    return Consent(
        words=link.consent,
        currency=link.currency,
        per_charge=money(link.per_charge_minor),
        per_month=money(link.per_month_minor),
        contracts=tuple(link.contracts),
    )


def _minor(limit: Money | None) -> int | None:
    return None if limit is None else limit.minor


def _check_limits(consent: Consent) -> None:
    for limit in (consent.per_charge, consent.per_month):
        if limit is not None and not limit.is_positive:
            raise Refused(f"A limit is more than nothing, not {limit}.")


def _card_of(mandate: Mandate) -> CardFacts:
    return CardFacts(
        method_id=mandate.stripe_method_id,
        customer_id=mandate.stripe_customer_id,
        brand=mandate.brand,
        last4=mandate.last4,
        expires_on=mandate.expires_on,
        fingerprint=mandate.fingerprint,
    )


def _row(
    customer: Customer, card: CardFacts, consent: Consent, given: Given, *, at: datetime
) -> Mandate:
    return Mandate(
        business=customer.business,
        id=new_id("mdt"),
        customer_id=customer.id,
        consent=consent.words,
        consent_version=consent.version,
        given_at=given.at,
        given_where=given.where,
        given_how=given.how,
        recorded_by=given.by,
        recorded_at=at,
        currency=consent.currency,
        per_charge_minor=_minor(consent.per_charge),
        per_month_minor=_minor(consent.per_month),
        contracts=list(consent.contracts),
        stripe_customer_id=card.customer_id,
        stripe_method_id=card.method_id,
        brand=card.brand,
        last4=card.last4,
        expires_on=card.expires_on,
        fingerprint=card.fingerprint,
    )
