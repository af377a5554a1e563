"""Hosted checkout: the intent is committed before the call, the outcome after it.

Two tabs and a double click meet in the same row, the same key and so the same page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.invoices import Invoice, State
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.payments import lanes, records
from worker.payments.model import CHECKOUT_MOVES, Checkout, CheckoutState
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


def begin(session: Session, invoice: Invoice, *, link_id: str, at: datetime) -> Checkout:
    """The checkout to open for what is still to pay: a new one, or the one already under way.

    Raises Refused when nothing is to be paid or the item is being paid in another way.
    """
    business = BusinessKey(invoice.business)
    customers.lock(session, business, invoice.customer_id or "")
    locked = invoices.lock(session, business, invoice.id)
    if locked is None:
        raise PermanentError(f"Invoice {invoice.id} is missing.")
    owed = invoices.still_to_pay(session, locked)
    if invoices.state_of(locked, owed) not in {State.OPEN, State.PART_PAID}:
        raise Refused("Nothing is to be paid here any more.")
    live = records.live_checkout(session, business, invoice.id)
    if live is not None and live.amount == owed and _is_worth_reusing(live, at):
        return live
    if live is not None:
        # Its page must be seen to have ended before another may take the same money.
        raise Refused("An earlier payment page is still open. Try again in a few minutes.")
    return _open_row(session, locked, link_id=link_id, at=at)


def order_for(checkout: Checkout, payer: Payer) -> CheckoutOrder:
    """The order as it goes to the gateway; the same checkout always gives the same order."""
    return CheckoutOrder(
        reference=checkout.id,
        business=checkout.business,
        amount=checkout.amount,
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


def _is_worth_reusing(live: Checkout, at: datetime) -> bool:
    if live.state == CheckoutState.OPENING and at > live.opened_at + ASK_AGAIN_WITHIN:
        return False
    return at < live.expires_at - WORTH_REUSING


def _open_row(session: Session, invoice: Invoice, *, link_id: str, at: datetime) -> Checkout:
    business = BusinessKey(invoice.business)
    owed = invoices.still_to_pay(session, invoice)
    checkout = Checkout(
        business=business,
        id=new_id("chk"),
        link_id=link_id,
        item_id=invoice.id,
        customer_id=invoice.customer_id,
        state=CheckoutState.OPENING.value,
        currency=owed.currency,
        amount_minor=owed.minor,
        key=new_id("checkout"),
        opened_at=at,
        expires_at=at + CHECKOUT_LIFE,
        look_at=at + FIRST_LOOK,
    )
    lanes.take(session, business, invoice.id, holder=checkout.id, until=checkout.expires_at, at=at)
    session.add(checkout)
    session.flush()
    return checkout
