"""Mails, links, documents and notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = (
    "mail",
    "mailbox_watch",
    "link",
    "activity",
    "document",
    "notice",
)


def upgrade() -> None:
    _create_mail()
    _create_mailbox_watch()
    _create_link()
    _create_activity()
    _create_document()
    _create_notice()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_mail() -> None:
    op.create_table(
        "mail",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("raw_sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("sorted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("trust", sa.String(), nullable=True),
        sa.Column("trust_because", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("reading", sa.JSON(), nullable=True),
        sa.Column("duplicate_of", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["business"], ["business.key"], name="fk_mail_business_business"),
        sa.PrimaryKeyConstraint("business", "id", name="pk_mail"),
        sa.UniqueConstraint(
            "business",
            "mailbox",
            "folder",
            "epoch",
            "uid",
            name="uq_mail_business_mailbox_folder_epoch_uid",
        ),
    )
    op.create_index("ix_mail_message_id", "mail", ["business", "message_id"], unique=False)
    op.create_index("ix_mail_raw", "mail", ["business", "raw_sha256"], unique=False)


def _create_mailbox_watch() -> None:
    op.create_table(
        "mailbox_watch",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_to_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("problem_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_mailbox_watch_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "mailbox", name="pk_mailbox_watch"),
    )


def _create_link() -> None:
    op.create_table(
        "link",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cap_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_link_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_link_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_link"),
        sa.UniqueConstraint("token_hash", name="uq_link_token_hash"),
    )
    op.create_index(
        "uq_link_live",
        "link",
        ["business", "item_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def _create_activity() -> None:
    op.create_table(
        "activity",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nth", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_activity_business_item_id_invoice",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_activity"),
    )
    op.create_index("ix_activity_item", "activity", ["business", "item_id", "nth"], unique=False)


def _create_document() -> None:
    op.create_table(
        "document",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("face", sa.String(), nullable=False),
        sa.Column("pdf_sha256", sa.String(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("template_set", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name="fk_document_business_item_id_invoice",
        ),
        sa.ForeignKeyConstraint(
            ["business", "pdf_sha256"],
            ["blob.business", "blob.sha256"],
            name="fk_document_business_pdf_sha256_blob",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_document"),
        sa.UniqueConstraint("business", "item_id", name="uq_document_business_item_id"),
    )


def _create_notice() -> None:
    op.create_table(
        "notice",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("template_set", sa.String(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("server_reply", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["business"], ["business.key"], name="fk_notice_business_business"),
        sa.PrimaryKeyConstraint("business", "id", name="pk_notice"),
        sa.UniqueConstraint(
            "business",
            "kind",
            "subject_id",
            "version",
            "occasion",
            "recipient",
            name="uq_notice_business_kind_subject_id_version_occasion_recipient",
        ),
        sa.UniqueConstraint("business", "message_id", name="uq_notice_business_message_id"),
    )
