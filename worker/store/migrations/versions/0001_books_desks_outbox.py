"""The books, the desks and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "business",
    "blob",
    "customer",
    "job",
    "ledger_entry",
    "mail",
    "mailbox_watch",
    "notice",
    "once_key",
    "template_set",
    "webhook",
    "work_item",
    "contact",
    "invoice",
    "ledger_posting",
    "payment",
    "activity",
    "allocation",
    "checkout",
    "document",
    "lane",
    "link",
)
_APPEND_ONLY = ("ledger_entry", "ledger_posting")


def upgrade() -> None:
    _create_business()
    _create_blob()
    _create_customer()
    _create_job()
    _create_ledger_entry()
    _create_mail()
    _create_mailbox_watch()
    _create_notice()
    _create_once_key()
    _create_template_set()
    _create_webhook()
    _create_work_item()
    _create_contact()
    _create_invoice()
    _create_ledger_posting()
    _create_payment()
    _create_activity()
    _create_allocation()
    _create_checkout()
    _create_document()
    _create_lane()
    _create_link()
    for table in _APPEND_ONLY:
        _deny_changes(table)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS ledger_is_append_only() CASCADE")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _deny_changes(table: str) -> None:
    """The ledger is appended to and reversed, never edited: the database itself holds to that."""
    if op.get_bind().dialect.name == "sqlite":
        _deny_on_sqlite(table)
    else:
        _deny_on_postgresql(table)


def _deny_on_sqlite(table: str) -> None:
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


def _deny_on_postgresql(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
    )


def _create_business() -> None:
    op.create_table(
        "business",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_business")),
    )


def _create_blob() -> None:
    op.create_table(
        "blob",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_blob_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "sha256", name=op.f("pk_blob")),
    )


def _create_customer() -> None:
    op.create_table(
        "customer",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("vat_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_customer_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_customer")),
    )
    op.create_index("ix_customer_name_key", "customer", ["business", "name_key"], unique=False)
    op.create_index("ix_customer_vat_id", "customer", ["business", "vat_id"], unique=False)
    op.create_index(
        "uq_customer_number",
        "customer",
        ["business", "number"],
        unique=True,
        sqlite_where=sa.text("number IS NOT NULL"),
        postgresql_where=sa.text("number IS NOT NULL"),
    )


def _create_job() -> None:
    op.create_table(
        "job",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_job_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_open",
        "job",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL AND parked_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND parked_at IS NULL"),
    )
    op.create_index("ix_job_subject", "job", ["business", "subject"], unique=False)


def _create_ledger_entry() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverses", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_ledger_entry_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "business", "id", "currency", name=op.f("uq_ledger_entry_business_id_currency")
        ),
        sa.UniqueConstraint("business", "source", name=op.f("uq_ledger_entry_business_source")),
    )


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
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_mail_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_mail")),
        sa.UniqueConstraint(
            "business",
            "mailbox",
            "folder",
            "epoch",
            "uid",
            name=op.f("uq_mail_business_mailbox_folder_epoch_uid"),
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
            ["business"], ["business.key"], name=op.f("fk_mailbox_watch_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "mailbox", name=op.f("pk_mailbox_watch")),
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
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_notice_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "business",
            "kind",
            "subject_id",
            "version",
            "occasion",
            "recipient",
            name=op.f("uq_notice_business_kind_subject_id_version_occasion_recipient"),
        ),
        sa.UniqueConstraint("business", "message_id", name=op.f("uq_notice_business_message_id")),
    )


def _create_once_key() -> None:
    op.create_table(
        "once_key",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_once_key_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "key", name=op.f("pk_once_key")),
    )


def _create_template_set() -> None:
    op.create_table(
        "template_set",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_template_set_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "sha256", name=op.f("pk_template_set")),
    )


def _create_webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_webhook_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "event_id", name=op.f("pk_webhook")),
    )


def _create_work_item() -> None:
    op.create_table(
        "work_item",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_work_item_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_work_item")),
    )
    op.create_index(
        "uq_work_item_open",
        "work_item",
        ["business", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _create_contact() -> None:
    op.create_table(
        "contact",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("is_billing", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("suppressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suppressed_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name=op.f("fk_contact_business_customer_id_customer"),
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_contact")),
        sa.UniqueConstraint(
            "business",
            "customer_id",
            "address_key",
            name=op.f("uq_contact_business_customer_id_address_key"),
        ),
    )
    op.create_index("ix_contact_address", "contact", ["business", "address_key"], unique=False)


def _create_invoice() -> None:
    op.create_table(
        "invoice",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("number_key", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc_type", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("issue_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("mail_id", sa.String(), nullable=False),
        sa.Column("xml_sha256", sa.String(), nullable=True),
        sa.Column("pdf_sha256", sa.String(), nullable=True),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("recipient_from", sa.String(), nullable=True),
        sa.Column("pay_link", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold", sa.String(), nullable=True),
        sa.Column("hold_because", sa.String(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name=op.f("fk_invoice_business_customer_id_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_invoice_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_invoice")),
        sa.UniqueConstraint(
            "business", "number_key", "version", name=op.f("uq_invoice_business_number_key_version")
        ),
    )
    op.create_index("ix_invoice_customer", "invoice", ["business", "customer_id"], unique=False)
    op.create_index("ix_invoice_mail", "invoice", ["business", "mail_id"], unique=False)


def _create_ledger_posting() -> None:
    op.create_table(
        "ledger_posting",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("item_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "entry_id", "currency"],
            ["ledger_entry.business", "ledger_entry.id", "ledger_entry.currency"],
            name=op.f("fk_ledger_posting_business_entry_id_currency_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("business", "entry_id", "position", name=op.f("pk_ledger_posting")),
    )
    op.create_index(
        "ix_ledger_posting_account",
        "ledger_posting",
        ["business", "account", "currency"],
        unique=False,
    )
    op.create_index(
        "ix_ledger_posting_customer", "ledger_posting", ["business", "customer_id"], unique=False
    )
    op.create_index(
        "ix_ledger_posting_item", "ledger_posting", ["business", "item_id"], unique=False
    )


def _create_payment() -> None:
    op.create_table(
        "payment",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("evidence_type", sa.String(), nullable=True),
        sa.Column("evidence_id", sa.String(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name=op.f("fk_payment_business_customer_id_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name=op.f("fk_payment_business_business")
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_payment")),
        sa.UniqueConstraint(
            "business",
            "evidence_type",
            "evidence_id",
            name=op.f("uq_payment_business_evidence_type_evidence_id"),
        ),
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
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name=op.f("fk_activity_business_item_id_invoice"),
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_activity")),
        sa.UniqueConstraint("business", "id", name=op.f("uq_activity_business_id")),
    )
    op.create_index("ix_activity_item", "activity", ["business", "item_id", "at"], unique=False)


def _create_allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name=op.f("fk_allocation_business_item_id_invoice"),
        ),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name=op.f("fk_allocation_business_payment_id_payment"),
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_allocation")),
    )
    op.create_index("ix_allocation_item", "allocation", ["business", "item_id"], unique=False)
    op.create_index("ix_allocation_payment", "allocation", ["business", "payment_id"], unique=False)


def _create_checkout() -> None:
    op.create_table(
        "checkout",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name=op.f("fk_checkout_business_customer_id_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name=op.f("fk_checkout_business_item_id_invoice"),
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_checkout")),
        sa.UniqueConstraint("business", "key", name=op.f("uq_checkout_business_key")),
        sa.UniqueConstraint("business", "session_id", name=op.f("uq_checkout_business_session_id")),
    )
    op.create_index("ix_checkout_item", "checkout", ["business", "item_id"], unique=False)
    op.create_index(
        "ix_checkout_live",
        "checkout",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('opening', 'open')"),
        postgresql_where=sa.text("state IN ('opening', 'open')"),
    )


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
            name=op.f("fk_document_business_item_id_invoice"),
        ),
        sa.ForeignKeyConstraint(
            ["business", "pdf_sha256"],
            ["blob.business", "blob.sha256"],
            name=op.f("fk_document_business_pdf_sha256_blob"),
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_document")),
        sa.UniqueConstraint("business", "item_id", name=op.f("uq_document_business_item_id")),
    )


def _create_lane() -> None:
    op.create_table(
        "lane",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name=op.f("fk_lane_business_item_id_invoice"),
        ),
        sa.PrimaryKeyConstraint("business", "item_id", name=op.f("pk_lane")),
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
            name=op.f("fk_link_business_customer_id_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["business", "item_id"],
            ["invoice.business", "invoice.id"],
            name=op.f("fk_link_business_item_id_invoice"),
        ),
        sa.PrimaryKeyConstraint("business", "id", name=op.f("pk_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_index(
        "uq_link_live",
        "link",
        ["business", "item_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
