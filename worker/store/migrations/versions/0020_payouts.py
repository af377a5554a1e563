"""What the gateway paid out, weighed against the books and met with the bank's line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payout",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("arrives_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=True),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["business"], ["business.key"], name="fk_payout_business_business"),
        sa.ForeignKeyConstraint(
            ["business", "entry_id"],
            ["bank_entry.business", "bank_entry.id"],
            name="fk_payout_business_bank_entry",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_payout"),
        sa.UniqueConstraint("business", "entry_id", name="uq_payout_business_entry_id"),
    )


def downgrade() -> None:
    op.drop_table("payout")
