"""The ledger's questions: what stands where."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from worker import store
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.ledger.model import Account, Entry, Posting

_posting = store.table_of(Posting).c
_HELD_FOR_ITEM = store.Prepared(
    select(func.coalesce(func.sum(_posting.amount_minor), 0)).where(
        _posting.business == bindparam("business"),
        _posting.account == bindparam("account"),
        _posting.item_id == bindparam("item_id"),
        _posting.currency == bindparam("code"),
    )
)
_HELD_FOR_CUSTOMER = store.Prepared(
    select(func.coalesce(func.sum(_posting.amount_minor), 0)).where(
        _posting.business == bindparam("business"),
        _posting.account == bindparam("account"),
        _posting.customer_id == bindparam("who"),
        _posting.currency == bindparam("code"),
    )
)
_sum = func.sum(_posting.amount_minor)
# For joins: what `account` holds of each item of the customer `who` in the currency `code`.
HELD_BY_ITEMS = (
    select(_posting.item_id, _sum.label("minor"))
    .where(
        _posting.business == bindparam("business"),
        _posting.customer_id == bindparam("who"),
        _posting.account == bindparam("account"),
        _posting.currency == bindparam("code"),
        _posting.item_id.is_not(None),
    )
    .group_by(_posting.item_id)
    .having(_sum != 0)
)


def balances(session: Session, business: BusinessKey) -> dict[tuple[str, str], Money]:
    """What each account holds, by account and currency."""
    rows = session.execute(
        select(Posting.account, Posting.currency, func.sum(Posting.amount_minor))
        .where(Posting.business == business)
        .group_by(Posting.account, Posting.currency)
        .order_by(Posting.account, Posting.currency)
    )
    return {(account, code): Money(int(minor), code) for account, code, minor in rows}


def held_for_item(
    session: Session, business: BusinessKey, account: Account, item_id: str, currency: str
) -> Money:
    """What an account holds of one item."""
    about = {"business": business, "account": account.value, "item_id": item_id, "code": currency}
    return Money(int(_HELD_FOR_ITEM.scalar(session, about)), currency)


def held_for_customer(
    session: Session, business: BusinessKey, account: Account, customer_id: str, currency: str
) -> Money:
    """What an account holds of one customer."""
    about = {"business": business, "account": account.value, "who": customer_id, "code": currency}
    return Money(int(_HELD_FOR_CUSTOMER.scalar(session, about)), currency)


def held_by_items(
    session: Session, business: BusinessKey, account: Account, customer_id: str, currency: str
) -> dict[str, Money]:
    """What an account holds of each item of a customer, where it holds anything."""
    about = {"business": business, "account": account.value, "who": customer_id, "code": currency}
    rows = session.execute(HELD_BY_ITEMS, about)
    return {item_id: Money(int(minor), currency) for item_id, minor in rows if item_id}


def held_by_customers(
    session: Session, business: BusinessKey, account: Account
) -> list[tuple[str, Money]]:
    """What an account holds of each customer, where it holds anything; in an order that stays."""
    held = func.sum(Posting.amount_minor)
    rows = session.execute(
        select(Posting.customer_id, Posting.currency, held)
        .where(Posting.business == business, Posting.account == account.value)
        .group_by(Posting.customer_id, Posting.currency)
        .having(held != 0)
        .order_by(Posting.customer_id, Posting.currency)
    )
    return [(who or "", Money(int(minor), code)) for who, code, minor in rows]


def entry_count(session: Session, business: BusinessKey) -> int:
    """How many entries were posted."""
    return (
        session.scalar(select(func.count()).select_from(Entry).where(Entry.business == business))
        or 0
    )


def unbalanced(session: Session) -> list[str]:
    """Entries whose legs do not add up to zero, or that have fewer than two."""
    rows = session.execute(
        select(Entry.business, Entry.source)
        .outerjoin(Entry.postings)
        .group_by(Entry.business, Entry.id, Entry.source)
        .having(
            (func.coalesce(func.sum(Posting.amount_minor), 0) != 0)
            | (func.count(Posting.position) < 2)
        )
    )
    return [f"{business}: {source}" for business, source in rows]
