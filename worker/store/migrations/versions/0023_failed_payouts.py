"""Payouts that the bank did not take, and what of a refund had gone back before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payout", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payout", sa.Column("failure", sa.String(), nullable=True))
    loss = sa.Column("loss_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("refund", loss)


def downgrade() -> None:
    op.drop_column("refund", "loss_minor")
    op.drop_column("payout", "failure")
    op.drop_column("payout", "failed_at")
