"""How often a question was asked, what its answer rests on, and invoices at rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_item", sa.Column("resolved_from", sa.String(), nullable=True))
    op.add_column(
        "work_item",
        sa.Column("asked_again", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.add_column("invoice", sa.Column("rests_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invoice", sa.Column("rests_by", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("invoice", "rests_by")
    op.drop_column("invoice", "rests_since")
    op.drop_column("work_item", "asked_again")
    op.drop_column("work_item", "resolved_from")
