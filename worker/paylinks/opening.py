"""Making a pay link, and noting who opened it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from worker import customers
from worker.invoices import Invoice
from worker.kernel.events import LinkOpened, PayLinkOpened
from worker.kernel.ids import BusinessKey, new_id
from worker.paylinks import records
from worker.paylinks.model import Activity, Link, LinkState, Subject, state_of
from worker.paylinks.tokens import LinkKeys, hash_of
from worker.store import add, add_once, tell

MACHINE_OPENS_KEPT_A_DAY = 20
LATEST_DUE = timedelta(days=3_660)


@dataclass(frozen=True, slots=True)
class Life:
    """How long a link lasts: hours from the first human open, days past due when never opened."""

    ttl_h: int
    cap_days: int


def open_link(
    session: Session, invoice: Invoice, keys: LinkKeys, life: Life, *, at: datetime
) -> Link:
    """The live link of an invoice: made now, or the one it has."""
    business = BusinessKey(invoice.business)
    subject = Subject(business, invoice.customer_id or "", item_id=invoice.id)
    link = make(subject, keys, cap_at=cap(invoice.due_on, life, at), at=at)
    if add_once(session, link):
        note(session, link, "created", who="tillmail", at=at)
    else:
        link = records.the_live_link(session, business, invoice.id)
    tell(session, PayLinkOpened(business, invoice.id))
    return link


def open_customer_link(
    session: Session, subject: Subject, keys: LinkKeys, life: Life, *, at: datetime
) -> Link:
    """The live link to all that a customer owes in a currency: made now, or the one there is.

    One that was opened or has ended makes room for a fresh one: who is sent it has a whole life.
    """
    customers.lock(session, subject.business, subject.customer_id)
    there = records.live_link_of_customer(
        session, subject.business, subject.customer_id, subject.currency or ""
    )
    if there is not None and state_of(there, at) is LinkState.WAITING:
        return there
    if there is not None:
        there.revoked_at = at
        note(session, there, "revoked", who="tillmail", at=at, evidence={"because": "a fresh one"})
        session.flush()
    link = make(subject, keys, cap_at=cap(None, life, at), at=at)
    session.add(link)
    session.flush()
    note(session, link, "created", who="tillmail", at=at)
    return link


def on_papers(session: Session, invoice: Invoice, *, scope: str) -> Link | None:
    """The link that an invoice's email and PDF carry; None where they are to carry none.

    `scope` is the business's word on it: *item*, or *customer* for all that is owed.
    """
    business, customer_id = BusinessKey(invoice.business), invoice.customer_id or ""
    customer = customers.by_id(session, business, customer_id)
    if not invoice.pay_link or (customer is not None and not customer.pay_links):
        return None
    whole = None
    if scope == "customer":
        whole = records.live_link_of_customer(session, business, customer_id, invoice.currency)
    return whole or records.live_link(session, business, invoice.id)


def note_open(
    session: Session,
    link: Link,
    life: Life,
    *,
    evidence: Mapping[str, Any],
    at: datetime,
) -> None:
    """A person opened the link: the first time starts its clock, once and for all."""
    locked = records.lock(session, link)
    if state_of(locked, at) is not LinkState.WAITING:
        return
    locked.opened_at = at
    locked.expires_at = at + timedelta(hours=life.ttl_h)
    note(session, locked, "human_open", who="customer", at=at, evidence=evidence)
    tell(session, LinkOpened(BusinessKey(link.business), link.id))


def note_machine(
    session: Session, link: Link, *, evidence: Mapping[str, Any], at: datetime
) -> None:
    """Something opened the link that may be no person: the clock does not start."""
    since = at - timedelta(days=1)
    # A scanner that comes a thousand times must not fill the books.
    if records.count_of(session, link, "machine_open", since=since) < MACHINE_OPENS_KEPT_A_DAY:
        note(session, link, "machine_open", who="machine", at=at, evidence=evidence)


def note(
    session: Session,
    link: Link,
    kind: str,
    *,
    who: str,
    at: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> Activity:
    """Add one line to the activity of the link's item, or of a customer link itself."""
    line = Activity(
        business=link.business,
        id=new_id("act"),
        item_id=link.item_id,
        link_id=link.id,
        kind=kind,
        who=who,
        evidence=dict(evidence or {}),
        at=at,
        nth=records.lines_of(session, link) + 1,
    )
    add(session, line)
    return line


def note_email_open(
    session: Session, link: Link, *, evidence: Mapping[str, Any], at: datetime
) -> None:
    """A picture in the mail was fetched: shown as what it is, and starts nothing."""
    since = at - timedelta(days=1)
    if records.count_of(session, link, "email_open", since=since) < MACHINE_OPENS_KEPT_A_DAY:
        note(session, link, "email_open", who="mail program", at=at, evidence=evidence)


def revoke(session: Session, business: BusinessKey, item_id: str, *, at: datetime) -> None:
    """End the live link of an item that is not to be paid any more."""
    link = records.live_link(session, business, item_id)
    if link is not None:
        link.revoked_at = at
        because = {"because": "a corrected version took its place"}
        note(session, link, "revoked", who="tillmail", at=at, evidence=because)


def cap(due_on: date | None, life: Life, at: datetime) -> datetime:
    """When a link that nobody opens ends: days past due, and never sooner than those from now."""
    # A due date of 9999 means none at all.
    latest = at.date() + LATEST_DUE
    late = min(max(due_on, at.date()), latest) if due_on else at.date()
    return at + timedelta(days=life.cap_days + (late - at.date()).days)


def make(subject: Subject, keys: LinkKeys, *, cap_at: datetime, at: datetime) -> Link:
    """A link that is in no session yet."""
    link = Link(
        business=subject.business,
        id=new_id("lnk"),
        item_id=subject.item_id,
        customer_id=subject.customer_id,
        currency=subject.currency,
        contact_id=subject.contact_id,
        key_version=keys.newest,
        created_at=at,
        cap_at=cap_at,
    )
    link.token_hash = hash_of(keys.token(link.id, link.key_version))
    return link
