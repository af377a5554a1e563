"""A checkout may take money for several items: what it asks for each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkout_share",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "checkout_id"],
            ["checkout.business", "checkout.id"],
            name="fk_checkout_share_business_checkout_id_checkout",
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_checkout_share_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "checkout_id", "item_id", name="pk_checkout_share"),
    )
    op.create_index("ix_checkout_share_item", "checkout_share", ["business", "item_id"])
    op.execute(
        "INSERT INTO checkout_share (business, checkout_id, item_id, currency, amount_minor) "
        "SELECT business, id, item_id, currency, amount_minor FROM checkout"
    )


def downgrade() -> None:
    op.drop_table("checkout_share")
