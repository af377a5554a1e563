"""Actors of payments."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import payments
from worker.actors.shapes import Later, Run, call, sweep, tour
from worker.app import App
from worker.kernel.errors import PermanentError, TillmailError
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.payments import (
    Checkout,
    CheckoutFacts,
    CheckoutState,
    Gateway,
    Payment,
    PaymentState,
    PayoutFacts,
    Refund,
)

log = logging.getLogger(__name__)

LISTED_BACK = timedelta(hours=26)
OPENING_TAKES = timedelta(seconds=20)
SETTLING_TAKES = timedelta(hours=1)
_LIVE = (CheckoutState.OPENING, CheckoutState.OPEN)


@call
def settle_checkout(run: Run) -> None:
    """Ask the gateway how a checkout stands, then book what it says."""
    with run.intent() as s:
        checkout = _checkout(s, run)
    try:
        facts = _facts(run.app.gateway(run.business), checkout)
    except PermanentError as e:
        if not payments.is_past_hope(checkout, at=run.app.now()):
            raise
        with run.finish() as s:
            payments.give_up(s, _checkout(s, run), str(e), at=run.app.now())
        return
    livemode = run.app.rules(run.business).stripe.livemode
    with run.finish() as s:
        checkout, at = _checkout(s, run), run.app.now()
        if facts is None:
            payments.never_opened(s, checkout, at=at)
        else:
            payments.settle(s, checkout, facts, livemode=livemode, at=at)


@call
def end_checkout(run: Run) -> None:
    """End a hosted page so that another way may take the money, then book how it ended."""
    with run.intent() as s:
        checkout = _checkout(s, run)
    if checkout.state == CheckoutState.OPENING:
        # Its call is under way: the page can only be ended once it is known.
        raise Later(run.app.now() + OPENING_TAKES, "The page is being opened.")
    facts = _expired(run.app, checkout) if checkout.state in _LIVE else None
    with run.finish() as s:
        _book_end(run.app, s, checkout, facts)


def clear_lane(app: App, business: BusinessKey, item_id: str) -> None:
    """End the item's hosted page now, for staff who wait; books what it took if it was too late.

    Raises TransientError when the gateway does not answer: the item cannot be touched yet.
    """
    with app.reading() as s:
        checkout = payments.live_checkout(s, business, item_id)
    if checkout is None or checkout.state == CheckoutState.OPENING:
        return
    facts = _expired(app, checkout)
    with app.transaction() as s:
        _book_end(app, s, checkout, facts)


@call
def ask_refund(run: Run) -> None:
    """Ask the gateway to give money back, once; what then became of it is looked up and booked."""
    with run.intent() as s:
        refund = _refund(s, run)
        payment = _payment(s, run.business, refund.payment_id)
    gateway = run.app.gateway(run.business)
    listed = gateway.reversals_of(payment.evidence_id or "").refunds
    if refund.state == "asked" and all(fact.reference != refund.id for fact in listed):
        try:
            _give_back(run.app, gateway, refund, payment)
        except PermanentError as e:
            with run.finish() as s:
                payments.refund_declined(s, _refund(s, run), str(e), at=run.app.now())
            return
    with run.finish() as s:
        payments.refund_told(s, _refund(s, run))


@call
def settle_reversals(run: Run) -> None:
    """Ask the gateway what of a payment went back or is disputed, then book what it says."""
    with run.intent() as s:
        payment = _payment(s, run.business, run.subject)
    if payment.state == PaymentState.PENDING:
        # A bank debit went back before we heard that it was paid: nothing of it is booked yet.
        raise Later(run.app.now() + SETTLING_TAKES, "The payment is not settled in the books yet.")
    found = run.app.gateway(run.business).reversals_of(payment.evidence_id or "")
    with run.finish() as s:
        payment, at = _payment(s, run.business, run.subject), run.app.now()
        payments.book_refunds(s, payment, found.refunds, at=at)
        payments.book_disputes(s, payment, found.disputes, at=at)


def apply_credit_note(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: an issued credit note is set against its invoice; it waits while a page is open."""
    payments.apply_credit_note(s, event.business, event.subject, at=at)


def resume_credits(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the credit notes that waited for a hosted page to end."""
    checkout = payments.checkout(s, event.business, event.subject)
    if checkout is not None:
        for share in payments.shares_of(s, event.business, checkout.id):
            payments.resume_credits(s, event.business, share.item_id, at=at)


def end_corrected(_app: App, s: Session, event: Event, _at: datetime) -> None:
    """Step: the hosted page of an invoice whose place another version took is to be ended."""
    payments.unwanted_checkout(s, event.business, [event.subject])


def use_balance(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: a new invoice is paid from the balance, where the business says so."""
    if app.rules(event.business).invoices.apply_balance:
        payments.use_balance_at_issue(s, event.business, event.subject, at=at)


@sweep
def look_up_due(_app: App, s: Session, at: datetime) -> None:
    """Sweep: checkouts that no webhook told of."""
    payments.look_up_due(s, at=at)


@tour
def compare_listing(app: App) -> None:
    """Sweep: the gateway's own list against the books, for each business."""
    since = app.now() - LISTED_BACK
    for business in app.businesses():
        try:
            listed = app.gateway(business).recent(since=since)
            reversed_since = app.gateway(business).recent_reversals(since=since)
        except TillmailError as e:
            # One business without a key must not keep the others' money from being found.
            log.warning("The gateway's list of %s cannot be compared: %s", business, e)
            continue
        with app.transaction() as s:
            payments.compare(s, business, listed, at=app.now())
            payments.compare_reversals(s, business, reversed_since, at=app.now())


@tour
def compare_payouts(app: App) -> None:
    """Sweep: what the gateway paid out, weighed, then met with the bank's lines."""
    for business in app.businesses():
        try:
            gateway = app.gateway(business)
            listed = _listed_payouts(app, business, gateway)
        except TillmailError as e:
            log.warning("The gateway's payouts of %s cannot be listed: %s", business, e)
        else:
            _weigh_payouts(app, business, gateway, listed)
        with app.transaction() as s:
            payments.reconcile_payouts(s, business, at=app.now())


def _listed_payouts(app: App, business: BusinessKey, gateway: Gateway) -> list[PayoutFacts]:
    """The gateway's list, and before it what is older and still does not add up."""
    with app.reading() as s:
        since = payments.payouts_listed_since(s, business, at=app.now())
    listed = gateway.payouts(since=since)
    with app.transaction() as s:
        older = payments.payouts_to_follow(s, business, listed, at=app.now())
    found = []
    for payout_id in older:
        try:
            found.append(gateway.look_up_payout(payout_id))
        except TillmailError as e:
            log.warning("Payout %s of %s cannot be looked up: %s", payout_id, business, e)
    return found + listed


def _weigh_payouts(
    app: App, business: BusinessKey, gateway: Gateway, listed: list[PayoutFacts]
) -> None:
    """Each on its own, the first first: one that fails is in the way of no other."""
    with app.reading() as s:
        new = payments.payouts_to_weigh(s, business, listed)
    for facts in new:
        try:
            _weigh_payout(app, business, gateway, facts)
        except TillmailError as e:
            log.warning("Payout %s of %s cannot be weighed: %s", facts.payout_id, business, e)
            with app.transaction() as s:
                payments.payout_not_weighed(s, business, facts, e, at=app.now())


def _weigh_payout(app: App, business: BusinessKey, gateway: Gateway, facts: PayoutFacts) -> None:
    if facts.has_failed:
        with app.transaction() as s:
            payments.payout_failed(s, business, facts, at=app.now())
        if not facts.is_itemised:
            return
    parts = gateway.parts_of(facts.payout_id) if facts.is_itemised else []
    with app.transaction() as s:
        payments.weigh_payout(s, business, facts, parts, at=app.now())


def _facts(gateway: Gateway, checkout: Checkout) -> CheckoutFacts | None:
    if checkout.session_id is not None:
        return gateway.look_up(checkout.session_id)
    # The call that opened it was never answered: the gateway's list knows whether it arrived.
    listed = gateway.recent(since=checkout.opened_at - timedelta(minutes=5))
    return next((facts for facts in listed if facts.reference == checkout.id), None)


def _expired(app: App, checkout: Checkout) -> CheckoutFacts:
    if checkout.session_id is None:
        raise PermanentError(f"Checkout {checkout.id} has no page to end.")
    gateway = app.gateway(BusinessKey(checkout.business))
    # One key for one wish: asked again, the gateway answers as it did the first time.
    return gateway.expire(checkout.session_id, key=f"{checkout.key}-end")


def _book_end(app: App, s: Session, checkout: Checkout, facts: CheckoutFacts | None) -> None:
    business = BusinessKey(checkout.business)
    now = payments.checkout(s, business, checkout.id)
    if now is not None and facts is not None:
        livemode = app.rules(business).stripe.livemode
        payments.settle(s, now, facts, livemode=livemode, at=app.now())


def _give_back(app: App, gateway: Gateway, refund: Refund, payment: Payment) -> None:
    if not payments.is_key_good(refund, at=app.now()):
        raise PermanentError("Stripe did not answer for a day. Look there, and ask again.")
    gateway.refund(payments.refund_order(refund, payment), key=refund.key)


def _refund(s: Session, run: Run) -> Refund:
    refund = payments.refund(s, run.business, run.subject)
    if refund is None:
        raise PermanentError(f"Refund {run.subject} is missing.")
    return refund


def _payment(s: Session, business: BusinessKey, payment_id: str) -> Payment:
    payment = payments.by_id(s, business, payment_id)
    if payment is None:
        raise PermanentError(f"Payment {payment_id} is missing.")
    return payment


def _checkout(s: Session, run: Run) -> Checkout:
    checkout = payments.checkout(s, run.business, run.subject)
    if checkout is None:
        raise PermanentError(f"Checkout {run.subject} is missing.")
    return checkout
