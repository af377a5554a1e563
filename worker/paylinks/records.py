"""Links and activity, found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker import store
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.paylinks.model import Activity, Link
from worker.paylinks.tokens import hash_of


def by_token(session: Session, token: str) -> Link | None:
    """The link whose secret this is, of whichever business."""
    return session.scalar(select(Link).where(Link.token_hash == hash_of(token)))


def by_id(session: Session, business: BusinessKey, link_id: str) -> Link | None:
    """One link."""
    return session.get(Link, (business, link_id))


def lock(session: Session, link: Link) -> Link:
    """The link as it stands now, locked."""
    locked = store.lock(session, Link, link.business, link.id)
    if locked is None:
        raise PermanentError(f"Link {link.id} is missing.")
    return locked


def live_link(session: Session, business: BusinessKey, item_id: str) -> Link | None:
    """The one link of an item that is not revoked."""
    return session.scalar(
        select(Link).where(
            Link.business == business, Link.item_id == item_id, Link.revoked_at.is_(None)
        )
    )


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


def lines_of(session: Session, business: BusinessKey, item_id: str) -> int:
    """How many lines an item's activity has."""
    query = select(func.count()).select_from(Activity)
    query = query.where(Activity.business == business, Activity.item_id == item_id)
    return session.scalar(query) or 0


def activity(session: Session, business: BusinessKey, activity_id: str) -> Activity | None:
    """One line of activity."""
    return session.get(Activity, (business, activity_id))


def count_of(session: Session, link: Link, kind: str, *, since: datetime) -> int:
    """How often this happened to the link's item, through whichever of its links."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Activity)
            .where(
                Activity.business == link.business,
                Activity.item_id == link.item_id,
                Activity.kind == kind,
                Activity.at >= since,
            )
        )
        or 0
    )


def expired_unnoted(session: Session, *, at: datetime, limit: int) -> Sequence[Link]:
    """Links whose time is over and whose activity does not say so yet."""
    noted = select(Activity.id).where(
        Activity.business == Link.business,
        Activity.link_id == Link.id,
        Activity.kind == "expired",
    )
    ended = func.coalesce(Link.expires_at, Link.cap_at) <= at
    return session.scalars(
        select(Link).where(Link.revoked_at.is_(None), ended, ~noted.exists()).limit(limit)
    ).all()
