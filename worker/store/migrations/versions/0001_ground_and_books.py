"""The ground, customers and the ledger."""

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
    "once_key",
    "template_set",
    "job",
    "customer",
    "contact",
    "ledger_entry",
    "ledger_posting",
    "work_item",
)
_APPEND_ONLY = ("ledger_entry", "ledger_posting")


def upgrade() -> None:
    _create_business()
    _create_blob()
    _create_once_key()
    _create_template_set()
    _create_job()
    _create_customer()
    _create_contact()
    _create_ledger_entry()
    _create_ledger_posting()
    _create_work_item()
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
        sa.PrimaryKeyConstraint("key", name="pk_business"),
    )


def _create_blob() -> None:
    op.create_table(
        "blob",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["business"], ["business.key"], name="fk_blob_business_business"),
        sa.PrimaryKeyConstraint("business", "sha256", name="pk_blob"),
    )


def _create_once_key() -> None:
    op.create_table(
        "once_key",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_once_key_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "key", name="pk_once_key"),
    )


def _create_template_set() -> None:
    op.create_table(
        "template_set",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_template_set_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "sha256", name="pk_template_set"),
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
        sa.ForeignKeyConstraint(["business"], ["business.key"], name="fk_job_business_business"),
        sa.PrimaryKeyConstraint("business", "id", name="pk_job"),
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
            ["business"], ["business.key"], name="fk_customer_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_customer"),
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
            name="fk_contact_business_customer_id_customer",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_contact"),
        sa.UniqueConstraint(
            "business",
            "customer_id",
            "address_key",
            name="uq_contact_business_customer_id_address_key",
        ),
    )
    op.create_index("ix_contact_address", "contact", ["business", "address_key"], unique=False)


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
            ["business"], ["business.key"], name="fk_ledger_entry_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_ledger_entry"),
        sa.UniqueConstraint(
            "business", "id", "currency", name="uq_ledger_entry_business_id_currency"
        ),
        sa.UniqueConstraint("business", "source", name="uq_ledger_entry_business_source"),
    )


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
            name="fk_ledger_posting_business_entry_id_currency_ledger_entry",
        ),
        sa.PrimaryKeyConstraint("business", "entry_id", "position", name="pk_ledger_posting"),
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
            ["business"], ["business.key"], name="fk_work_item_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_work_item"),
    )
    op.create_index(
        "uq_work_item_open",
        "work_item",
        ["business", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
