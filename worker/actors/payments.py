"""Actors of payments."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import payments
from worker.actors.shapes import Run, call, sweep, tour
from worker.app import App
from worker.kernel.errors import PermanentError, TillmailError
from worker.payments import Checkout, CheckoutFacts

log = logging.getLogger(__name__)

LISTED_BACK = timedelta(hours=26)


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


@sweep
def look_up_due(_app: App, s: Session, at: datetime) -> None:
    """Sweep: checkouts that no webhook told of."""
    payments.look_up_due(s, at=at)


@tour
def compare_listing(app: App) -> None:
    """Sweep: the gateway's own list against the books, for each business."""
    for business in app.businesses():
        try:
            listed = app.gateway(business).recent(since=app.now() - LISTED_BACK)
        except TillmailError as e:
            # One business without a key must not keep the others' money from being found.
            log.warning("The gateway's list of %s cannot be compared: %s", business, e)
            continue
        with app.transaction() as s:
            payments.compare(s, business, listed, at=app.now())


def _facts(gateway: payments.Gateway, checkout: Checkout) -> CheckoutFacts | None:
    if checkout.session_id is not None:
        return gateway.look_up(checkout.session_id)
    # The call that opened it was never answered: the gateway's list knows whether it arrived.
    listed = gateway.recent(since=checkout.opened_at - timedelta(minutes=5))
    return next((facts for facts in listed if facts.reference == checkout.id), None)


def _checkout(s: Session, run: Run) -> Checkout:
    checkout = payments.checkout(s, run.business, run.subject)
    if checkout is None:
        raise PermanentError(f"Checkout {run.subject} is missing.")
    return checkout
