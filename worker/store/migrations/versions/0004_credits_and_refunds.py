"""Credit notes set against invoices, payments that staff register, refunds and disputes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PAYMENT: dict[str, sa.types.TypeEngine[Any]] = {
    "reference": sa.String(),
    "note": sa.String(),
    "paid_on": sa.Date(),
    "registered_by": sa.String(),
    "returned_at": sa.DateTime(timezone=True),
    "returned_by": sa.String(),
    "returned_because": sa.String(),
}


def upgrade() -> None:
    op.add_column("customer", sa.Column("salesperson", sa.String(), nullable=True))
    op.add_column("invoice", sa.Column("credits_id", sa.String(), nullable=True))
    op.create_index("ix_invoice_credits", "invoice", ["business", "credits_id"], unique=False)
    for name, kind in _PAYMENT.items():
        op.add_column("payment", sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("allocation") as table:
        # What a credit note or the balance pays has no payment behind it.
        table.alter_column("payment_id", existing_type=sa.String(), nullable=True)
        table.add_column(sa.Column("credit_note_id", sa.String(), nullable=True))
        table.add_column(sa.Column("allocated_by", sa.String(), nullable=True))
        table.create_foreign_key(
            "fk_allocation_business_credit_note_id_invoice",
            "invoice",
            ["business", "credit_note_id"],
            ["business", "id"],
        )
    op.create_index(
        "ix_allocation_credit_note", "allocation", ["business", "credit_note_id"], unique=False
    )
    _create_refund()
    _create_dispute()


def downgrade() -> None:
    op.drop_table("dispute")
    op.drop_table("refund")
    op.drop_index("ix_allocation_credit_note", "allocation")
    with op.batch_alter_table("allocation") as table:
        table.drop_constraint("fk_allocation_business_credit_note_id_invoice", type_="foreignkey")
        table.drop_column("allocated_by")
        table.drop_column("credit_note_id")
        table.alter_column("payment_id", existing_type=sa.String(), nullable=False)
    for name in reversed(_PAYMENT):
        op.drop_column("payment", name)
    op.drop_index("ix_invoice_credits", "invoice")
    op.drop_column("invoice", "credits_id")
    op.drop_column("customer", "salesperson")


def _create_refund() -> None:
    op.create_table(
        "refund",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=True),
        sa.Column("reopens", sa.Boolean(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_refund_business_payment_id_payment",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_refund"),
        sa.UniqueConstraint("business", "key", name="uq_refund_business_key"),
        sa.UniqueConstraint("business", "stripe_id", name="uq_refund_business_stripe_id"),
    )
    op.create_index("ix_refund_payment", "refund", ["business", "payment_id"], unique=False)


def _create_dispute() -> None:
    op.create_table(
        "dispute",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_dispute_business_payment_id_payment",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_dispute"),
        sa.UniqueConstraint("business", "stripe_id", name="uq_dispute_business_stripe_id"),
    )
    op.create_index("ix_dispute_payment", "dispute", ["business", "payment_id"], unique=False)
