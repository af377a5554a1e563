"""Posting entries: balanced, once per source, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from worker import store
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total
from worker.ledger.model import Account, Entry, Posting

_ADD_LEGS = insert(store.table_of(Posting))


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a movement; a positive amount is a debit."""

    account: Account
    amount: Money
    customer_id: str | None = None
    item_id: str | None = None


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
) -> Entry:
    """The entry for this source: posted now, or the one already there. It is no row to be changed.

    Raises PermanentError when the legs do not balance, or the source was posted with other legs.
    """
    currency = legs[0].amount.currency
    if len(legs) < 2 or not total((leg.amount for leg in legs), currency).is_zero:
        raise PermanentError(f"Entry {source} does not balance.")
    entry = _entry(business, source, legs, at=at)
    entry.reverses = reverses
    if store.insert_once(session, Entry, _values(entry)):
        session.execute(_ADD_LEGS, [_values(posting) for posting in entry.postings])
        return entry
    there = find(session, business, source)
    if there is None or [_facts(p) for p in there.postings] != [_leg_facts(leg) for leg in legs]:
        raise PermanentError(f"Entry {source} was posted before with other amounts.")
    return there


def reverse(
    session: Session, business: BusinessKey, entry: Entry, *, source: str, at: datetime
) -> Entry:
    """The entry that undoes another."""
    legs = [
        Leg(Account(p.account), Money(-p.amount_minor, p.currency), p.customer_id, p.item_id)
        for p in entry.postings
    ]
    return post(session, business, source=source, legs=legs, at=at, reverses=entry.id)


def find(session: Session, business: BusinessKey, source: str) -> Entry | None:
    """The entry of a source, if it was posted."""
    return session.scalar(select(Entry).where(Entry.business == business, Entry.source == source))


def _entry(business: BusinessKey, source: str, legs: Sequence[Leg], *, at: datetime) -> Entry:
    currency = legs[0].amount.currency
    entry = Entry(
        business=business, id=new_id("ent"), source=source, currency=currency, posted_at=at
    )
    entry.postings = [
        Posting(
            business=business,
            entry_id=entry.id,
            position=position,
            account=leg.account.value,
            currency=currency,
            amount_minor=leg.amount.minor,
            customer_id=leg.customer_id,
            item_id=leg.item_id,
        )
        for position, leg in enumerate(legs, start=1)
    ]
    return entry


def _values(row: Entry | Posting) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in store.table_of(type(row)).columns}


def _facts(posting: Posting) -> tuple[str, int, str | None]:
    return posting.account, posting.amount_minor, posting.item_id


def _leg_facts(leg: Leg) -> tuple[str, int, str | None]:
    return leg.account.value, leg.amount.minor, leg.item_id
