"""What is owed: the seller's document, as it was read, and what became of it.

Facts are stored and the state is derived: `state_of` needs only the row and what is still to pay.
The reading is never edited; a changed re-send of a number is a new version.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    case,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.readers.model import DocType
from worker.store import Record

# A document of ours that asks for money in advance: an open item, and no invoice.
CREDIT_REQUEST = "credit_request"


class State(StrEnum):
    """Where an invoice stands. `paid` and `part_paid` follow from allocations alone.

    A credit note is *open* until it is set against what is owed, and then *applied*.
    """

    HELD = "held"
    OPEN = "open"
    PART_PAID = "part_paid"
    PAID = "paid"
    APPLIED = "applied"
    CORRECTED = "corrected"
    VOID = "void"


class Hold(StrEnum):
    """Why an invoice waits for a person."""

    NO_CUSTOMER = "no_customer"
    SEVERAL_CUSTOMERS = "several_customers"
    NO_ADDRESS = "no_address"
    NEW_ADDRESS = "new_address"
    SUMS = "sums"
    NOTHING_TO_PAY = "nothing_to_pay"
    CHANGED = "changed"
    LIMIT = "limit"
    CREDIT_NOTE = "credit_note"
    INSTRUCTION = "instruction"
    PLAIN = "plain"


class Invoice(Record):
    """One version of one document of the seller. Amounts in minor units; `total` is payable."""

    __tablename__ = "invoice"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    number_key: Mapped[str] = mapped_column(doc="The number without white space, in capitals.")
    version: Mapped[int] = mapped_column(default=1)
    doc_type: Mapped[str]
    currency: Mapped[str]
    total_minor: Mapped[int]
    issue_on: Mapped[date | None]
    due_on: Mapped[date | None]
    reading: Mapped[dict[str, Any]] = mapped_column(JSON)
    fingerprint: Mapped[str] = mapped_column(doc="Hash of what makes two readings the same.")
    mail_id: Mapped[str]
    xml_sha256: Mapped[str | None]
    pdf_sha256: Mapped[str | None]
    customer_id: Mapped[str | None]
    recipient: Mapped[str | None]
    recipient_from: Mapped[str | None] = mapped_column(doc="Which rule found the recipient.")
    pay_link: Mapped[bool] = mapped_column(default=True)
    received_at: Mapped[datetime]
    hold: Mapped[str | None]
    hold_because: Mapped[str | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    corrected_at: Mapped[datetime | None] = mapped_column(doc="A later version took its place.")
    credits_id: Mapped[str | None] = mapped_column(doc="Of a credit note: the invoice it credits.")
    rests_since: Mapped[datetime | None] = mapped_column(doc="Staff want no mail about it sent.")
    rests_by: Mapped[str | None]
    promised_on: Mapped[date | None] = mapped_column(doc="The day by which the customer will pay.")
    promised_at: Mapped[datetime | None] = mapped_column(doc="When they said so.")
    promised_by: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "number_key", "version"),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )

    @property
    def total(self) -> Money:
        """The amount payable as the document states it, with the sign that it prints."""
        return Money(self.total_minor, self.currency)

    @property
    def is_credit(self) -> bool:
        """Whether it gives money back: a credit note, or an invoice with a negative total."""
        return self.doc_type == DocType.CREDIT_NOTE or self.total_minor < 0

    @property
    def is_credit_request(self) -> bool:
        """Whether paying it raises the customer's balance, and nobody owes it."""
        return self.doc_type == CREDIT_REQUEST

    @property
    def effect(self) -> Money:
        """What it adds to what the customer owes: less than nothing for a credit.

        Credit notes print their amounts with either sign and always mean the same.
        """
        return Money(-abs(self.total_minor) if self.is_credit else self.total_minor, self.currency)


Index("ix_invoice_customer", Invoice.business, Invoice.customer_id)
Index("ix_invoice_mail", Invoice.business, Invoice.mail_id)
_IS_PROMISED = text("promised_on IS NOT NULL")
Index(
    "ix_invoice_promised",
    Invoice.business,
    Invoice.promised_on,
    sqlite_where=_IS_PROMISED,
    postgresql_where=_IS_PROMISED,
)
Index("ix_invoice_credits", Invoice.business, Invoice.credits_id)


# What an invoice adds to what is owed, in a query: `Invoice.effect` says the same.
EFFECT_MINOR = case(
    (Invoice.doc_type == DocType.CREDIT_NOTE.value, -func.abs(Invoice.total_minor)),
    else_=Invoice.total_minor,
)


def state_of(invoice: Invoice, still_to_pay: Money) -> State:
    """The invoice's state; a pure function of its facts and what is still to pay."""
    if invoice.voided_at is not None:
        return State.VOID
    if invoice.corrected_at is not None:
        return State.CORRECTED
    if invoice.issued_at is None:
        return State.HELD
    if invoice.is_credit:
        return State.APPLIED if still_to_pay.is_zero else State.OPEN
    if not still_to_pay.is_positive:
        return State.PAID
    return State.PART_PAID if still_to_pay < invoice.total else State.OPEN
