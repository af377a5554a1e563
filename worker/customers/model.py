"""Who owes, and the people to write to. Contacts change on the command line, never by mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from worker.store import Record


class Customer(Record):
    """A customer of one business. `number` is the seller's own number for them."""

    __tablename__ = "customer"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(doc="The name as it is compared: see naming.py.")
    vat_id: Mapped[str | None]
    language: Mapped[str | None]
    time_zone: Mapped[str | None]
    kind: Mapped[str | None] = mapped_column(
        doc="consumer or business, as staff say; else a VAT number makes a business."
    )
    salesperson: Mapped[str | None] = mapped_column(doc="Whose customer it is: a staff address.")
    pay_links: Mapped[bool] = mapped_column(
        default=True,
        server_default=true(),
        doc="False: pays by bank; bank details and their QR code stand where the link would.",
    )
    added_at: Mapped[datetime]
    added_by: Mapped[str]

    @property
    def is_business(self) -> bool:
        """Whether they are known to be a business; everybody else has a consumer's rights."""
        return self.kind == "business" if self.kind else bool(self.vat_id)


_HAS_NUMBER = text("number IS NOT NULL")
Index(
    "uq_customer_number",
    Customer.business,
    Customer.number,
    unique=True,
    sqlite_where=_HAS_NUMBER,
    postgresql_where=_HAS_NUMBER,
)
Index("ix_customer_vat_id", Customer.business, Customer.vat_id)
Index("ix_customer_name_key", Customer.business, Customer.name_key)


class Contact(Record):
    """An address on file. A suppressed one bounced for good and is not written to."""

    __tablename__ = "contact"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    name: Mapped[str | None]
    address: Mapped[str] = mapped_column(doc="As it was typed; mail goes there.")
    address_key: Mapped[str] = mapped_column(doc="In lower case, to compare by.")
    is_billing: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    suppressed_at: Mapped[datetime | None]
    suppressed_because: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
        UniqueConstraint("business", "customer_id", "address_key"),
    )


Index("ix_contact_address", Contact.business, Contact.address_key)


class Contract(Record):
    """An agreement with a customer that staff put on file; others are known from invoices alone."""

    __tablename__ = "contract"
    business: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True, doc="As invoices name it (BT-12).")
    title: Mapped[str | None]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )
