"""Invoices and payments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "invoice",
    "payment",
    "allocation",
    "checkout",
    "lane",
    "webhook",
)


def upgrade() -> None:
    _create_invoice()
    _create_payment()
    _create_allocation()
    _create_checkout()
    _create_lane()
    _create_webhook()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_invoice() -> None:
    op.create_table(
        "invoice",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_key", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc_type", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("issue_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("mail_id", sa.String(), nullable=False),
        sa.Column("xml_sha256", sa.String(), nullable=True),
        sa.Column("pdf_sha256", sa.String(), nullable=True),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("recipient_from", sa.String(), nullable=True),
        sa.Column("pay_link", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("hold_because", sa.String(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_invoice_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_invoice_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_invoice"),
        sa.UniqueConstraint(
            "business", "number_key", "version", name="uq_invoice_business_number_key_version"
        ),
    )
    op.create_index("ix_invoice_customer", "invoice", ["business", "customer_id"], unique=False)
    op.create_index("ix_invoice_mail", "invoice", ["business", "mail_id"], unique=False)


def _create_payment() -> None:
    op.create_table(
        "payment",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("evidence_type", sa.String(), nullable=True),
        sa.Column("evidence_id", sa.String(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_payment_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_payment_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_payment"),
        sa.UniqueConstraint(
            "business",
            "evidence_type",
            "evidence_id",
            name="uq_payment_business_evidence_type_evidence_id",
        ),
    )


def _create_allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_allocation_business_item_id_invoice",
        ),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_allocation_business_payment_id_payment",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_allocation"),
    )
    op.create_index("ix_allocation_item", "allocation", ["business", "item_id"], unique=False)
    op.create_index("ix_allocation_payment", "allocation", ["business", "payment_id"], unique=False)


def _create_checkout() -> None:
    op.create_table(
        "checkout",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_checkout_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_checkout_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_checkout"),
        sa.UniqueConstraint("business", "key", name="uq_checkout_business_key"),
        sa.UniqueConstraint("business", "session_id", name="uq_checkout_business_session_id"),
    )
    op.create_index("ix_checkout_item", "checkout", ["business", "item_id"], unique=False)
    op.create_index(
        "ix_checkout_live",
        "checkout",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('opening', 'open')"),
        postgresql_where=sa.text("state IN ('opening', 'open')"),
    )


def _create_lane() -> None:
    op.create_table(
        "lane",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_lane_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "item_id", name="pk_lane"),
    )


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_webhook_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "event_id", name="pk_webhook"),
    )
