"""What an item or a customer owes, answered from an index alone.

The narrower indexes on the same columns go: without statistics SQLite took the one by account,
which names every posting of a business, and what an item owes took longer with each of them.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ITEM, _CUSTOMER = "ix_ledger_posting_item", "ix_ledger_posting_customer"
_HELD = ["account", "currency", "amount_minor"]


def upgrade() -> None:
    _replace(["business", "item_id", *_HELD], ["business", "customer_id", *_HELD, "item_id"])


def downgrade() -> None:
    _replace(["business", "item_id"], ["business", "customer_id"])


def _replace(by_item: list[str], by_customer: list[str]) -> None:
    for name, columns in ((_ITEM, by_item), (_CUSTOMER, by_customer)):
        op.drop_index(name, "ledger_posting")
        op.create_index(name, "ledger_posting", columns)
