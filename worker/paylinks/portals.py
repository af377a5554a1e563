"""Portal links: one per contact, longer-lived than pay links, revocable by staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers
from worker.customers import Contact
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.paylinks import records
from worker.paylinks.model import Link, LinkState, Subject, state_of
from worker.paylinks.opening import Life, cap, make, note
from worker.paylinks.tokens import LinkKeys


def open_portal_link(
    session: Session, contact: Contact, keys: LinkKeys, life: Life, *, at: datetime
) -> Link:
    """The contact's live portal link: the one they have, or one made now.

    One that has ended makes room for a fresh one; one in use stays, and its end with it. Raises
    Refused for an address that is not written to.
    """
    if contact.suppressed_at is not None or not contact.is_billing:
        raise Refused(f"{contact.address} is not written to: {contact.suppressed_because}")
    business = BusinessKey(contact.business)
    customers.lock(session, business, contact.customer_id)
    there = records.live_link_of_contact(session, business, contact.id)
    if there is not None and state_of(there, at) is not LinkState.EXPIRED:
        return there
    if there is not None:
        end_portal_link(session, there, by="tillmail", because="a fresh one", at=at)
        session.flush()
    subject = Subject(business, contact.customer_id, contact_id=contact.id)
    link = make(subject, keys, cap_at=cap(None, life, at), at=at)
    session.add(link)
    session.flush()
    note(session, link, "created", who="tillmail", at=at, evidence={"contact": contact.id})
    return link


def end_portal_link(session: Session, link: Link, *, by: str, because: str, at: datetime) -> None:
    """End a portal link for good; whoever has it sees nothing any more."""
    if link.revoked_at is None:
        link.revoked_at = at
        note(session, link, "revoked", who=by, at=at, evidence={"because": because})
