"""The portal: links of contacts, contracts on file, and what waits for a code that was mailed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LIVE_OF_CONTACT = sa.text("revoked_at IS NULL AND contact_id IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("link") as link:
        link.add_column(sa.Column("contact_id", sa.String(), nullable=True))
        link.create_foreign_key(
            "fk_link_business_contact_id_contact",
            "contact",
            ["business", "contact_id"],
            ["business", "id"],
        )
    op.create_index(
        "uq_link_live_contact",
        "link",
        ["business", "contact_id"],
        unique=True,
        sqlite_where=_LIVE_OF_CONTACT,
        postgresql_where=_LIVE_OF_CONTACT,
    )
    _create_contract()
    _create_confirmation()


def downgrade() -> None:
    op.drop_table("confirmation")
    op.drop_table("contract")
    op.drop_index("uq_link_live_contact", "link")
    op.execute(
        "DELETE FROM activity WHERE link_id IN (SELECT id FROM link WHERE contact_id IS NOT NULL)"
    )
    op.execute("DELETE FROM link WHERE contact_id IS NOT NULL")
    with op.batch_alter_table("link") as link:
        link.drop_constraint("fk_link_business_contact_id_contact", type_="foreignkey")
        link.drop_column("contact_id")


def _create_contract() -> None:
    op.create_table(
        "contract",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_contract_business_customer_id_customer",
        ),
        sa.PrimaryKeyConstraint("business", "customer_id", "number", name="pk_contract"),
    )


def _create_confirmation() -> None:
    op.create_table(
        "confirmation",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "link_id"],
            ["link.business", "link.id"],
            name="fk_confirmation_business_link_id_link",
        ),
        sa.ForeignKeyConstraint(
            ["business", "contact_id"],
            ["contact.business", "contact.id"],
            name="fk_confirmation_business_contact_id_contact",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_confirmation"),
    )
    op.create_index("ix_confirmation_contact", "confirmation", ["business", "contact_id"])
