"""Stored cards: consent, charges, the calls made for them, and the days planned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_mandate()
    _create_card_link()
    _create_charge()
    _create_charge_attempt()
    _create_charge_run()
    _create_charge_pause()


def downgrade() -> None:
    for name in ("charge_pause", "charge_run", "charge_attempt", "charge", "card_link", "mandate"):
        op.drop_table(name)


def _create_mandate() -> None:
    op.create_table(
        "mandate",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("consent_version", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_where", sa.String(), nullable=False),
        sa.Column("given_how", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("per_charge_minor", sa.BigInteger(), nullable=True),
        sa.Column("per_month_minor", sa.BigInteger(), nullable=True),
        sa.Column("contracts", sa.JSON(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=False),
        sa.Column("stripe_method_id", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_because", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_mandate_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_mandate_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_mandate"),
    )
    op.create_index("ix_mandate_customer", "mandate", ["business", "customer_id"], unique=False)
    op.create_index("ix_mandate_fingerprint", "mandate", ["business", "fingerprint"], unique=False)


def _create_card_link() -> None:
    op.create_table(
        "card_link",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("consent_version", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("per_charge_minor", sa.BigInteger(), nullable=True),
        sa.Column("per_month_minor", sa.BigInteger(), nullable=True),
        sa.Column("contracts", sa.JSON(), nullable=False),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looks", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mandate_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_card_link_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business", "mandate_id"],
            ["mandate.business", "mandate.id"],
            name="fk_card_link_business_mandate_id_mandate",
        ),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_card_link_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_card_link"),
        sa.UniqueConstraint("business", "key", name="uq_card_link_business_key"),
        sa.UniqueConstraint("business", "session_id", name="uq_card_link_business_session_id"),
    )


def _create_charge() -> None:
    op.create_table(
        "charge",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item_kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("mandate_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("stripe_intent_id", sa.String(), nullable=True),
        sa.Column("unknown_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_last", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business", "customer_id"],
            ["customer.business", "customer.id"],
            name="fk_charge_business_customer_id_customer",
        ),
        sa.ForeignKeyConstraint(
            ["business", "mandate_id"],
            ["mandate.business", "mandate.id"],
            name="fk_charge_business_mandate_id_mandate",
        ),
        sa.ForeignKeyConstraint(
            ["business", "payment_id"],
            ["payment.business", "payment.id"],
            name="fk_charge_business_payment_id_payment",
        ),
        sa.ForeignKeyConstraint(["business"], ["business.key"], name="fk_charge_business_business"),
        sa.PrimaryKeyConstraint("business", "id", name="pk_charge"),
        sa.UniqueConstraint(
            "business", "stripe_intent_id", name="uq_charge_business_stripe_intent_id"
        ),
    )
    op.create_index(
        "ix_charge_due",
        "charge",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_charge_item", "charge", ["business", "item_kind", "item_id"], unique=False)
    op.create_index("ix_charge_mandate", "charge", ["business", "mandate_id"], unique=False)
    op.create_index(
        "uq_charge_live",
        "charge",
        ["business", "item_kind", "item_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('needs_customer', 'settled', 'cancelled')"),
        postgresql_where=sa.text("state NOT IN ('needs_customer', 'settled', 'cancelled')"),
    )


def _create_charge_attempt() -> None:
    op.create_table(
        "charge_attempt",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("charge_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gateway_charge_id", sa.String(), nullable=True),
        sa.Column("decline_code", sa.String(), nullable=True),
        sa.Column("advice_code", sa.String(), nullable=True),
        sa.Column("network_advice_code", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business", "charge_id"],
            ["charge.business", "charge.id"],
            name="fk_charge_attempt_business_charge_id_charge",
        ),
        sa.PrimaryKeyConstraint("business", "id", name="pk_charge_attempt"),
        sa.UniqueConstraint("business", "key", name="uq_charge_attempt_business_key"),
    )
    op.create_index(
        "ix_charge_attempt_card",
        "charge_attempt",
        ["business", "fingerprint", "begun_at"],
        unique=False,
    )
    op.create_index(
        "ix_charge_attempt_charge", "charge_attempt", ["business", "charge_id"], unique=False
    )
    op.create_index(
        "uq_charge_attempt_open",
        "charge_attempt",
        ["business", "charge_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_charge_run() -> None:
    op.create_table(
        "charge_run",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("planned", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_charge_run_business_business"
        ),
        sa.PrimaryKeyConstraint("business", "day", name="pk_charge_run"),
    )


def _create_charge_pause() -> None:
    op.create_table(
        "charge_pause",
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["business"], ["business.key"], name="fk_charge_pause_business_business"
        ),
        sa.PrimaryKeyConstraint("business", name="pk_charge_pause"),
    )
