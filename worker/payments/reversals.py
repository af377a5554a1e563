"""Money that goes back: refunds, asked for by staff or made at the gateway, and disputes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.store import Record


class RefundState(StrEnum):
    """What we know of a refund. `asked`: the call was committed, the answer is not known yet."""

    ASKED = "asked"
    UNDER_WAY = "under_way"
    DONE = "done"
    FAILED = "failed"
    DECLINED = "declined"


REFUND_MOVES: dict[RefundState, frozenset[RefundState]] = {
    RefundState.ASKED: frozenset(
        {RefundState.UNDER_WAY, RefundState.DONE, RefundState.FAILED, RefundState.DECLINED}
    ),
    RefundState.UNDER_WAY: frozenset({RefundState.DONE, RefundState.FAILED}),
    # A bank may send a refund back days after it was made.
    RefundState.DONE: frozenset({RefundState.FAILED}),
    RefundState.FAILED: frozenset(),
    # We took it for refused, and the money went all the same: the fact wins.
    RefundState.DECLINED: frozenset({RefundState.UNDER_WAY, RefundState.DONE, RefundState.FAILED}),
}


class Refund(Record):
    """Part of a payment on its way back to the instrument that it came from.

    `reopens`: the invoices it paid are open again; else the balance is what is given back first.
    """

    __tablename__ = "refund"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str]
    state: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), doc="What of it is convenience fee."
    )
    loss_minor: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), doc="What of it a dispute had taken before: our loss."
    )
    key: Mapped[str] = mapped_column(doc="Idempotency key of the call that asks for it.")
    stripe_id: Mapped[str | None]
    reopens: Mapped[bool]
    because: Mapped[str | None]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    booked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "key"),
        UniqueConstraint("business", "stripe_id"),
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
    )

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        """What of it is convenience fee."""
        return Money(self.fee_minor, self.currency)

    @property
    def loss(self) -> Money:
        """What of it the payer had back before, by a lost dispute: it was given twice."""
        return Money(self.loss_minor, self.currency)

    @property
    def principal(self) -> Money:
        """What of it the payer had paid for items, or as balance."""
        return self.amount - self.fee - self.loss


Index("ix_refund_payment", Refund.business, Refund.payment_id)


class Dispute(Record):
    """A payer's complaint to their bank. `status` is the gateway's own word for where it stands."""

    __tablename__ = "dispute"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str]
    stripe_id: Mapped[str]
    status: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), doc="What of it was convenience fee."
    )
    loss_minor: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), doc="What of it had gone back before: our loss."
    )
    turned: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), doc="How often it was decided otherwise later."
    )
    reason: Mapped[str | None]
    opened_at: Mapped[datetime]
    answer_by: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None] = mapped_column(doc="The gateway took the money back.")
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("business", "stripe_id"),
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
    )

    @property
    def amount(self) -> Money:
        """What is disputed."""
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        """What of it was convenience fee."""
        return Money(self.fee_minor, self.currency)

    @property
    def loss(self) -> Money:
        """What of it had gone back before."""
        return Money(self.loss_minor, self.currency)


Index("ix_dispute_payment", Dispute.business, Dispute.payment_id)
