"""What customers promise: the day by which an item is to be paid, and who said so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_IS_PROMISED = sa.text("promised_on IS NOT NULL")


def upgrade() -> None:
    op.add_column("invoice", sa.Column("promised_on", sa.Date(), nullable=True))
    op.add_column("invoice", sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invoice", sa.Column("promised_by", sa.String(), nullable=True))
    op.create_index(
        "ix_invoice_promised",
        "invoice",
        ["business", "promised_on"],
        sqlite_where=_IS_PROMISED,
        postgresql_where=_IS_PROMISED,
    )


def downgrade() -> None:
    op.drop_index("ix_invoice_promised", "invoice")
    for name in ("promised_by", "promised_at", "promised_on"):
        op.drop_column("invoice", name)
