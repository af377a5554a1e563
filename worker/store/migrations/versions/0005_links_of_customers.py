"""Links of customers, ends that stay, a second face of a document, customers without links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LIVE = sa.text("revoked_at IS NULL")
_RUNNING = sa.text("revoked_at IS NULL AND ended_at IS NULL")
_CUSTOMERS_LIVE = sa.text("revoked_at IS NULL AND item_id IS NULL")


def upgrade() -> None:
    op.add_column(
        "customer", sa.Column("pay_links", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    _change_link()
    with op.batch_alter_table("activity") as activity:
        activity.alter_column("item_id", existing_type=sa.String(), nullable=True)
    op.create_index("ix_activity_link", "activity", ["business", "link_id"])
    op.create_index("ix_link_customer", "link", ["business", "customer_id"])
    _change_document()


def downgrade() -> None:
    op.execute(
        "DELETE FROM document WHERE NOT with_link AND EXISTS (SELECT 1 FROM document AS other "
        "WHERE other.business = document.business AND other.item_id = document.item_id "
        "AND other.with_link)"
    )
    with op.batch_alter_table("document") as document:
        document.drop_constraint("uq_document_business_item_id_with_link", type_="unique")
        document.create_unique_constraint("uq_document_business_item_id", ["business", "item_id"])
        document.drop_column("with_link")
    op.drop_index("ix_link_customer", "link")
    op.drop_index("ix_activity_link", "activity")
    op.execute("DELETE FROM activity WHERE item_id IS NULL")
    with op.batch_alter_table("activity") as activity:
        activity.alter_column("item_id", existing_type=sa.String(), nullable=False)
    for index in ("ix_link_running", "uq_link_live_customer", "uq_link_live"):
        op.drop_index(index, "link")
    op.execute("DELETE FROM link WHERE item_id IS NULL")
    with op.batch_alter_table("link") as link:
        link.drop_column("ended_at")
        link.drop_column("currency")
        link.alter_column("item_id", existing_type=sa.String(), nullable=False)
    _index_live_items()
    op.drop_column("customer", "pay_links")


def _change_link() -> None:
    op.drop_index("uq_link_live", "link")
    with op.batch_alter_table("link") as link:
        link.alter_column("item_id", existing_type=sa.String(), nullable=True)
        link.add_column(sa.Column("currency", sa.String(), nullable=True))
        link.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    _index_live_items()
    op.create_index(
        "uq_link_live_customer",
        "link",
        ["business", "customer_id", "currency"],
        unique=True,
        sqlite_where=_CUSTOMERS_LIVE,
        postgresql_where=_CUSTOMERS_LIVE,
    )
    op.create_index(
        "ix_link_running",
        "link",
        ["cap_at"],
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )


def _index_live_items() -> None:
    op.create_index(
        "uq_link_live",
        "link",
        ["business", "item_id"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def _change_document() -> None:
    with op.batch_alter_table("document") as document:
        document.add_column(
            sa.Column("with_link", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        document.drop_constraint("uq_document_business_item_id", type_="unique")
        document.create_unique_constraint(
            "uq_document_business_item_id_with_link", ["business", "item_id", "with_link"]
        )
    # What was frozen for an invoice without a pay link carries none.
    op.execute(
        "UPDATE document SET with_link = false WHERE EXISTS (SELECT 1 FROM invoice WHERE "
        "invoice.business = document.business AND invoice.id = document.item_id "
        "AND NOT invoice.pay_link)"
    )
