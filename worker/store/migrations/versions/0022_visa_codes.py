"""What a Visa issuer itself gave as its reason for a decline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("charge_attempt", sa.Column("visa_code", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("charge_attempt", "visa_code")
