"""A pay link and what happened on it.

The token is an HMAC of the link's id under a versioned key: the URL can be made again and only the
token's hash is stored. GET changes nothing; a link's clock starts with the first human open.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store import Record


class LinkState(StrEnum):
    """What a link is good for now."""

    WAITING = "waiting"
    OPENED = "opened"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Link(Record):
    """A link that shows one open item. `expires_at` is set once, by the first human open."""

    __tablename__ = "link"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str]
    customer_id: Mapped[str]
    key_version: Mapped[int]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    cap_at: Mapped[datetime] = mapped_column(doc="When it ends if nobody ever opens it.")
    opened_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )


_LIVE = text("revoked_at IS NULL")
Index(
    "uq_link_live",
    Link.business,
    Link.item_id,
    unique=True,
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)


class Activity(Record):
    """One thing that happened around an item: what, when, who, and by which evidence."""

    __tablename__ = "activity"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str]
    link_id: Mapped[str | None]
    kind: Mapped[str]
    who: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]
    nth: Mapped[int] = mapped_column(doc="Its place in the item's activity.")
    __table_args__ = (
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )


Index("ix_activity_item", Activity.business, Activity.item_id, Activity.nth)


def state_of(link: Link, at: datetime) -> LinkState:
    """The link's state at an instant; an expired link never comes back to life."""
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if at >= (link.expires_at or link.cap_at):
        return LinkState.EXPIRED
    return LinkState.WAITING if link.opened_at is None else LinkState.OPENED
