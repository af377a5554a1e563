"""Advices as they came in, and what the desk proposed for each: one row per payment they tell of.

An advice is a claim, never money. The payment that it announced is a memo in the books of payments;
what it is to pay stands here until evidence settles it.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.store import Record


class AdviceState(StrEnum):
    """What became of a claim.

    *review*: a person is asked; *announced*: a memo stands for it; *recognised*: its money had come
    in already; *withdrawn*: staff say that no money comes; *superseded*: the payer corrected it.
    """

    REVIEW = "review"
    ANNOUNCED = "announced"
    SETTLED = "settled"
    RECOGNISED = "recognised"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    REFUSED = "refused"


ADVICE_MOVES: dict[AdviceState, frozenset[AdviceState]] = {
    AdviceState.REVIEW: frozenset(
        {
            AdviceState.ANNOUNCED,
            AdviceState.REFUSED,
            AdviceState.SUPERSEDED,
            AdviceState.RECOGNISED,
        }
    ),
    AdviceState.ANNOUNCED: frozenset(
        {
            AdviceState.SETTLED,
            AdviceState.RECOGNISED,
            AdviceState.SUPERSEDED,
            AdviceState.WITHDRAWN,
            AdviceState.LAPSED,
        }
    ),
    # A settled payment that is taken back by staff takes its claim along.
    AdviceState.SETTLED: frozenset({AdviceState.WITHDRAWN}),
    **{
        end: frozenset()
        for end in (
            AdviceState.RECOGNISED,
            AdviceState.DUPLICATE,
            AdviceState.SUPERSEDED,
            AdviceState.WITHDRAWN,
            AdviceState.LAPSED,
            AdviceState.REFUSED,
        )
    },
}


class Advice(Record):
    """What a mail says of one payment, from whom, how far to trust it, and what became of it."""

    __tablename__ = "remittance_advice"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    mail_id: Mapped[str]
    position: Mapped[int] = mapped_column(doc="Its place among the payments of the mail.")
    state: Mapped[str]
    decision: Mapped[str]
    why: Mapped[str]
    doubts: Mapped[list[str]] = mapped_column(JSON)
    customer_id: Mapped[str | None]
    written_by: Mapped[str | None] = mapped_column(doc="The payer's address, as the mail has it.")
    trust: Mapped[str]
    thread: Mapped[str] = mapped_column(doc="What makes mails one conversation.")
    fingerprint: Mapped[str | None] = mapped_column(doc="Hash of what makes two claims the same.")
    currency: Mapped[str | None]
    amount_minor: Mapped[int | None]
    paid_on: Mapped[date | None]
    method: Mapped[str | None]
    reference: Mapped[str | None]
    reading: Mapped[dict[str, Any]] = mapped_column(JSON)
    payment_id: Mapped[str | None]
    other_id: Mapped[str | None] = mapped_column(doc="The advice it repeats, or that replaced it.")
    read_at: Mapped[datetime]
    lapses_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "mail_id", "position"),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
    )

    @property
    def amount(self) -> Money | None:
        """What was paid, it says; None where that is not certain."""
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)


Index("ix_remittance_advice_customer", Advice.business, Advice.customer_id, Advice.state)
Index("ix_remittance_advice_payment", Advice.business, Advice.payment_id)
_IS_ANNOUNCED = text("state = 'announced'")
Index(
    "ix_remittance_advice_lapses",
    Advice.lapses_at,
    sqlite_where=_IS_ANNOUNCED,
    postgresql_where=_IS_ANNOUNCED,
)


class ProposedLine(Record):
    """Cash of an advice for one item, what the payer took off it, and why it is this one."""

    __tablename__ = "remittance_line"
    business: Mapped[str] = mapped_column(primary_key=True)
    advice_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    deduction_minor: Mapped[int | None]
    deduction_reason: Mapped[str | None]
    reasons: Mapped[list[str]] = mapped_column(JSON)
    rivals: Mapped[list[str]] = mapped_column(JSON)
    decided_at: Mapped[datetime | None] = mapped_column(doc="When staff decided the deduction.")
    decided_by: Mapped[str | None]
    allocation_id: Mapped[str | None] = mapped_column(doc="What was posted for it, if accepted.")
    __table_args__ = (
        ForeignKeyConstraint(
            ["business", "advice_id"], ["remittance_advice.business", "remittance_advice.id"]
        ),
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )

    @property
    def amount(self) -> Money:
        """The cash that it says is for the item."""
        return Money(self.amount_minor, self.currency)

    @property
    def deduction(self) -> Money | None:
        """What the payer took off, on top of the cash."""
        if self.deduction_minor is None:
            return None
        return Money(self.deduction_minor, self.currency)


Index("ix_remittance_line_item", ProposedLine.business, ProposedLine.item_id)
