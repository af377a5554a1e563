"""Posting entries: balanced, once per source, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from worker import store
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total
from worker.ledger.model import Account, Entry, Posting

_Row = dict[str, Any]
_ADD_ENTRIES, _ADD_LEGS = insert(store.table_of(Entry)), insert(store.table_of(Posting))
_entries = store.table_of(Entry).c
_POSTED = select(_entries.source).where(
    _entries.business == bindparam("business"),
    _entries.source.in_(bindparam("sources", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a movement; a positive amount is a debit."""

    account: Account
    amount: Money
    customer_id: str | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be posted: what causes it, and its legs."""

    source: str
    legs: Sequence[Leg]


def debit(account: Account, amount: Money, **about: str | None) -> Leg:
    """A leg that adds to what the account holds."""
    return Leg(account, amount, **about)


def credit(account: Account, amount: Money, **about: str | None) -> Leg:
    """A leg that takes from it."""
    return Leg(account, -amount, **about)


def post(
    session: Session,
    business: BusinessKey,
    *,
    source: str,
    legs: Sequence[Leg],
    at: datetime,
    reverses: str | None = None,
) -> None:
    """See to it that this source is posted, once.

    Raises PermanentError when the legs do not balance, or the source was posted with other legs.
    """
    entry, postings = _rows(business, source, legs, at=at)
    entry["reverses"] = reverses
    if store.insert_once(session, Entry, entry):
        for each in postings:
            store.insert(session, Posting, each)
        return
    there = find(session, business, source)
    if there is None or [_facts(p) for p in there.postings] != [_leg_facts(leg) for leg in legs]:
        raise PermanentError(f"Entry {source} was posted before with other amounts.")


def post_all(
    session: Session, business: BusinessKey, drafts: Sequence[Draft], *, at: datetime
) -> None:
    """As `post` for many sources, in few statements.

    The caller holds the locks under which they are posted: a source that somebody else posts in
    this very moment breaks the whole transaction off.
    """
    there = _posted(session, business, [draft.source for draft in drafts])
    entries, legs = [], []
    for draft in drafts:
        if draft.source in there:
            post(session, business, source=draft.source, legs=draft.legs, at=at)
            continue
        entry, postings = _rows(business, draft.source, draft.legs, at=at)
        entries.append(entry)
        legs += postings
    if entries:
        session.execute(_ADD_ENTRIES, entries)
        session.execute(_ADD_LEGS, legs)


def _posted(session: Session, business: BusinessKey, sources: Sequence[str]) -> set[str]:
    asked = {"business": business, "sources": list(sources)}
    return set(session.scalars(_POSTED, asked))


def reverse(
    session: Session, business: BusinessKey, entry: Entry, *, source: str, at: datetime
) -> None:
    """Post what undoes an entry."""
    legs = [
        Leg(Account(p.account), Money(-p.amount_minor, p.currency), p.customer_id, p.item_id)
        for p in entry.postings
    ]
    post(session, business, source=source, legs=legs, at=at, reverses=entry.id)


def find(session: Session, business: BusinessKey, source: str) -> Entry | None:
    """The entry of a source, if it was posted."""
    return session.scalar(select(Entry).where(Entry.business == business, Entry.source == source))


def _rows(
    business: BusinessKey, source: str, legs: Sequence[Leg], *, at: datetime
) -> tuple[_Row, list[_Row]]:
    """An entry and its postings, as values: what is never changed needs no objects."""
    currency = legs[0].amount.currency
    if len(legs) < 2 or not total((leg.amount for leg in legs), currency).is_zero:
        raise PermanentError(f"Entry {source} does not balance.")
    about: _Row = {"business": business, "currency": currency}
    entry = about | {"id": new_id("ent"), "source": source, "posted_at": at, "reverses": None}
    postings = [
        about
        | {
            "entry_id": entry["id"],
            "position": position,
            "account": leg.account.value,
            "amount_minor": leg.amount.minor,
            "customer_id": leg.customer_id,
            "item_id": leg.item_id,
        }
        for position, leg in enumerate(legs, start=1)
    ]
    return entry, postings


def _facts(posting: Posting) -> tuple[str, int, str | None]:
    return posting.account, posting.amount_minor, posting.item_id


def _leg_facts(leg: Leg) -> tuple[str, int, str | None]:
    return leg.account.value, leg.amount.minor, leg.item_id
