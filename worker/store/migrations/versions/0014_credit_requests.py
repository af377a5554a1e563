"""Credit requests with their numbers and plans, and when a network replaced a stored card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_IN_FORCE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    _create_plan()
    _create_request()
    op.create_table(
        "credit_number",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_credit_number_business_business"
        ),
        sa.PrimaryKeyConstraint("business", name="pk_credit_number"),
    )
    op.add_column("mandate", sa.Column("card_updated_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("mandate", "card_updated_at")
    op.drop_table("credit_number")
    op.drop_table("credit_request")
    op.drop_table("credit_plan")


def _create_plan() -> None:
    op.create_table(
        "credit_plan",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("day_of_month", sa.BigInteger(), nullable=True),
        sa.Column("below_minor", sa.BigInteger(), nullable=True),
        sa.Column("per_month_minor", sa.BigInteger(), nullable=True),
        sa.Column("contract", sa.String(), nullable=True),
        sa.Column("by_card", sa.Boolean(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_credit_plan_business_business"
        ),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_credit_plan_business_customer_id_customer",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_credit_plan"),
    )
    op.create_index(
        "ix_credit_plan_in_force",
        "credit_plan",
        ["business"],
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    )


def _create_request() -> None:
    op.create_table(
        "credit_request",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("contract", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("by_card", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("item_id", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.UniqueConstraint("business", "source_key", name="uq_credit_request_business_source_key"),
        sa.UniqueConstraint("business", "sequence", name="uq_credit_request_business_sequence"),
        sa.UniqueConstraint("business", "item_id", name="uq_credit_request_business_item_id"),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_credit_request_business_business"
        ),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_credit_request_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_credit_request_business_item_id_invoice",
        ),
        sa.ForeignKeyConstraint(
            ["business", "plan_id"],
            ["credit_plan.business", "credit_plan.id"],
            name="fk_credit_request_business_plan_id_credit_plan",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_credit_request"),
    )
    op.create_index("ix_credit_request_customer", "credit_request", ["business", "customer_id"])
    op.create_index("ix_credit_request_plan", "credit_request", ["business", "plan_id"])
