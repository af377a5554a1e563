"""Checkouts, and what each is for, found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from worker import store
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.payments.model import LIVE, Checkout, CheckoutState, Share

# Put together once: a page with many items asks them with every look at it.
_share, _checkout = store.table_of(Share).c, store.table_of(Checkout).c
_BEING_PAID = (
    select(_share.item_id, _checkout.state)
    .join_from(
        store.table_of(Share),
        store.table_of(Checkout),
        and_(_share.business == _checkout.business, _share.checkout_id == _checkout.id),
    )
    .where(
        _share.business == bindparam("business"),
        _share.item_id.in_(bindparam("ids", expanding=True)),
        _checkout.state.in_(LIVE),
    )
)
_LIVE_CHECKOUT = (
    select(Checkout)
    .join(Share, and_(Share.business == Checkout.business, Share.checkout_id == Checkout.id))
    .where(
        Share.business == bindparam("business"),
        Share.item_id == bindparam("item"),
        store.one_of(Checkout.state, LIVE),
    )
    .order_by(Checkout.opened_at.desc())
    .limit(1)
)
_LIVE_CHECKOUTS = store.Question(Checkout, _LIVE_CHECKOUT)
_AT_THE_BANK = _LIVE_CHECKOUT.where(Checkout.state == CheckoutState.PROCESSING.value)
_PAGES = store.Prepared(
    select(_checkout.opened_at)
    .where(
        _checkout.business == bindparam("business"),
        _checkout.customer_id == bindparam("who"),
        _checkout.session_id.is_not(None),
        _checkout.opened_at > bindparam("since"),
    )
    .order_by(_checkout.opened_at)
)
_TO_LOOK_AT = store.Question(
    Checkout,
    select(Checkout)
    .where(store.one_of(Checkout.state, LIVE), Checkout.look_at <= bindparam("at"))
    .order_by(Checkout.look_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True),
)


def checkouts_of(session: Session, business: BusinessKey, item_id: str) -> Sequence[Checkout]:
    """Every checkout that was begun for an item, the first first."""
    return session.scalars(
        select(Checkout)
        .join(Share, _of_checkout())
        .where(Share.business == business, Share.item_id == item_id)
        .order_by(Checkout.opened_at, Checkout.id)
    ).all()


def checkout(session: Session, business: BusinessKey, checkout_id: str) -> Checkout | None:
    """One checkout."""
    return session.get(Checkout, (business, checkout_id))


def shares_of(session: Session, business: BusinessKey, checkout_id: str) -> Sequence[Share]:
    """What a checkout asks for each of its items, by the items' ids."""
    return session.scalars(
        select(Share)
        .where(Share.business == business, Share.checkout_id == checkout_id)
        .order_by(Share.item_id)
    ).all()


def checkout_of_session(
    session: Session, business: BusinessKey, session_id: str
) -> Checkout | None:
    """The checkout whose hosted page this is."""
    return store.one(session, Checkout, business=business, session_id=session_id)


def live_checkout(session: Session, business: BusinessKey, item_id: str) -> Checkout | None:
    """The checkout under way for an item."""
    found = _LIVE_CHECKOUTS.ask(session, {"business": business, "item": item_id})
    return found[0] if found else None


def being_paid(
    session: Session, business: BusinessKey, item_ids: Sequence[str]
) -> dict[str, CheckoutState]:
    """Those of the items for which a payment page is open or a bank at work, and which it is."""
    about = {"business": business, "ids": list(item_ids)}
    found = session.execute(_BEING_PAID, about)
    return furthest((item_id, CheckoutState(state)) for item_id, state in found)


def furthest(states: Iterable[tuple[str, CheckoutState]]) -> dict[str, CheckoutState]:
    """How far an item's pages are: where a bank is at one, a page beside it says nothing more."""
    found: dict[str, CheckoutState] = {}
    for item_id, state in states:
        if found.get(item_id) is not CheckoutState.PROCESSING:
            found[item_id] = state
    return found


def at_the_bank(session: Session, item: Invoice) -> Checkout | None:
    """The checkout for an item whose payer is done while a bank is not."""
    return session.scalar(_AT_THE_BANK, {"business": item.business, "item": item.id})


def newest_checkout(
    session: Session, business: BusinessKey, customer_id: str, link_id: str
) -> Checkout | None:
    """The last checkout that was begun at one of a customer's links."""
    return session.scalar(
        select(Checkout)
        .where(
            Checkout.business == business,
            Checkout.customer_id == customer_id,
            Checkout.link_id == link_id,
        )
        .order_by(Checkout.opened_at.desc(), Checkout.id.desc())
        .limit(1)
    )


def pages_of(
    session: Session, business: BusinessKey, customer_id: str, *, since: datetime
) -> Sequence[datetime]:
    """When hosted pages were opened for a customer, on each of which a card may have been tried."""
    about = {"business": business, "who": customer_id, "since": since}
    return [opened_at for (opened_at,) in _PAGES.rows(session, about)]


def checkouts_to_look_at(session: Session, *, at: datetime, limit: int) -> Sequence[Checkout]:
    """Live checkouts that are due to be looked up, of every business."""
    return _TO_LOOK_AT.ask(session, {"at": at, "most": limit})


def _of_checkout() -> ColumnElement[bool]:
    return and_(Share.business == Checkout.business, Share.checkout_id == Checkout.id)
