"""What always holds of the ledger (RELIABILITY: invariants 1, 2 and 4).

Balances are never stored, so there are none to compare (invariant 3).
"""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from worker.ledger import records
from worker.ledger.model import Account, Entry, Posting

SHOWN = 50
_TABLES = ("ledger_entry", "ledger_posting")
_TRIGGERS = {
    "sqlite": "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' GROUP BY 1",
    "postgresql": (
        "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger "
        "WHERE NOT tgisinternal AND tgenabled <> 'D' GROUP BY 1"
    ),
}


def entries_balance(session: Session) -> list[str]:
    """Each entry has two legs or more, and they add up to zero."""
    return [f"{entry} does not balance." for entry in records.unbalanced(session)]


def nothing_is_made_from_nothing(session: Session) -> list[str]:
    """All accounts of a business add up to zero in each currency."""
    rows = session.execute(
        select(Posting.business, Posting.currency, func.sum(Posting.amount_minor))
        .group_by(Posting.business, Posting.currency)
        .having(func.sum(Posting.amount_minor) != 0)
    )
    return [f"{business}: {code} is off by {minor} minor units." for business, code, minor in rows]


def entries_cannot_be_changed(session: Session) -> list[str]:
    """The database itself denies changing and deleting entries: its triggers are there."""
    statement = _TRIGGERS[session.get_bind().dialect.name]
    guarded = {str(table): count for table, count in session.execute(text(statement))}
    return [
        f"Table {table} has lost the triggers that keep it append-only."
        for table in _TABLES
        if guarded.get(table, 0) < 2
    ]


def reversals_undo_their_entry(session: Session) -> list[str]:
    """What reverses an entry takes back each of its legs, and no entry is reversed twice."""
    return [*_half_undone(session), *_undone_twice(session)]


def _half_undone(session: Session) -> list[str]:
    reversal = aliased(Entry)
    legs = and_(
        Posting.business == reversal.business,
        or_(Posting.entry_id == reversal.id, Posting.entry_id == reversal.reverses),
    )
    about = (Posting.account, Posting.customer_id, Posting.item_id)
    rows = session.execute(
        select(reversal.business, reversal.source)
        .join(Posting, legs)
        .where(reversal.reverses.is_not(None))
        .group_by(reversal.business, reversal.id, reversal.source, *about)
        .having(func.sum(Posting.amount_minor) != 0)
        .limit(SHOWN)
    )
    return [f"{business}: {source} does not undo its entry." for business, source in rows]


def _undone_twice(session: Session) -> list[str]:
    rows = session.execute(
        select(Entry.business, Entry.reverses)
        .where(Entry.reverses.is_not(None))
        .group_by(Entry.business, Entry.reverses)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: entry {entry} is reversed twice." for business, entry in rows]


def no_customer_has_used_more_than_they_have(session: Session) -> list[str]:
    """A customer's balance and unapplied cash are never below zero (credit accounts)."""
    held = (Account.CUSTOMER_BALANCE.value, Account.UNAPPLIED_CASH.value)
    rows = session.execute(
        select(Posting.business, Posting.customer_id, Posting.account, Posting.currency)
        .where(Posting.account.in_(held))
        .group_by(Posting.business, Posting.customer_id, Posting.account, Posting.currency)
        .having(func.sum(Posting.amount_minor) > 0)
        .limit(SHOWN)
    )
    return [
        f"{business}: {account} of {customer} is below zero in {code}."
        for business, customer, account, code in rows
    ]


INVARIANTS = (
    entries_balance,
    nothing_is_made_from_nothing,
    entries_cannot_be_changed,
    reversals_undo_their_entry,
    no_customer_has_used_more_than_they_have,
)
