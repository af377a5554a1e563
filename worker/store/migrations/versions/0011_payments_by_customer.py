"""Payments by customer: every pay page asks what of a customer is announced or under way."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payment_customer", "payment", ["business", "customer_id"])


def downgrade() -> None:
    op.drop_index("ix_payment_customer", "payment")
