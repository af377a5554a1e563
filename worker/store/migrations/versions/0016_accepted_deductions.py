"""Deductions that were accepted: the account that bears each, and who decided it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OF_LINE = ("decided_at", "decided_by", "allocation_id")


def upgrade() -> None:
    op.add_column("allocation", sa.Column("bearer", sa.String(), nullable=True))
    decided_at = sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("remittance_line", decided_at)
    for name in _OF_LINE[1:]:
        op.add_column("remittance_line", sa.Column(name, sa.String(), nullable=True))


def downgrade() -> None:
    for name in reversed(_OF_LINE):
        op.drop_column("remittance_line", name)
    op.drop_column("allocation", "bearer")
