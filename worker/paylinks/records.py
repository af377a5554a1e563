"""Links and activity, found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from worker import store
from worker.customers import Customer
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.paylinks.model import Activity, Confirmation, Link, Subject
from worker.paylinks.tokens import hash_of

_BY_TOKEN = store.Pairs(
    Link,
    Customer,
    select(Link, Customer)
    .join(Customer, and_(Customer.business == Link.business, Customer.id == Link.customer_id))
    .where(Link.token_hash == bindparam("token_hash")),
)


def by_token(session: Session, token: str) -> Link | None:
    """The link whose secret this is, of whichever business."""
    # Who follows a link is shown what its customer owes: the same question brings both.
    found = _BY_TOKEN.ask(session, {"token_hash": hash_of(token)})
    return found[0][0] if found else None


def by_id(session: Session, business: BusinessKey, link_id: str) -> Link | None:
    """One link."""
    return store.get(session, Link, business, link_id)


def lock(session: Session, link: Link) -> Link:
    """The link as it stands now, locked."""
    locked = store.lock(session, Link, link.business, link.id)
    if locked is None:
        raise PermanentError(f"Link {link.id} is missing.")
    return locked


def live_link(session: Session, business: BusinessKey, item_id: str) -> Link | None:
    """The one link of an item that is not revoked."""
    return store.one(session, Link, business=business, item_id=item_id, revoked_at=None)


def the_live_link(session: Session, business: BusinessKey, item_id: str) -> Link:
    """The same, where there must be one."""
    link = live_link(session, business, item_id)
    if link is None:
        raise PermanentError(f"There is no live link of {item_id}.")
    return link


def live_link_of_customer(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> Link | None:
    """The one link to all of a customer's open items in a currency."""
    about = {"business": business, "customer_id": customer_id, "currency": currency}
    return store.one(session, Link, item_id=None, revoked_at=None, **about)


def live_link_of_contact(session: Session, business: BusinessKey, contact_id: str) -> Link | None:
    """The one portal link of a contact."""
    return store.one(session, Link, business=business, contact_id=contact_id, revoked_at=None)


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Link]:
    """The last links made, newest first."""
    return session.scalars(
        select(Link)
        .where(Link.business == business)
        .order_by(Link.created_at.desc(), Link.id)
        .limit(limit)
    ).all()


def of_item(session: Session, business: BusinessKey, item_id: str) -> Sequence[Link]:
    """Every link an item ever had, the first first."""
    return session.scalars(
        select(Link)
        .where(Link.business == business, Link.item_id == item_id)
        .order_by(Link.created_at)
    ).all()


def activity_of(session: Session, business: BusinessKey, item_id: str) -> Sequence[Activity]:
    """What happened around an item, in order."""
    return session.scalars(
        select(Activity)
        .where(Activity.business == business, Activity.item_id == item_id)
        .order_by(Activity.nth, Activity.id)
    ).all()


def activity_of_customer(
    session: Session, business: BusinessKey, customer_id: str
) -> Sequence[Activity]:
    """What happened on every link of a customer, in order."""
    return session.scalars(
        select(Activity)
        .join(Link, and_(Link.business == Activity.business, Link.id == Activity.link_id))
        .where(Link.business == business, Link.customer_id == customer_id)
        .order_by(Activity.at, Activity.nth, Activity.id)
    ).all()


_LINES = (
    select(func.count()).select_from(Activity).where(Activity.business == bindparam("business"))
)
_LINES_OF_ITEM = store.Prepared(_LINES.where(Activity.item_id == bindparam("subject")))
_LINES_OF_LINK = store.Prepared(_LINES.where(Activity.link_id == bindparam("subject")))


def lines_of(session: Session, link: Link) -> int:
    """How many lines the activity of the link's item has, or a customer link's own."""
    if link.item_id is not None:
        about = {"business": link.business, "subject": link.item_id}
        return int(_LINES_OF_ITEM.scalar(session, about))
    about = {"business": link.business, "subject": link.id}
    return int(_LINES_OF_LINK.scalar(session, about))


def activity(session: Session, business: BusinessKey, activity_id: str) -> Activity | None:
    """One line of activity."""
    return session.get(Activity, (business, activity_id))


def count_of(session: Session, link: Link | Subject, kind: str, *, since: datetime) -> int:
    """How often this happened through whichever link of the same item, or the same customer."""
    query = (
        select(func.count())
        .select_from(Activity)
        .where(Activity.business == link.business, Activity.kind == kind, Activity.at >= since)
    )
    if link.item_id is not None:
        return session.scalar(query.where(Activity.item_id == link.item_id)) or 0
    same = select(Link.id).where(
        Link.business == link.business,
        Link.customer_id == link.customer_id,
        Link.item_id.is_(None),
        Link.currency == link.currency,
        Link.contact_id == link.contact_id,
    )
    return session.scalar(query.where(Activity.link_id.in_(same))) or 0


def running_out(session: Session, *, at: datetime, limit: int) -> Sequence[Link]:
    """Links whose time is over and that are not marked so yet."""
    over = func.coalesce(Link.expires_at, Link.cap_at) <= at
    return session.scalars(
        select(Link)
        .where(Link.revoked_at.is_(None), Link.ended_at.is_(None), over)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def confirmation(
    session: Session, business: BusinessKey, confirmation_id: str
) -> Confirmation | None:
    """What waits for a code, or was done."""
    return session.get(Confirmation, (business, confirmation_id))


def lock_confirmation(session: Session, asked: Confirmation) -> Confirmation:
    """What waits for a code as it stands now, locked."""
    session.refresh(asked, with_for_update=True)
    return asked


def confirmations_of(
    session: Session, business: BusinessKey, contact_id: str, *, since: datetime
) -> Sequence[Confirmation]:
    """What a contact wanted done since then."""
    return session.scalars(
        select(Confirmation).where(
            Confirmation.business == business,
            Confirmation.contact_id == contact_id,
            Confirmation.asked_at >= since,
        )
    ).all()
