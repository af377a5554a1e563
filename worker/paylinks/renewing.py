"""A fresh link in the place of one that has ended, mailed to a contact on file and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers
from worker.kernel.events import LinkRenewed
from worker.kernel.ids import BusinessKey, new_id
from worker.paylinks import records
from worker.paylinks.model import Activity, Link, LinkState, state_of
from worker.paylinks.opening import Life, cap, note
from worker.paylinks.tokens import LinkKeys, hash_of
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

    Granted while the item has a link at all (a paid or void item has none), to a contact on file of
    this item's customer, and not more often in 24 h than the business allows.
    """
    business = BusinessKey(link.business)
    customers.lock(session, business, link.customer_id)
    live = records.live_link(session, business, link.item_id)
    asked = records.count_of(session, link, ASKED, since=at - timedelta(days=1))
    if live is None or asked >= terms.per_day or not _is_on_file(session, link, contact_id):
        return None
    if state_of(live, at) is LinkState.EXPIRED:
        live = renew(session, live, terms.keys, terms.life, at=at)
    line = note(session, live, ASKED, who="customer", at=at, evidence={"contact": contact_id})
    tell(session, LinkRenewed(business, line.id))
    return line


def renewal(session: Session, business: BusinessKey, activity_id: str) -> Renewal | None:
    """What a request asked for; None once the item has no link any more."""
    line = records.activity(session, business, activity_id)
    if line is None or line.kind != ASKED:
        return None
    live = records.live_link(session, business, line.item_id)
    return None if live is None else Renewal(live, str(line.evidence["contact"]))


def renew(session: Session, link: Link, keys: LinkKeys, life: Life, *, at: datetime) -> Link:
    """A fresh link in the place of this one, which is revoked: one live link at a time."""
    link.revoked_at = link.revoked_at or at
    session.flush()
    fresh = Link(
        business=link.business,
        id=new_id("lnk"),
        item_id=link.item_id,
        customer_id=link.customer_id,
        key_version=keys.newest,
        created_at=at,
        cap_at=cap(None, life, at),
    )
    fresh.token_hash = hash_of(keys.token(fresh.id, fresh.key_version))
    session.add(fresh)
    session.flush()
    note(session, fresh, "renewed", who="tillmail", at=at, evidence={"from": link.id})
    return fresh


def _is_on_file(session: Session, link: Link, contact_id: str) -> bool:
    on_file = customers.billing_contacts(session, BusinessKey(link.business), link.customer_id)
    return any(contact.id == contact_id for contact in on_file)
