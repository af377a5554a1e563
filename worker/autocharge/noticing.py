"""Telling the customer, and handing out what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers
from worker.autocharge import records
from worker.autocharge.charging import ALERT_AFTER, give_up, lock, look_later, move, tell_staff
from worker.autocharge.checking import Case, unwanted
from worker.autocharge.model import Charge, ChargeState
from worker.autocharge.terms import Terms
from worker.kernel.events import ChargeDue, ChargePlanned
from worker.kernel.ids import BusinessKey
from worker.store import tell

_DAY = timedelta(days=1)
_AGAIN = timedelta(minutes=5)
_NOTICE_AGAIN = timedelta(hours=1)
_UNANNOUNCED = timedelta(days=3)


def to_announce(session: Session, charge: Charge, terms: Terms, *, at: datetime) -> Case | None:
    """A planned charge that is still wanted, for its notice; one that is not ends here.

    In a pause nobody is told of anything: who is told expects to be charged.
    """
    case = lock(session, charge, terms)
    if charge.state != ChargeState.PLANNED or _is_paused(session, charge, terms):
        return None
    why = unwanted(session, case, at=at)
    if why is None:
        return case
    charge.because = why
    give_up(session, charge, is_last=False, at=at)
    return None


def announced(session: Session, charge: Charge, terms: Terms, *, at: datetime) -> None:
    """A mail server took the notice: from now on the customer has the time to object."""
    lock(session, charge, terms)
    if charge.state != ChargeState.PLANNED:
        return
    customer = customers.by_id(session, BusinessKey(charge.business), charge.customer_id)
    hours = terms.hours_of(customer)
    over = at + max(_DAY, _DAY * terms.delay_days)
    charge.noticed_at = at
    charge.not_before = hours.next_open(max(over, hours.opens(charge.due_on)))
    charge.due_at = charge.not_before
    move(charge, ChargeState.NOTICED)


def not_announced(session: Session, charge: Charge, terms: Terms, *, at: datetime) -> None:
    """The notice did not reach the customer, so nothing is taken; delivery has told a person."""
    lock(session, charge, terms)
    if charge.state in (ChargeState.PLANNED, ChargeState.NOTICED):
        charge.because = "Its notice could not be delivered."
        charge.held_by = "the mail server"
        give_up(session, charge, is_last=True, at=at)


def hand_out_due(session: Session, business: BusinessKey, *, at: datetime, limit: int) -> int:
    """Have the next thing done about every charge that is due, at most so many; gives how many.

    Each is due again in a while, so that nothing rests on a job that was lost.
    """
    found = records.due(session, business, at=at, limit=limit)
    for charge in found:
        if charge.state == ChargeState.PLANNED:
            charge.due_at = at + _NOTICE_AGAIN
            _alert_unannounced(session, charge, at=at)
            tell(session, ChargePlanned(business, charge.id))
            continue
        if charge.unknown_since is not None:
            look_later(charge, at=at)
            _alert_unknown(session, charge, at=at)
        else:
            charge.due_at = at + _AGAIN
        tell(session, ChargeDue(business, charge.id))
    return len(found)


def _is_paused(session: Session, charge: Charge, terms: Terms) -> bool:
    return not terms.is_on or records.pause(session, BusinessKey(charge.business)) is not None


def _alert_unannounced(session: Session, charge: Charge, *, at: datetime) -> None:
    is_late = at > charge.planned_at + _UNANNOUNCED
    if is_late and records.pause(session, BusinessKey(charge.business)) is None:
        text = f"The notice of a charge of {charge.amount} has not gone out for days."
        tell_staff(session, charge, text, at=at)


def _alert_unknown(session: Session, charge: Charge, *, at: datetime) -> None:
    if charge.unknown_since is not None and at > charge.unknown_since + ALERT_AFTER:
        text = (
            f"For a day Stripe has not said how a charge of {charge.amount} came out "
            f"({charge.stripe_intent_id or 'no PaymentIntent is known'}). Look there; nothing "
            "else is taken for it until that is known."
        )
        tell_staff(session, charge, text, at=at)
