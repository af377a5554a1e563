"""What always holds of pay links (RELIABILITY: invariants 25, 26 and 28)."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from worker.customers import Contact
from worker.invoices import Invoice
from worker.paylinks.confirming import TRIES
from worker.paylinks.model import Confirmation, Link

SHOWN = 50
_HASH_LENGTH = 64  # SHA-256 in hexadecimal.


def tokens_are_kept_as_hashes(session: Session) -> list[str]:
    """Only the hash of a token is stored, and no two links share one."""
    wrong = session.execute(
        select(Link.business, Link.id)
        .where(func.length(Link.token_hash) != _HASH_LENGTH)
        .limit(SHOWN)
    )
    shared = session.execute(
        select(func.min(Link.business), func.min(Link.id))
        .group_by(Link.token_hash)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: {link} keeps its token badly." for business, link in [*wrong, *shared]]


def the_clock_starts_once(session: Session) -> list[str]:
    """A link ends some time after its first human open, and has that end from then on only."""
    broken = or_(
        and_(Link.opened_at.is_(None), Link.expires_at.is_not(None)),
        and_(Link.opened_at.is_not(None), Link.expires_at.is_(None)),
        Link.expires_at <= Link.opened_at,
        Link.opened_at < Link.created_at,
        Link.ended_at < func.coalesce(Link.expires_at, Link.cap_at),
    )
    rows = session.execute(select(Link.business, Link.id).where(broken).limit(SHOWN))
    return [f"{business}: the clock of {link} is wrong." for business, link in rows]


def one_link_of_an_item_is_live(session: Session) -> list[str]:
    """An item, and a customer in a currency, has one link at most that is not revoked."""
    items = session.execute(
        select(Link.business, Link.item_id)
        .where(Link.revoked_at.is_(None), Link.item_id.is_not(None))
        .group_by(Link.business, Link.item_id)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    owing = session.execute(
        select(Link.business, Link.customer_id)
        .where(Link.revoked_at.is_(None), Link.item_id.is_(None), Link.contact_id.is_(None))
        .group_by(Link.business, Link.customer_id, Link.currency)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: {subject} has two live links." for business, subject in [*items, *owing]]


def links_show_their_own_customer_what_is_owed(session: Session) -> list[str]:
    """A live link is of an invoice in force, and of the customer who owes it."""
    rows = session.execute(
        select(Link.business, Link.id)
        .join(Invoice, and_(Invoice.business == Link.business, Invoice.id == Link.item_id))
        .where(
            Link.revoked_at.is_(None),
            or_(
                Invoice.customer_id.is_(None),
                Invoice.customer_id != Link.customer_id,
                Invoice.issued_at.is_(None),
                Invoice.corrected_at.is_not(None),
                Invoice.voided_at.is_not(None),
            ),
        )
        .limit(SHOWN)
    )
    return [f"{business}: {link} shows what it must not." for business, link in rows]


def portals_are_their_contacts(session: Session) -> list[str]:
    """A portal link is of a contact of its customer, and what it changed was confirmed in time."""
    foreign = session.execute(
        select(Link.business, Link.id)
        .join(Contact, and_(Contact.business == Link.business, Contact.id == Link.contact_id))
        .where(or_(Contact.customer_id != Link.customer_id, Link.item_id.is_not(None)))
        .limit(SHOWN)
    )
    late = session.execute(
        select(Confirmation.business, Confirmation.id)
        .where(or_(Confirmation.done_at >= Confirmation.ends_at, Confirmation.tries > TRIES))
        .limit(SHOWN)
    )
    return [
        f"{business}: portal {subject} is not right." for business, subject in [*foreign, *late]
    ]


INVARIANTS = (
    tokens_are_kept_as_hashes,
    the_clock_starts_once,
    one_link_of_an_item_is_live,
    links_show_their_own_customer_what_is_owed,
    portals_are_their_contacts,
)
