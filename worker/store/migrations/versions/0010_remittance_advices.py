"""Announced payments with what they are to pay, and the remittance advices behind them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_proposed()
    _create_advice()
    _create_line()


def downgrade() -> None:
    op.drop_table("remittance_line")
    op.drop_table("remittance_advice")
    op.drop_table("proposed_allocation")


def _create_proposed() -> None:
    op.create_table(
        "proposed_allocation",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_proposed_allocation_business_payment_id_payment",
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_proposed_allocation_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "payment_id", "item_id", name="pk_proposed_allocation"),
    )
    op.create_index(
        "ix_proposed_allocation_item",
        "proposed_allocation",
        ["business", "item_id"],
        unique=False,
    )


def _create_advice() -> None:
    op.create_table(
        "remittance_advice",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("mail_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("doubts", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("written_by", sa.String(), nullable=True),
        sa.Column("trust", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("other_id", sa.String(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_remittance_advice_business_business"
        ),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_remittance_advice_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_remittance_advice_business_payment_id_payment",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_remittance_advice"),
        sa.UniqueConstraint(
            "business", "mail_id", "position", name="uq_remittance_advice_business_mail_id_position"
        ),
    )
    about = ["business", "customer_id", "state"]
    op.create_index("ix_remittance_advice_customer", "remittance_advice", about, unique=False)
    op.create_index(
        "ix_remittance_advice_payment",
        "remittance_advice",
        ["business", "payment_id"],
        unique=False,
    )
    is_announced = sa.text("state = 'announced'")
    op.create_index(
        "ix_remittance_advice_lapses",
        "remittance_advice",
        ["lapses_at"],
        unique=False,
        sqlite_where=is_announced,
        postgresql_where=is_announced,
    )


def _create_line() -> None:
    op.create_table(
        "remittance_line",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("advice_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("deduction_minor", sa.BigInteger(), nullable=True),
        sa.Column("deduction_reason", sa.String(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("rivals", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "advice_id"],
            ["remittance_advice.business", "remittance_advice.id"],
            name="fk_remittance_line_business_advice_id_remittance_advice",
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_remittance_line_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "advice_id", "position", name="pk_remittance_line"),
    )
    op.create_index(
        "ix_remittance_line_item", "remittance_line", ["business", "item_id"], unique=False
    )
