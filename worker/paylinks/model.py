"""A pay link and what happened on it.

The token is an HMAC of the link's id under a versioned key: the URL can be made again and only the
token's hash is stored. GET changes nothing; a link's clock starts with the first human open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.ids import BusinessKey
from worker.store import Record


class LinkState(StrEnum):
    """What a link is good for now."""

    WAITING = "waiting"
    OPENED = "opened"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a link shows: one item, or without one all that a customer owes in a currency.

    With a contact it is that contact's portal link, which shows contracts and cards too.
    """

    business: BusinessKey
    customer_id: str
    item_id: str | None = None
    currency: str | None = None
    contact_id: str | None = None


class Link(Record):
    """A link to one open item, or without `item_id` to all of a customer's in one currency.

    With `contact_id` it is a portal link: the customer's invoices, contracts and cards, for one
    person on file.

    `expires_at` is set once, by the first human open. `ended_at` is when we saw that its time was
    over: from then on no clock brings it back.
    """

    __tablename__ = "link"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str | None]
    customer_id: Mapped[str]
    currency: Mapped[str | None]
    contact_id: Mapped[str | None]
    key_version: Mapped[int]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    cap_at: Mapped[datetime] = mapped_column(doc="When it ends if nobody ever opens it.")
    opened_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
        ForeignKeyConstraint(["business", "contact_id"], ["contact.business", "contact.id"]),
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
_LIVE_OF_CUSTOMER = text("revoked_at IS NULL AND item_id IS NULL")
Index(
    "uq_link_live_customer",
    Link.business,
    Link.customer_id,
    Link.currency,
    unique=True,
    sqlite_where=_LIVE_OF_CUSTOMER,
    postgresql_where=_LIVE_OF_CUSTOMER,
)
_LIVE_OF_CONTACT = text("revoked_at IS NULL AND contact_id IS NOT NULL")
Index(
    "uq_link_live_contact",
    Link.business,
    Link.contact_id,
    unique=True,
    sqlite_where=_LIVE_OF_CONTACT,
    postgresql_where=_LIVE_OF_CONTACT,
)
Index("ix_link_customer", Link.business, Link.customer_id)
_RUNNING = text("revoked_at IS NULL AND ended_at IS NULL")
Index("ix_link_running", Link.cap_at, sqlite_where=_RUNNING, postgresql_where=_RUNNING)


class Activity(Record):
    """One thing that happened on a link: what, when, who, and by which evidence.

    Of a customer link it has no item. Mails, checkouts and payments are not told here again:
    `telling.py` puts them together with these lines.
    """

    __tablename__ = "activity"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str | None]
    link_id: Mapped[str | None]
    kind: Mapped[str]
    who: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]
    nth: Mapped[int] = mapped_column(doc="Its place in the activity of its item or link.")
    __table_args__ = (
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )


Index("ix_activity_item", Activity.business, Activity.item_id, Activity.nth)
Index("ix_activity_link", Activity.business, Activity.link_id)


class Confirmation(Record):
    """What a person wants done on a portal, until the code that was mailed to them confirms it.

    The code is an HMAC of the id under the versioned key, cut to six digits: nothing of it is kept.
    """

    __tablename__ = "confirmation"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    link_id: Mapped[str]
    contact_id: Mapped[str]
    what: Mapped[str] = mapped_column(doc="store_card, assign_card or remove_card.")
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    browser: Mapped[str] = mapped_column(doc="Hash of the browser's name that asked.")
    key_version: Mapped[int]
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    done_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "link_id"], ["link.business", "link.id"]),
        ForeignKeyConstraint(["business", "contact_id"], ["contact.business", "contact.id"]),
    )


Index("ix_confirmation_contact", Confirmation.business, Confirmation.contact_id)


def state_of(link: Link, at: datetime) -> LinkState:
    """The link's state at an instant; an expired link never comes back to life."""
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.ended_at is not None or at >= (link.expires_at or link.cap_at):
        return LinkState.EXPIRED
    return LinkState.WAITING if link.opened_at is None else LinkState.OPENED
