"""Which checkout brought a payment: by it a failed debit names its items, and so does thanks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("checkout_id", sa.String(), nullable=True))
    op.create_index("ix_payment_checkout", "payment", ["business", "checkout_id"])


def downgrade() -> None:
    op.drop_index("ix_payment_checkout", "payment")
    op.drop_column("payment", "checkout_id")
