"""Append-only double entry per business and currency. Triggers in the database deny changes.

A posting is a debit when positive and a credit when negative; the postings of an entry add up to
zero. Each entry has a source that no other has, so posting the same thing again does nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from worker.store import Record


class Account(StrEnum):
    """Where value stands.

    *other clearing* is what a card terminal or another service took and has not paid out yet;
    *disputed* is what the gateway took back while a payer's bank decides; *dispute losses*
    is what it took though the payer had been given it back before; *credit requested* is the
    counterpart of what is still to pay of credit requests, which nobody owes.
    The last five bear what customers took off and the business accepted; tax withheld is the
    customer's to pay for us.
    """

    RECEIVABLE = "receivable"
    INVOICED = "invoiced"
    CREDIT_REQUESTED = "credit_requested"
    GATEWAY_CLEARING = "gateway_clearing"
    BANK = "bank"
    CASH = "cash"
    OTHER_CLEARING = "other_clearing"
    DISPUTED = "disputed"
    CUSTOMER_BALANCE = "customer_balance"
    UNAPPLIED_CASH = "unapplied_cash"
    UNIDENTIFIED_CASH = "unidentified_cash"
    FEE_INCOME = "fee_income"
    PROCESSING_COST = "processing_cost"
    DISPUTE_FEES = "dispute_fees"
    DISPUTE_LOSSES = "dispute_losses"
    DISCOUNTS = "discounts"
    BANK_FEES = "bank_fees"
    TAX_WITHHELD = "tax_withheld"
    RETURNS = "returns"
    ALLOWANCES = "allowances"


class Entry(Record):
    """One movement. `source` says what caused it, such as `invoice-issued:inv_…`."""

    __tablename__ = "ledger_entry"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    currency: Mapped[str]
    posted_at: Mapped[datetime]
    reverses: Mapped[str | None] = mapped_column(doc="The id of the entry that this one undoes.")
    postings: Mapped[list[Posting]] = relationship(
        back_populates="entry", order_by="Posting.position", lazy="selectin"
    )
    __table_args__ = (
        UniqueConstraint("business", "source"),
        UniqueConstraint("business", "id", "currency"),
    )


class Posting(Record):
    """One leg of an entry. Amounts in minor units of the entry's currency."""

    __tablename__ = "ledger_posting"
    business: Mapped[str] = mapped_column(primary_key=True)
    entry_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    customer_id: Mapped[str | None]
    item_id: Mapped[str | None]
    entry: Mapped[Entry] = relationship(back_populates="postings")
    __table_args__ = (
        # The currency is part of the key: a leg cannot be in another currency than its entry.
        ForeignKeyConstraint(
            ["business", "entry_id", "currency"],
            ["ledger_entry.business", "ledger_entry.id", "ledger_entry.currency"],
        ),
    )


Index("ix_ledger_posting_account", Posting.business, Posting.account, Posting.currency)
# With these, what an item or a customer owes is answered without a look at the rows.
_HELD = (Posting.account, Posting.currency, Posting.amount_minor)
Index("ix_ledger_posting_item", Posting.business, Posting.item_id, *_HELD)
Index("ix_ledger_posting_customer", Posting.business, Posting.customer_id, *_HELD, Posting.item_id)
