"""Convenience fees and bank debits: what a payment page adds, by which method; who the payer is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_WITH_A_FEE = ("checkout", "payment", "refund", "dispute")


def upgrade() -> None:
    for table in _WITH_A_FEE:
        op.add_column(table, _minor("fee_minor"))
    op.add_column("dispute", _minor("loss_minor"))
    op.add_column("dispute", _minor("turned"))
    op.add_column(
        "checkout", sa.Column("method", sa.String(), nullable=False, server_default="card")
    )
    op.add_column("customer", sa.Column("kind", sa.String(), nullable=True))
    op.add_column("charge", sa.Column("taken_by", sa.String(), nullable=True))
    _live("state IN ('opening', 'open', 'processing')")


def downgrade() -> None:
    _live("state IN ('opening', 'open')")
    op.drop_column("charge", "taken_by")
    op.drop_column("customer", "kind")
    op.drop_column("checkout", "method")
    op.drop_column("dispute", "turned")
    op.drop_column("dispute", "loss_minor")
    for table in _WITH_A_FEE:
        op.drop_column(table, "fee_minor")


def _minor(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def _live(states: str) -> None:
    op.drop_index("ix_checkout_live", table_name="checkout")
    op.create_index(
        "ix_checkout_live",
        "checkout",
        ["look_at"],
        sqlite_where=sa.text(states),
        postgresql_where=sa.text(states),
    )
