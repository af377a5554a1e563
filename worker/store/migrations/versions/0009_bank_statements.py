"""Statements of bank accounts, and their entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_bank_statement()
    _create_bank_entry()
    op.create_index(
        "ix_payment_amount", "payment", ["business", "currency", "amount_minor"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_payment_amount", table_name="payment")
    op.drop_table("bank_entry")
    op.drop_table("bank_statement")


def _create_bank_statement() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("begins_minor", sa.BigInteger(), nullable=True),
        sa.Column("ends_minor", sa.BigInteger(), nullable=True),
        sa.Column("after_id", sa.String(), nullable=True),
        sa.Column("raw_sha256", sa.String(), nullable=False),
        sa.Column("came_by", sa.String(), nullable=False),
        sa.Column("gap_accepted_by", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "after_id"],
            ["bank_statement.business", "bank_statement.id"],
            name="fk_bank_statement_business_after_id_bank_statement",
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_bank_statement_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_bank_statement"),
        sa.UniqueConstraint("business", "after_id", name="uq_bank_statement_business_after_id"),
    )
    op.create_index(
        "ix_bank_statement_account", "bank_statement", ["business", "account"], unique=False
    )


def _create_bank_entry() -> None:
    op.create_table(
        "bank_entry",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("is_chained", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("end_to_end_id", sa.String(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("structured", sa.JSON(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=True),
        sa.Column("payer_account", sa.String(), nullable=True),
        sa.Column("is_reversal", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("reverses_id", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_bank_entry_business_payment_id_payment",
        ),
        sa.ForeignKeyConstraint(
            ["business", "reverses_id"],
            ["bank_entry.business", "bank_entry.id"],
            name="fk_bank_entry_business_reverses_id_bank_entry",
        ),
        sa.ForeignKeyConstraint(
            ["business", "statement_id"],
            ["bank_statement.business", "bank_statement.id"],
            name="fk_bank_entry_business_statement_id_bank_statement",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_bank_entry"),
        sa.UniqueConstraint(
            "business",
            "account",
            "fingerprint",
            "ordinal",
            "part",
            name="uq_bank_entry_business_account_fingerprint_ordinal_part",
        ),
        sa.UniqueConstraint("business", "payment_id", name="uq_bank_entry_business_payment_id"),
        sa.UniqueConstraint("business", "reverses_id", name="uq_bank_entry_business_reverses_id"),
    )
    about = {
        "ix_bank_entry_amount": ["business", "account", "amount_minor"],
        "ix_bank_entry_payer": ["business", "payer_account"],
        "ix_bank_entry_statement": ["business", "statement_id"],
    }
    for name, columns in about.items():
        op.create_index(name, "bank_entry", columns, unique=False)
    op.create_index(
        "ix_bank_entry_waiting",
        "bank_entry",
        ["business", "account"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
