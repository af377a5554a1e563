"""What of a customer's money is under way, for the pages that ask it with every look.

One statement where there were three: a page's time is mostly round trips to the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from worker import store
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.ledger import Account, Posting
from worker.payments.finding_checkouts import furthest
from worker.payments.model import LIVE, Checkout, CheckoutState, Payment, PaymentState, Share


@dataclass(frozen=True, slots=True)
class Coming:
    """Money that is announced, or that a bank is still at."""

    state: str
    amount: Money
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's balance in a currency, what is coming in, and what is done of which item.

    `being_paid`: the items for which a payment page is open or a bank at work, and which it is.
    """

    balance: Money
    coming: Sequence[Coming]
    being_paid: Mapping[str, CheckoutState]


_COMING = (PaymentState.ANNOUNCED, PaymentState.PENDING)
_PAYMENT, _SHARE, _BALANCE = "payment", "share", "balance"
_payment, _posting = store.table_of(Payment).c, store.table_of(Posting).c
_share, _checkout = store.table_of(Share).c, store.table_of(Checkout).c
_STANDING = store.Prepared(
    union_all(
        select(
            literal(_PAYMENT).label("what"),
            _payment.state.label("state"),
            _payment.id.label("id"),
            _payment.amount_minor.label("minor"),
            _payment.registered_at.label("at"),
        ).where(
            _payment.business == bindparam("business"),
            _payment.customer_id == bindparam("who"),
            _payment.currency == bindparam("code"),
            or_(*(_payment.state == state.value for state in _COMING)),
        ),
        select(literal(_SHARE), _checkout.state, _share.item_id, literal(0), null())
        .join_from(
            store.table_of(Share),
            store.table_of(Checkout),
            and_(_share.business == _checkout.business, _share.checkout_id == _checkout.id),
        )
        .where(
            _checkout.business == bindparam("business"),
            _checkout.customer_id == bindparam("who"),
            or_(*(_checkout.state == state for state in LIVE)),
        ),
        select(
            literal(_BALANCE), literal(""), literal(""), func.sum(_posting.amount_minor), null()
        ).where(
            _posting.business == bindparam("business"),
            _posting.customer_id == bindparam("who"),
            _posting.account == Account.CUSTOMER_BALANCE.value,
            _posting.currency == bindparam("code"),
        ),
    )
)


def standing_of(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> Standing:
    """What a customer has, has sent and is paying just now."""
    asked = {"business": business, "who": customer_id, "code": currency}
    balance, coming, pages = 0, [], []
    rows = _STANDING.rows(session, asked)
    for what, state, id, minor, at in sorted(rows, key=lambda row: (str(row[4]), row[2])):
        if what == _BALANCE:
            balance = -int(minor or 0)
        elif what == _SHARE:
            pages.append((id, CheckoutState(state)))
        else:
            coming.append(Coming(state, Money(int(minor), currency), at))
    return Standing(Money(balance, currency), coming, furthest(pages))
