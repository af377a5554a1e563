"""Money registered, what it was applied to, and the hosted checkouts that bring it.

A payment is *announced* (a claim, nothing posted), *pending* (under way), *settled* (evidence says
it is ours), *returned*, or *withdrawn* (announced, and it never came). Evidence is unique: one
Stripe object settles one payment, ever. Money that goes back, as refund or dispute, has rows in
`reversals.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.store import Record


class PaymentState(StrEnum):
    """How sure we are of the money."""

    ANNOUNCED = "announced"
    PENDING = "pending"
    SETTLED = "settled"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


PAYMENT_MOVES: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.ANNOUNCED: frozenset(
        {PaymentState.PENDING, PaymentState.SETTLED, PaymentState.WITHDRAWN}
    ),
    PaymentState.PENDING: frozenset({PaymentState.SETTLED, PaymentState.RETURNED}),
    PaymentState.SETTLED: frozenset({PaymentState.RETURNED}),
    PaymentState.RETURNED: frozenset(),
    PaymentState.WITHDRAWN: frozenset(),
}


class CheckoutState(StrEnum):
    """What we know of a hosted page. `opening`: the call was committed, the answer not yet.

    `processing`: the payer is done and a bank is not; days later it is complete, or `failed`.
    """

    OPENING = "opening"
    OPEN = "open"
    PROCESSING = "processing"
    COMPLETE = "complete"
    EXPIRED = "expired"
    FAILED = "failed"


# As long as its page may still bring money.
LIVE = (CheckoutState.OPENING.value, CheckoutState.OPEN.value, CheckoutState.PROCESSING.value)
_BY_THE_PAYER = frozenset(
    {
        CheckoutState.PROCESSING,
        CheckoutState.COMPLETE,
        CheckoutState.EXPIRED,
        CheckoutState.FAILED,
    }
)
CHECKOUT_MOVES: dict[CheckoutState, frozenset[CheckoutState]] = {
    CheckoutState.OPENING: _BY_THE_PAYER | {CheckoutState.OPEN},
    CheckoutState.OPEN: _BY_THE_PAYER,
    CheckoutState.PROCESSING: _BY_THE_PAYER - {CheckoutState.PROCESSING},
    CheckoutState.COMPLETE: frozenset(),
    CheckoutState.EXPIRED: frozenset(),
    CheckoutState.FAILED: frozenset(),
}


class Payment(Record):
    """Money from one customer, from one source."""

    __tablename__ = "payment"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str | None]
    state: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), doc="What of the amount is a convenience fee."
    )
    method: Mapped[str]
    evidence_type: Mapped[str | None]
    evidence_id: Mapped[str | None]
    registered_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    reference: Mapped[str | None] = mapped_column(doc="What the payer wrote on it.")
    note: Mapped[str | None] = mapped_column(doc="What staff wrote down about it.")
    paid_on: Mapped[date | None]
    registered_by: Mapped[str | None]
    returned_at: Mapped[datetime | None]
    returned_by: Mapped[str | None]
    returned_because: Mapped[str | None]
    checkout_id: Mapped[str | None] = mapped_column(doc="The hosted page that brought it.")
    __table_args__ = (
        UniqueConstraint("business", "evidence_type", "evidence_id"),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )

    @property
    def amount(self) -> Money:
        """What was paid."""
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        """What of it is a convenience fee: ours for the way it was paid, not the items'."""
        return Money(self.fee_minor, self.currency)

    @property
    def principal(self) -> Money:
        """What of it is for items, or the balance."""
        return self.amount - self.fee

    @property
    def was_ours(self) -> bool:
        """Whether it was settled once; a bank debit that came to nothing never was."""
        return self.settled_at is not None


Index("ix_payment_amount", Payment.business, Payment.currency, Payment.amount_minor)
Index("ix_payment_customer", Payment.business, Payment.customer_id)
Index("ix_payment_checkout", Payment.business, Payment.checkout_id)


class Allocation(Record):
    """What was applied to one open item; undone by a date, never deleted.

    It comes from a payment, from a credit note, from an accepted deduction, or, with none of them
    named, from the balance.
    """

    __tablename__ = "allocation"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str | None]
    credit_note_id: Mapped[str | None]
    bearer: Mapped[str | None] = mapped_column(doc="The account that bears an accepted deduction.")
    item_id: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    allocated_at: Mapped[datetime]
    allocated_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
        ForeignKeyConstraint(["business", "credit_note_id"], ["invoice.business", "invoice.id"]),
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )

    @property
    def amount(self) -> Money:
        """What was applied."""
        return Money(self.amount_minor, self.currency)


Index("ix_allocation_item", Allocation.business, Allocation.item_id)
Index("ix_allocation_payment", Allocation.business, Allocation.payment_id)
Index("ix_allocation_credit_note", Allocation.business, Allocation.credit_note_id)


class Checkout(Record):
    """One attempt to take money on a hosted page: its row and key are committed before the call.

    It may be for several items of one customer; `item_id` is the first of them.
    """

    __tablename__ = "checkout"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    link_id: Mapped[str]
    item_id: Mapped[str]
    customer_id: Mapped[str]
    state: Mapped[str]
    method: Mapped[str] = mapped_column(
        default="card", server_default="card", doc="The one method that the page takes."
    )
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(doc="For the items, without the fee.")
    fee_minor: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    key: Mapped[str] = mapped_column(doc="Idempotency key of the call that opens the page.")
    session_id: Mapped[str | None]
    url: Mapped[str | None]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    look_at: Mapped[datetime] = mapped_column(doc="When to ask the gateway if no webhook told.")
    looks: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("business", "key"),
        UniqueConstraint("business", "session_id"),
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )

    @property
    def amount(self) -> Money:
        """What the page asks for its items."""
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        """The convenience fee of its method."""
        return Money(self.fee_minor, self.currency)

    @property
    def whole(self) -> Money:
        """What the page asks for altogether."""
        return self.amount + self.fee


_LIVE = text("state IN ('opening', 'open', 'processing')")
Index(
    "ix_checkout_live",
    Checkout.look_at,
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)
Index("ix_checkout_customer", Checkout.business, Checkout.customer_id)
Index("ix_checkout_item", Checkout.business, Checkout.item_id)


class Share(Record):
    """What a checkout asks for one open item. The shares add up to the checkout."""

    __tablename__ = "checkout_share"
    business: Mapped[str] = mapped_column(primary_key=True)
    checkout_id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str]
    amount_minor: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["business", "checkout_id"], ["checkout.business", "checkout.id"]),
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )

    @property
    def amount(self) -> Money:
        """What is asked for this item."""
        return Money(self.amount_minor, self.currency)


Index("ix_checkout_share_item", Share.business, Share.item_id)


class Lane(Record):
    """Who may take money for an item now. One row per item; free when the lease has passed."""

    __tablename__ = "lane"
    business: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )


class Webhook(Record):
    """A signed event of the gateway, kept once, before it is answered."""

    __tablename__ = "webhook"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    object_id: Mapped[str]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    body_sha256: Mapped[str]
    outcome: Mapped[str]
