"""A fresh link in the place of one that has ended, mailed to a contact on file and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers
from worker.customers import Contact
from worker.kernel.events import LinkRenewed
from worker.kernel.ids import BusinessKey
from worker.paylinks import records
from worker.paylinks.model import Activity, Link, LinkState, Subject, state_of
from worker.paylinks.opening import Life, cap, make, note, open_customer_link
from worker.paylinks.portals import open_portal_link
from worker.paylinks.tokens import LinkKeys
from worker.store import tell

ASKED = "renewal_asked"


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which link goes to which contact, because a customer asked for it."""

    link: Link
    contact_id: str


@dataclass(frozen=True, slots=True)
class RenewalTerms:
    """What a fresh link is made with, and how many requests a day an item may have."""

    keys: LinkKeys
    life: Life
    per_day: int


def ask_renewal(
    session: Session,
    link: Link,
    contact_id: str,
    terms: RenewalTerms,
    *,
    at: datetime,
) -> Activity | None:
    """The request for a link by mail, kept and told; None when it is not to be granted.

    Granted while the item has a link at all (a void item has none), to a contact on file of this
    item's customer, and not more often in 24 h than the business allows.
    """
    business = BusinessKey(link.business)
    customers.lock(session, business, link.customer_id)
    live = live_beside(session, link)
    if live is None or not _is_granted(session, link, contact_id, terms, at=at):
        return None
    if state_of(live, at) is LinkState.EXPIRED:
        live = renew(session, live, terms.keys, terms.life, who="customer", at=at)
    return _asked(session, live, contact_id, at=at)


def ask_for_all(
    session: Session, owing: Subject, contact_id: str, terms: RenewalTerms, *, at: datetime
) -> Activity | None:
    """The request for the link to all that a customer owes; granted on the same terms.

    Only then is a link made: who asks in vain must not end the one that the customer uses.
    """
    customers.lock(session, owing.business, owing.customer_id)
    if not _is_granted(session, owing, contact_id, terms, at=at):
        return None
    whole = open_customer_link(session, owing, terms.keys, terms.life, at=at)
    return _asked(session, whole, contact_id, at=at)


def ask_portal(
    session: Session, contact: Contact, terms: RenewalTerms, *, at: datetime
) -> Activity | None:
    """The request for a contact's portal link, which somebody lost; granted on the same terms."""
    business = BusinessKey(contact.business)
    customers.lock(session, business, contact.customer_id)
    about = Subject(business, contact.customer_id, contact_id=contact.id)
    if not _is_granted(session, about, contact.id, terms, at=at):
        return None
    link = open_portal_link(session, contact, terms.keys, terms.life, at=at)
    return _asked(session, link, contact.id, at=at)


def renewal(session: Session, business: BusinessKey, activity_id: str) -> Renewal | None:
    """What a request asked for; None once the item has no link any more."""
    line = records.activity(session, business, activity_id)
    if line is None or line.kind != ASKED:
        return None
    asked_on = records.by_id(session, business, line.link_id or "")
    live = live_beside(session, asked_on) if asked_on is not None else None
    return None if live is None else Renewal(live, str(line.evidence["contact"]))


def renew(
    session: Session, link: Link, keys: LinkKeys, life: Life, *, who: str, at: datetime
) -> Link:
    """A fresh link in the place of this one, which is revoked: one live link at a time."""
    link.revoked_at = link.revoked_at or at
    session.flush()
    business = BusinessKey(link.business)
    subject = Subject(
        business,
        link.customer_id,
        item_id=link.item_id,
        currency=link.currency,
        contact_id=link.contact_id,
    )
    fresh = make(subject, keys, cap_at=cap(None, life, at), at=at)
    session.add(fresh)
    session.flush()
    note(session, fresh, "renewed", who=who, at=at, evidence={"from": link.id})
    return fresh


def live_beside(session: Session, link: Link) -> Link | None:
    """The link that shows the same now: this one, or what took its place."""
    business = BusinessKey(link.business)
    if link.item_id is not None:
        return records.live_link(session, business, link.item_id)
    if link.contact_id is not None:
        return records.live_link_of_contact(session, business, link.contact_id)
    return records.live_link_of_customer(session, business, link.customer_id, link.currency or "")


def _is_granted(
    session: Session, link: Link | Subject, contact_id: str, terms: RenewalTerms, *, at: datetime
) -> bool:
    asked = records.count_of(session, link, ASKED, since=at - timedelta(days=1))
    # A portal link is one person's: a fresh one goes to nobody else.
    is_theirs = link.contact_id in (None, contact_id)
    on_file = customers.billing_contacts(session, BusinessKey(link.business), link.customer_id)
    is_known = is_theirs and any(contact.id == contact_id for contact in on_file)
    return is_known and asked < terms.per_day


def _asked(session: Session, link: Link, contact_id: str, *, at: datetime) -> Activity:
    line = note(session, link, ASKED, who="customer", at=at, evidence={"contact": contact_id})
    tell(session, LinkRenewed(BusinessKey(link.business), line.id))
    return line
