"""An index of the mail that is not sorted yet: every charge asks since when there is some."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unsorted = sa.text("sorted_at IS NULL")
    op.create_index(
        "ix_mail_unsorted",
        "mail",
        ["business", "received_at"],
        unique=False,
        sqlite_where=unsorted,
        postgresql_where=unsorted,
    )


def downgrade() -> None:
    op.drop_index("ix_mail_unsorted", "mail")
