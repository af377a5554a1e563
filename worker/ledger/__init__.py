"""Books: the ledger. Append-only double entry, one source per entry."""

from worker.ledger.model import Account, Entry, Posting
from worker.ledger.posting import Draft, Leg, credit, debit, find, post, post_all, reverse
from worker.ledger.records import (
    HELD_BY_ITEMS,
    balances,
    entry_count,
    held_by_customers,
    held_by_items,
    held_for_customer,
    held_for_item,
    unbalanced,
)

__all__ = [
    "HELD_BY_ITEMS",
    "Account",
    "Draft",
    "Entry",
    "Leg",
    "Posting",
    "balances",
    "credit",
    "debit",
    "entry_count",
    "find",
    "held_by_customers",
    "held_by_items",
    "held_for_customer",
    "held_for_item",
    "post",
    "post_all",
    "reverse",
    "unbalanced",
]
