"""Statements of the business's bank accounts and their entries, each in the books once.

An entry is known by its account, its day, its amount, the bank's reference (where there is none, by
what else the bank says of it) and a number that tells equal ones apart. A statement's row is a
stretch of entries that were new in it; stretches of an account form a chain of balances.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.store import Record


class Outcome(StrEnum):
    """What became of an entry. None: it is still to be settled.

    *recognised*: staff had registered the payment; *noted*: no customer's money, such as a debit;
    *lost*: it takes back a credit that is not known here, or not for certain.
    """

    APPLIED = "applied"
    UNAPPLIED = "unapplied"
    UNIDENTIFIED = "unidentified"
    RECOGNISED = "recognised"
    PAYOUT = "payout"
    REVERSAL = "reversal"
    LOST = "lost"
    NOTED = "noted"


class BankStatement(Record):
    """A stretch of entries that a file told first, and the balances before and after it.

    Without balances (a notification, a list) it stands in no chain. `after_id` is the stretch that
    ends with the balance this one begins with; None: the first, or after a gap staff accepted.
    """

    __tablename__ = "bank_statement"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    currency: Mapped[str]
    number: Mapped[str | None]
    format: Mapped[str]
    begins_minor: Mapped[int | None]
    ends_minor: Mapped[int | None]
    after_id: Mapped[str | None]
    raw_sha256: Mapped[str]
    came_by: Mapped[str] = mapped_column(doc="Who imported it, or the mail that brought it.")
    gap_accepted_by: Mapped[str | None]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("business", "after_id"),
        ForeignKeyConstraint(
            ["business", "after_id"], ["bank_statement.business", "bank_statement.id"]
        ),
    )


Index("ix_bank_statement_account", BankStatement.business, BankStatement.account)


class BankEntry(Record):
    """One movement on an account, or one payment of a movement that the bank breaks down."""

    __tablename__ = "bank_entry"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    statement_id: Mapped[str]
    is_chained: Mapped[bool] = mapped_column(doc="Whether a statement with balances told it.")
    account: Mapped[str]
    fingerprint: Mapped[str]
    ordinal: Mapped[int] = mapped_column(doc="Tells entries apart that say the same.")
    part: Mapped[int] = mapped_column(doc="0: the whole; else the n-th payment inside it.")
    position: Mapped[int] = mapped_column(doc="Its place in the file that told it.")
    currency: Mapped[str]
    amount_minor: Mapped[int]
    booked_on: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(doc="The bank's own.")
    end_to_end_id: Mapped[str | None]
    said: Mapped[str] = mapped_column(doc="All that the bank says of it in words.")
    structured: Mapped[list[str]] = mapped_column(JSON, doc="Structured references, as written.")
    payer_name: Mapped[str | None]
    payer_account: Mapped[str | None]
    is_reversal: Mapped[bool]
    outcome: Mapped[str | None]
    because: Mapped[str | None]
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON, doc="What spoke against it.")
    payment_id: Mapped[str | None]
    reverses_id: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("business", "account", "fingerprint", "ordinal", "part"),
        UniqueConstraint("business", "payment_id"),
        UniqueConstraint("business", "reverses_id"),
        ForeignKeyConstraint(
            ["business", "statement_id"], ["bank_statement.business", "bank_statement.id"]
        ),
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
        ForeignKeyConstraint(["business", "reverses_id"], ["bank_entry.business", "bank_entry.id"]),
    )

    @property
    def amount(self) -> Money:
        """What came in; less than nothing is what went out."""
        return Money(self.amount_minor, self.currency)


_IS_WAITING = text("outcome IS NULL")
Index(
    "ix_bank_entry_waiting",
    BankEntry.business,
    BankEntry.account,
    sqlite_where=_IS_WAITING,
    postgresql_where=_IS_WAITING,
)
Index("ix_bank_entry_statement", BankEntry.business, BankEntry.statement_id)
Index("ix_bank_entry_amount", BankEntry.business, BankEntry.account, BankEntry.amount_minor)
Index("ix_bank_entry_payer", BankEntry.business, BankEntry.payer_account)
