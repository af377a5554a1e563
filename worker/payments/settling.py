"""Booking what the gateway says was paid: once per piece of evidence, and never refused.

Money that arrives is always booked. What does not fit the item goes to the customer's balance and a
person is told. A bank debit is a *pending* payment, of which nothing is posted, until the gateway
says that it was collected; it comes to nothing as easily.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, invoices, ledger, review
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError
from worker.kernel.events import CheckoutEnded, DebitStarted, PaymentReturned, PaymentSettled
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total, zero
from worker.ledger import Account
from worker.payments import finding_checkouts, lanes, records
from worker.payments.applying import (
    STRIPE_EVIDENCE,
    Application,
    note_allocation,
    payable,
    unwanted_checkout,
)
from worker.payments.checkout import look_later, move, wait_for_bank
from worker.payments.model import LIVE, Checkout, CheckoutState, Payment, PaymentState
from worker.payments.ports import CheckoutFacts
from worker.store import tell

# The call itself ends within 30 s; what the gateway has not listed by then was never made.
GIVE_UP_OPENING = timedelta(minutes=10)
PAST_HOPE = timedelta(hours=24)
# Longer than any scheme takes to say that a debit was collected (Stripe: up to 14 business days).
BANKS_TAKE = timedelta(days=30)


def settle(
    session: Session, checkout: Checkout, facts: CheckoutFacts, *, livemode: bool, at: datetime
) -> Payment | None:
    """The payment that the gateway's facts prove, booked once; None while nothing is proved.

    Raises PermanentError when the facts are of another business or mode.
    """
    _belongs(checkout, facts, livemode=livemode)
    _lock(session, checkout)
    checkout.session_id = checkout.session_id or facts.session_id
    if facts.is_paid:
        return _book(session, checkout, facts, at=at)
    if facts.failure is not None:
        _came_to_nothing(session, checkout, facts, at=at)
    elif facts.is_processing:
        _wait_for_bank(session, checkout, facts, at=at)
    elif facts.status == "expired" and checkout.state != CheckoutState.EXPIRED:
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
    """Whether its page must have ended long ago: the gateway allows none a longer life.

    A bank may take weeks over a debit; given up sooner, the same items could be paid twice.
    """
    longest = BANKS_TAKE if checkout.state == CheckoutState.PROCESSING else PAST_HOPE
    return at > checkout.expires_at + longest


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
    if there is not None and there.was_ours:
        return there
    payment = there or _payment(checkout, facts, evidence, at=at)
    _settled(payment, checkout, facts, at=at)
    session.add(payment)
    session.flush()
    applied = _shared(session, items, payment.principal)
    _post(session, payment, applied, at=at)
    for item, amount in applied:
        note_allocation(session, Application(item, amount, payment=payment), at=at)
    if checkout.state != CheckoutState.COMPLETE:
        _complete(session, checkout, at=at)
    _question(session, payment, checkout, applied, at=at)
    tell(session, PaymentSettled(business, payment.id))
    return payment


def _settled(payment: Payment, checkout: Checkout, facts: CheckoutFacts, *, at: datetime) -> None:
    """Set what is known now. What we had taken for lost is ours all the same: the fact wins."""
    payment.amount_minor = facts.amount.minor
    payment.fee_minor = _fee_in(checkout, facts.amount).minor
    payment.method = facts.method or checkout.method
    payment.state = PaymentState.SETTLED.value
    payment.settled_at = facts.paid_at or at
    payment.returned_at = payment.returned_because = None


def _fee_in(checkout: Checkout, came: Money) -> Money:
    """What of the money is the fee: what the items leave, and no more than was asked."""
    if came.currency != checkout.currency or came <= checkout.amount:
        return zero(checkout.currency)
    return min(came - checkout.amount, checkout.fee)


def _wait_for_bank(
    session: Session, checkout: Checkout, facts: CheckoutFacts, *, at: datetime
) -> None:
    """Keep the debit that a bank is at: its items wait for it, and nothing is posted."""
    if checkout.state in (CheckoutState.COMPLETE, CheckoutState.FAILED):
        # An earlier answer that came in late: the bank has decided since.
        return
    business = BusinessKey(checkout.business)
    if checkout.state != CheckoutState.PROCESSING:
        if checkout.state not in LIVE:
            # We had given the page up, and its payer was done all the same: the fact wins.
            checkout.state, checkout.ended_at = CheckoutState.OPEN.value, None
            ids = [
                share.item_id
                for share in finding_checkouts.shares_of(session, business, checkout.id)
            ]
            unwanted_checkout(session, business, ids)
        move(checkout, CheckoutState.PROCESSING)
        evidence = facts.intent_id or facts.session_id
        if records.settled_by(session, business, STRIPE_EVIDENCE, evidence) is None:
            payment = _payment(checkout, facts, evidence, at=at)
            session.add(payment)
            session.flush()
            tell(session, DebitStarted(business, payment.id))
        for share in finding_checkouts.shares_of(session, business, checkout.id):
            until = at + BANKS_TAKE
            lanes.hold(session, business, share.item_id, holder=checkout.id, until=until)
    wait_for_bank(checkout, at=at)


def _came_to_nothing(
    session: Session, checkout: Checkout, facts: CheckoutFacts, *, at: datetime
) -> None:
    """The bank did not collect it: the items may be paid in another way, and both sides know."""
    business, evidence = BusinessKey(checkout.business), facts.intent_id or facts.session_id
    if checkout.state in LIVE:
        _end(session, checkout, CheckoutState.FAILED, at=at)
    payment = records.settled_by(session, business, STRIPE_EVIDENCE, evidence)
    if payment is None:
        payment = _payment(checkout, facts, evidence, at=at)
        session.add(payment)
    if payment.state != PaymentState.PENDING:
        return
    payment.state = PaymentState.RETURNED.value
    payment.returned_at, payment.returned_because = at, facts.failure
    session.flush()
    tell(session, PaymentReturned(business, payment.id))
    items = [item.number for item, _ in _items(session, checkout)]
    review.ask(
        session,
        business,
        review.Question(
            kind="debit_failed",
            subject=payment.id,
            text=(
                f"The bank debit of {payment.amount} for {_named(items)} was not collected: "
                f"{facts.failure}. Nothing was paid; the customer is told and can pay again."
            ),
            evidence={"invoice": ", ".join(items), "payment": payment.id},
            choices=[f"tillmail payments show {payment.id}"],
        ),
        at=at,
    )


def _named(numbers: Sequence[str]) -> str:
    return f"invoice{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def _items(session: Session, checkout: Checkout) -> list[tuple[Invoice, Money]]:
    """The checkout's items, locked by id, with what it asks for each."""
    found: list[tuple[Invoice, Money]] = []
    business = BusinessKey(checkout.business)
    for share in finding_checkouts.shares_of(session, business, checkout.id):
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
    if checkout.state in (CheckoutState.EXPIRED, CheckoutState.FAILED):
        # We had given the page up, and the money came all the same: the fact wins.
        checkout.state = CheckoutState.COMPLETE.value
        return
    _end(session, checkout, CheckoutState.COMPLETE, at=at)


def _end(session: Session, checkout: Checkout, state: CheckoutState, *, at: datetime) -> None:
    move(checkout, state)
    checkout.ended_at = at
    business = BusinessKey(checkout.business)
    for share in finding_checkouts.shares_of(session, business, checkout.id):
        lanes.free(session, business, share.item_id, holder=checkout.id)
    tell(session, CheckoutEnded(business, checkout.id))


def _payment(checkout: Checkout, facts: CheckoutFacts, evidence: str, *, at: datetime) -> Payment:
    return Payment(
        business=checkout.business,
        id=new_id("pay"),
        customer_id=checkout.customer_id,
        state=PaymentState.PENDING.value,
        currency=facts.amount.currency,
        amount_minor=facts.amount.minor,
        fee_minor=checkout.fee_minor,
        method=facts.method or checkout.method,
        evidence_type=STRIPE_EVIDENCE,
        evidence_id=evidence,
        registered_at=at,
        checkout_id=checkout.id,
    )


def _post(
    session: Session, payment: Payment, applied: Sequence[tuple[Invoice, Money]], *, at: datetime
) -> None:
    who = payment.customer_id
    legs = [ledger.debit(Account.GATEWAY_CLEARING, payment.amount, customer_id=who)]
    rest = payment.principal
    if payment.fee.is_positive:
        legs.append(ledger.credit(Account.FEE_INCOME, payment.fee, customer_id=who))
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
    expected = checkout.whole
    if used == payment.principal and payment.amount == expected:
        return
    business, rest = BusinessKey(payment.business), payment.principal - used
    items = [item for item, _ in _items(session, checkout)]
    what = _named([item.number for item in items])
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
