"""Hosted checkout: the intent is committed before the call, the outcome after it.

Two tabs and a double click meet in the same row, the same key and so the same page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.invoices import Invoice, State
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total
from worker.payments import finding_checkouts, lanes
from worker.payments.model import CHECKOUT_MOVES, Checkout, CheckoutState, Share
from worker.payments.ports import CheckoutOrder, CheckoutPage

# Stripe takes 30 minutes to 24 hours; an hour leaves time to find a card.
CHECKOUT_LIFE = timedelta(hours=1)
# A page that ends sooner is not worth handing out again.
WORTH_REUSING = timedelta(minutes=5)
# The row of a page that never answered is given up after ten minutes. A click that took it up again
# just before could open that page and, a moment later, somebody else a second one.
ASK_AGAIN_WITHIN = timedelta(minutes=8)
FIRST_LOOK = timedelta(seconds=60)
LAST_LOOK_EVERY = timedelta(minutes=15)
BANK_LOOK_EVERY = timedelta(hours=6)
# By then the wait is at its longest; a gateway that is away for a day must not make it overflow.
_DOUBLINGS = 8


@dataclass(frozen=True, slots=True)
class Payer:
    """Who clicked, where, and where to send them afterwards."""

    link_id: str
    email: str | None
    language: str
    title: str
    success_url: str
    cancel_url: str
    fee_title: str = ""


@dataclass(frozen=True, slots=True)
class By:
    """The one method that a page takes, as the gateway names it, and the fee that it adds."""

    method: str = "card"
    fee_minor: int = 0


CARD = By()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One open item to pay, and how much of it; without an amount all that is owed."""

    item: Invoice
    amount: Money | None = None


class PageOpen(Refused):
    """An earlier payment page is open for the same money; it has to be ended first."""

    def __init__(self, business: BusinessKey, checkout_ids: Sequence[str]) -> None:
        super().__init__("An earlier payment page is still open. Try again in a few minutes.")
        self.business = business
        self.checkout_ids = tuple(checkout_ids)


def begin(session: Session, invoice: Invoice, *, link_id: str, at: datetime) -> Checkout:
    """The checkout to open for all that is still to pay of one item; see `begin_for`."""
    return begin_for(session, [Wanted(invoice)], link_id=link_id, at=at)


def begin_for(
    session: Session, wanted: Sequence[Wanted], *, link_id: str, at: datetime, by: By = CARD
) -> Checkout:
    """The checkout to open for these items of one customer: a new one, or the one under way.

    Raises Refused when less is to be paid of one, or it is being paid in another way, and PageOpen
    when another hosted page would take the same money, and Refused when a bank is at it.
    """
    first = wanted[0].item
    business, customer_id = BusinessKey(first.business), first.customer_id or ""
    customers.lock(session, business, customer_id)
    asked = asked_of(session, wanted)
    live = live_pages(session, business, asked)
    for checkout in live:
        shares = finding_checkouts.shares_of(session, business, checkout.id)
        is_same = {share.item_id: share.amount for share in shares} == asked
        is_same = is_same and By(checkout.method, checkout.fee_minor) == by
        if is_same and _is_worth_reusing(checkout, at):
            return checkout
    if live:
        raise PageOpen(business, [checkout.id for checkout in live])
    return _open_row(session, first, asked, by, link_id=link_id, at=at)


def live_pages(session: Session, business: BusinessKey, item_ids: Iterable[str]) -> list[Checkout]:
    """The hosted pages that may still take money for these items.

    Raises Refused where a bank is collecting it already: that cannot be ended.
    """
    found = (finding_checkouts.live_checkout(session, business, item_id) for item_id in item_ids)
    live = {checkout.id: checkout for checkout in found if checkout is not None}
    if any(checkout.state == CheckoutState.PROCESSING for checkout in live.values()):
        raise Refused("A bank debit for it is under way. It is paid when the bank has done it.")
    return list(live.values())


def asked_of(session: Session, wanted: Sequence[Wanted]) -> dict[str, Money]:
    """What is asked of each item; they are locked by id."""
    asked: dict[str, Money] = {}
    for each in sorted(wanted, key=lambda one: one.item.id):
        if each.item.customer_id != wanted[0].item.customer_id or each.item.id in asked:
            raise PermanentError("A checkout is for different items of one customer.")
        asked[each.item.id] = _payable(session, each)
    return asked


def _payable(session: Session, wanted: Wanted) -> Money:
    item = invoices.lock(session, BusinessKey(wanted.item.business), wanted.item.id)
    if item is None:
        raise PermanentError(f"Invoice {wanted.item.id} is missing.")
    owed = invoices.still_to_pay(session, item)
    if item.is_credit or invoices.state_of(item, owed) not in {State.OPEN, State.PART_PAID}:
        raise Refused("Nothing is to be paid here any more.")
    amount = owed if wanted.amount is None else wanted.amount
    if not amount.is_positive or amount > owed:
        raise Refused("Less is to be paid here meanwhile.")
    return amount


def order_for(checkout: Checkout, payer: Payer) -> CheckoutOrder:
    """The order as it goes to the gateway; the same checkout always gives the same order."""
    return CheckoutOrder(
        reference=checkout.id,
        business=checkout.business,
        amount=checkout.amount,
        method=checkout.method,
        fee=checkout.fee if checkout.fee.is_positive else None,
        fee_title=payer.fee_title,
        title=payer.title,
        customer_email=payer.email,
        language=payer.language,
        success_url=payer.success_url,
        cancel_url=payer.cancel_url,
        asked_at=checkout.opened_at,
        expires_at=checkout.expires_at,
    )


def opened(session: Session, checkout: Checkout, page: CheckoutPage) -> None:
    """Keep where the page is; a checkout that came to its end meanwhile stays ended."""
    session.refresh(checkout, with_for_update=True)
    if checkout.state == CheckoutState.OPENING:
        move(checkout, CheckoutState.OPEN)
    checkout.session_id = page.session_id
    checkout.url = page.url
    session.flush()


def move(checkout: Checkout, to: CheckoutState) -> None:
    """Change the state as the table allows; anything else is a fault."""
    if to not in CHECKOUT_MOVES[CheckoutState(checkout.state)]:
        raise PermanentError(f"Checkout {checkout.id} cannot go from {checkout.state} to {to}.")
    checkout.state = to.value


def look_later(checkout: Checkout, *, at: datetime) -> None:
    """Set when the gateway is asked next: after a minute, then ever less often."""
    checkout.looks += 1
    checkout.look_at = at + min(FIRST_LOOK * 2 ** min(checkout.looks, _DOUBLINGS), LAST_LOOK_EVERY)


def wait_for_bank(checkout: Checkout, *, at: datetime) -> None:
    """Set when the gateway is asked next how a debit stands: banks take days."""
    checkout.look_at = at + BANK_LOOK_EVERY


def _is_worth_reusing(live: Checkout, at: datetime) -> bool:
    if live.state == CheckoutState.PROCESSING:
        return False
    if live.state == CheckoutState.OPENING and at > live.opened_at + ASK_AGAIN_WITHIN:
        return False
    return at < live.expires_at - WORTH_REUSING


def _open_row(
    session: Session,
    first: Invoice,
    asked: Mapping[str, Money],
    by: By,
    *,
    link_id: str,
    at: datetime,
) -> Checkout:
    business = BusinessKey(first.business)
    amount = total(asked.values(), first.currency)
    checkout = Checkout(
        business=business,
        id=new_id("chk"),
        link_id=link_id,
        item_id=first.id,
        customer_id=first.customer_id,
        state=CheckoutState.OPENING.value,
        currency=amount.currency,
        amount_minor=amount.minor,
        method=by.method,
        fee_minor=by.fee_minor,
        key=new_id("checkout"),
        opened_at=at,
        expires_at=at + CHECKOUT_LIFE,
        look_at=at + FIRST_LOOK,
    )
    for item_id in asked:
        until = checkout.expires_at
        lanes.take(session, business, item_id, holder=checkout.id, until=until, at=at)
    session.add(checkout)
    session.flush()
    for item_id, part in asked.items():
        session.add(
            Share(
                business=business,
                checkout_id=checkout.id,
                item_id=item_id,
                currency=part.currency,
                amount_minor=part.minor,
            )
        )
    session.flush()
    return checkout
