"""Checkouts by customer: every pay page asks which of a customer's items are being paid."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_checkout_customer", "checkout", ["business", "customer_id"])


def downgrade() -> None:
    op.drop_index("ix_checkout_customer", "checkout")
