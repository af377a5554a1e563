"""What customers and staff say to a charge that was announced: stop, later, or go on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers
from worker.autocharge import records
from worker.autocharge.charging import free_lane, give_up, lock, move
from worker.autocharge.model import ENDED, Charge, ChargePause, ChargeState
from worker.autocharge.terms import Terms
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey

_AT_REST = {ChargeState.PLANNED, ChargeState.NOTICED, ChargeState.DECLINED, ChargeState.HELD}
_LONGEST_DELAY_DAYS = 60


def hold(
    session: Session, charge: Charge, terms: Terms, *, by: str, because: str, at: datetime
) -> None:
    """Take nothing until a person decides. One that is under way ends unless it has succeeded."""
    lock(session, charge, terms)
    if ChargeState(charge.state) in ENDED or charge.state == ChargeState.HELD:
        return
    charge.held_at, charge.held_by, charge.because = at, by, because
    if ChargeState(charge.state) in _AT_REST:
        move(charge, ChargeState.HELD)
        charge.due_at = None
    elif charge.state != ChargeState.ENDING:
        give_up(session, charge, is_last=True, at=at)


def stop(
    session: Session, charge: Charge, terms: Terms, *, by: str, because: str, at: datetime
) -> None:
    """End a charge; no other one on the same mandate is planned for its item."""
    lock(session, charge, terms)
    if ChargeState(charge.state) in ENDED:
        raise Refused(f"Charge {charge.id} is {charge.state} already: nothing is left to stop.")
    charge.held_at, charge.held_by, charge.because = at, by, because
    charge.is_last = True
    if charge.state != ChargeState.ENDING:
        free_lane(session, charge)
        give_up(session, charge, is_last=True, at=at)


def delay(
    session: Session,
    charge: Charge,
    terms: Terms,
    *,
    by: str,
    days: int | None = None,
    at: datetime,
) -> datetime:
    """Move a charge by some days, or by as many as the business gives; gives when it is then."""
    lock(session, charge, terms)
    count = terms.postpone_days if days is None else days
    if not 1 <= count <= _LONGEST_DELAY_DAYS:
        raise Refused(f"A charge is moved by 1 to {_LONGEST_DELAY_DAYS} days, not {count}.")
    if charge.state not in {ChargeState.NOTICED, ChargeState.DECLINED, ChargeState.PLANNED}:
        raise Refused(f"Charge {charge.id} is {charge.state}: it cannot be moved.")
    customer = customers.by_id(session, BusinessKey(charge.business), charge.customer_id)
    hours = terms.hours_of(customer)
    from_ = max(at, charge.not_before or at, charge.due_at or at)
    then = hours.next_open(from_ + timedelta(days=count))
    charge.due_on = day_in(hours.zone, then)
    charge.held_by = None
    charge.because = f"{by} asked for {count} days more."
    if charge.state != ChargeState.PLANNED:
        charge.due_at = then
        charge.not_before = then
    return then


def resume(session: Session, charge: Charge, terms: Terms, *, by: str, at: datetime) -> None:
    """Go on with a held charge, or let another one be planned for the item of one that ended."""
    lock(session, charge, terms)
    if charge.state == ChargeState.HELD:
        back = ChargeState.DECLINED if charge.stripe_intent_id else ChargeState.NOTICED
        if charge.noticed_at is None:
            raise Refused(
                f"The customer was never told of charge {charge.id}. Stop it, and let another one "
                f"be planned: tillmail charges stop {charge.id}"
            )
        move(charge, back)
        charge.held_at, charge.held_by, charge.because = None, None, f"{by} let it go on."
        charge.due_at = max(at, charge.not_before or at)
    elif ChargeState(charge.state) in ENDED and charge.state != ChargeState.SETTLED:
        charge.is_last, charge.because = False, f"{by} lets another one be planned."
    else:
        raise Refused(f"Charge {charge.id} is {charge.state}: there is nothing to resume.")


def pause_all(
    session: Session, business: BusinessKey, *, by: str, because: str | None, at: datetime
) -> None:
    """Plan and charge nothing for now; what is under way is still looked up."""
    if records.pause(session, business) is None:
        pause = ChargePause(business=business, paused_at=at, paused_by=by, because=because)
        session.add(pause)


def resume_all(session: Session, business: BusinessKey) -> bool:
    """Charge again; whether it was paused."""
    pause = records.pause(session, business)
    if pause is not None:
        session.delete(pause)
    return pause is not None
