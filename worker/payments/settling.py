"""Booking what the gateway says was paid: once per piece of evidence, and never refused.

Money that arrives is always booked. What does not fit the item goes to the customer's balance and a
person is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, invoices, ledger, review
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError
from worker.kernel.events import CheckoutEnded, PaymentSettled
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total
from worker.ledger import Account
from worker.payments import lanes, records
from worker.payments.applying import STRIPE_EVIDENCE, Application, note_allocation, payable
from worker.payments.checkout import look_later, move
from worker.payments.model import Checkout, CheckoutState, Payment, PaymentState
from worker.payments.ports import CheckoutFacts
from worker.store import tell

# The call itself ends within 30 s; what the gateway has not listed by then was never made.
GIVE_UP_OPENING = timedelta(minutes=10)
PAST_HOPE = timedelta(hours=24)


def settle(
    session: Session, checkout: Checkout, facts: CheckoutFacts, *, livemode: bool, at: datetime
) -> Payment | None:
    """The payment that the gateway's facts prove, booked once; None while there is none.

    Raises PermanentError when the facts are of another business or mode.
    """
    _belongs(checkout, facts, livemode=livemode)
    _lock(session, checkout)
    checkout.session_id = checkout.session_id or facts.session_id
    if facts.is_paid:
        return _book(session, checkout, facts, at=at)
    if facts.status == "expired" and checkout.state != CheckoutState.EXPIRED:
        _end(session, checkout, CheckoutState.EXPIRED, at=at)
    else:
        look_later(checkout, at=at)
    return None


def never_opened(session: Session, checkout: Checkout, *, at: datetime) -> None:
    """End a checkout whose page the gateway does not list long after it was asked for."""
    _lock(session, checkout)
    if checkout.state == CheckoutState.OPENING and at > checkout.opened_at + GIVE_UP_OPENING:
        _end(session, checkout, CheckoutState.EXPIRED, at=at)
    else:
        look_later(checkout, at=at)


def is_past_hope(checkout: Checkout, *, at: datetime) -> bool:
    """Whether its page must have ended long ago: the gateway allows none a longer life."""
    return at > checkout.expires_at + PAST_HOPE


def give_up(session: Session, checkout: Checkout, why: str, *, at: datetime) -> None:
    """End a checkout that the gateway does not let us look up any more, and ask a person.

    Its account or mode changed, or its key is gone; until it ends, nobody can pay the item by card.
    """
    _lock(session, checkout)
    _end(session, checkout, CheckoutState.EXPIRED, at=at)
    review.ask(
        session,
        BusinessKey(checkout.business),
        review.Question(
            kind="checkout_lost",
            subject=checkout.id,
            text=(
                f"Stripe does not say how a payment page over {checkout.amount} ended: {why} Look "
                "there whether it was paid; if so, register the payment."
            ),
            evidence={"session": checkout.session_id, "invoice": checkout.item_id},
        ),
        at=at,
    )


def _lock(session: Session, checkout: Checkout) -> None:
    """The customer first, as everywhere, then the checkout as it stands.

    A page that only ends locks them, too: a credit note may be about to wait for it.
    """
    customers.lock(session, BusinessKey(checkout.business), checkout.customer_id)
    session.refresh(checkout, with_for_update=True)


def _belongs(checkout: Checkout, facts: CheckoutFacts, *, livemode: bool) -> None:
    if facts.reference != checkout.id or facts.business != checkout.business:
        raise PermanentError(f"Session {facts.session_id} does not belong to {checkout.id}.")
    if facts.livemode is not livemode:
        raise PermanentError(f"Session {facts.session_id} is of the wrong mode (test or live).")


def _book(session: Session, checkout: Checkout, facts: CheckoutFacts, *, at: datetime) -> Payment:
    business = BusinessKey(checkout.business)
    evidence = facts.intent_id or facts.session_id
    items = _items(session, checkout)
    there = records.settled_by(session, business, STRIPE_EVIDENCE, evidence)
    if there is not None:
        return there
    payment = _payment(checkout, facts, evidence, at=at)
    session.add(payment)
    session.flush()
    applied = _shared(session, items, facts.amount)
    _post(session, payment, applied, at=at)
    for item, amount in applied:
        note_allocation(session, Application(item, amount, payment=payment), at=at)
    if checkout.state != CheckoutState.COMPLETE:
        _complete(session, checkout, at=at)
    _question(session, payment, checkout, applied, at=at)
    tell(session, PaymentSettled(business, payment.id))
    return payment


def _items(session: Session, checkout: Checkout) -> list[tuple[Invoice, Money]]:
    """The checkout's items, locked by id, with what it asks for each."""
    found: list[tuple[Invoice, Money]] = []
    business = BusinessKey(checkout.business)
    for share in records.shares_of(session, business, checkout.id):
        item = invoices.lock(session, business, share.item_id)
        if item is None:
            raise PermanentError(f"Invoice {share.item_id} is missing.")
        found.append((item, share.amount))
    return found


def _shared(
    session: Session, items: Sequence[tuple[Invoice, Money]], came: Money
) -> list[tuple[Invoice, Money]]:
    """What of the money goes to which item: what was asked for it, and no more than is owed.

    Of a single item it is all that it can take: more may have come than was asked.
    """
    left = came
    applied: list[tuple[Invoice, Money]] = []
    for item, asked in items:
        most = left if len(items) == 1 or asked.currency != came.currency else min(asked, left)
        amount = min(payable(session, item, came.currency), most)
        if amount.is_positive:
            applied.append((item, amount))
            left = left - amount
    return applied


def _complete(session: Session, checkout: Checkout, *, at: datetime) -> None:
    if checkout.state == CheckoutState.EXPIRED:
        # We had given the page up, and the money came all the same: the fact wins.
        checkout.state = CheckoutState.COMPLETE.value
        return
    _end(session, checkout, CheckoutState.COMPLETE, at=at)


def _end(session: Session, checkout: Checkout, state: CheckoutState, *, at: datetime) -> None:
    move(checkout, state)
    checkout.ended_at = at
    business = BusinessKey(checkout.business)
    for share in records.shares_of(session, business, checkout.id):
        lanes.free(session, business, share.item_id, holder=checkout.id)
    tell(session, CheckoutEnded(business, checkout.id))


def _payment(checkout: Checkout, facts: CheckoutFacts, evidence: str, *, at: datetime) -> Payment:
    return Payment(
        business=checkout.business,
        id=new_id("pay"),
        customer_id=checkout.customer_id,
        state=PaymentState.SETTLED.value,
        currency=facts.amount.currency,
        amount_minor=facts.amount.minor,
        method=facts.method or "card",
        evidence_type=STRIPE_EVIDENCE,
        evidence_id=evidence,
        registered_at=at,
        settled_at=facts.paid_at or at,
    )


def _post(
    session: Session, payment: Payment, applied: Sequence[tuple[Invoice, Money]], *, at: datetime
) -> None:
    who = payment.customer_id
    legs = [ledger.debit(Account.GATEWAY_CLEARING, payment.amount, customer_id=who)]
    rest = payment.amount
    for item, amount in applied:
        legs.append(ledger.credit(Account.RECEIVABLE, amount, customer_id=who, item_id=item.id))
        rest = rest - amount
    if rest.is_positive:
        legs.append(ledger.credit(Account.CUSTOMER_BALANCE, rest, customer_id=who))
    source = f"payment-settled:{payment.id}"
    ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)


def _question(
    session: Session,
    payment: Payment,
    checkout: Checkout,
    applied: Sequence[tuple[Invoice, Money]],
    *,
    at: datetime,
) -> None:
    used = total((amount for _, amount in applied), payment.currency)
    expected = checkout.amount
    if used == payment.amount == expected:
        return
    business, rest = BusinessKey(payment.business), payment.amount - used
    items = [item for item, _ in _items(session, checkout)]
    numbers = ", ".join(item.number for item in items)
    what = f"invoice {numbers}" if len(items) == 1 else f"invoices {numbers}"
    review.ask(
        session,
        business,
        review.Question(
            kind="payment_over",
            subject=payment.id,
            text=(
                f"{payment.amount} came in for {what}, where {expected} was asked; {used} was "
                f"applied to {'it' if len(items) == 1 else 'them'}. "
                + (
                    f"{rest} now stands on the customer's balance: use it or give it back."
                    if rest.is_positive
                    else "Look at Stripe why another amount was paid than asked."
                )
            ),
            evidence={
                "invoice": ", ".join(item.id for item in items),
                "asked": str(expected),
                "paid": str(payment.amount),
            },
            choices=[f"tillmail payments show {payment.id}"],
        ),
        at=at,
    )
