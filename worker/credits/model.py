"""Requests to prepay: drafted, confirmed, then raised as a numbered open item; and their plans.

What is asked of the customer, and what of it is paid, is the open item's: a row of `invoices` with
the request's number. Here stands where a request came from, who confirmed it, and how it ended.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.store import Record


class Source(StrEnum):
    """What had a request drafted."""

    DESK = "desk"
    FILE = "file"
    MAIL = "mail"
    SCHEDULE = "schedule"
    THRESHOLD = "threshold"


class RequestState(StrEnum):
    """Where a request stands. From `pending` on it follows from the open item alone.

    `pending`: raised and nothing is paid yet. `void`: ended before anything was paid. `deleted`:
    ended after something was paid, which stays on the balance.
    """

    DRAFTED = "drafted"
    PENDING = "pending"
    PART_PAID = "part_paid"
    PAID = "paid"
    VOID = "void"
    DELETED = "deleted"


class CreditRequest(Record):
    """A request that a customer prepay an amount. Raised once, with a number that has no gap."""

    __tablename__ = "credit_request"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    due_on: Mapped[date]
    contract: Mapped[str | None]
    title: Mapped[str | None] = mapped_column(doc="What it is for, in the seller's words.")
    by_card: Mapped[bool] = mapped_column(doc="A stored card may pay it; else the customer does.")
    source: Mapped[str]
    source_key: Mapped[str] = mapped_column(doc="The same source never drafts twice.")
    plan_id: Mapped[str | None]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]
    item_id: Mapped[str | None] = mapped_column(doc="The open item, once it is raised.")
    number: Mapped[str | None]
    sequence: Mapped[int | None] = mapped_column(doc="The running number behind `number`.")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "source_key"),
        UniqueConstraint("business", "sequence"),
        UniqueConstraint("business", "item_id"),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
        ForeignKeyConstraint(["business", "plan_id"], ["credit_plan.business", "credit_plan.id"]),
    )

    @property
    def amount(self) -> Money:
        """What is asked for."""
        return Money(self.amount_minor, self.currency)


Index("ix_credit_request_customer", CreditRequest.business, CreditRequest.customer_id)
Index("ix_credit_request_plan", CreditRequest.business, CreditRequest.plan_id)


class CreditNumber(Record):
    """The last running number that a business gave to a request."""

    __tablename__ = "credit_number"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class CreditPlan(Record):
    """A standing order of staff to ask a customer for credit.

    On a day of each month (`day_of_month`), or whenever the balance is below `below_minor`; in a
    calendar month never for more than `per_month_minor` altogether.
    """

    __tablename__ = "credit_plan"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    day_of_month: Mapped[int | None]
    below_minor: Mapped[int | None]
    per_month_minor: Mapped[int | None]
    contract: Mapped[str | None]
    by_card: Mapped[bool]
    asks: Mapped[bool] = mapped_column(doc="Each draft waits for a yes; else it goes out.")
    next_on: Mapped[date | None] = mapped_column(doc="The next day of a schedule.")
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )

    @property
    def amount(self) -> Money:
        """What each request asks for."""
        return Money(self.amount_minor, self.currency)

    @property
    def below(self) -> Money | None:
        """Under which balance it asks."""
        return None if self.below_minor is None else Money(self.below_minor, self.currency)

    @property
    def per_month(self) -> Money | None:
        """The most it asks for in a calendar month."""
        most = self.per_month_minor
        return None if most is None else Money(most, self.currency)


_IN_FORCE = text("ended_at IS NULL")
Index(
    "ix_credit_plan_in_force",
    CreditPlan.business,
    sqlite_where=_IN_FORCE,
    postgresql_where=_IN_FORCE,
)
