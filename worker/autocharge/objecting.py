"""What customers and staff say to a charge that was announced: stop, later, or go on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from worker import customers
from worker.autocharge import records
from worker.autocharge.charging import free_lane, give_up, lock, move, tell_staff
from worker.autocharge.mandates import revoke
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


class Wish(StrEnum):
    """What an answer to a notice asks for."""

    STOP = "stop"
    STOP_ALL = "stop all"
    DELAY = "delay"


_STOP = re.compile(
    r"(?:please |bitte )?(?:stop+(?:en)?|halt|cancel)\b(?P<all> (?:all|alle|alles)\b)?"
)
_DELAY = re.compile(r"(?:please |bitte )?(?:delay|later|postpone|später|verschieben|aufschieben)\b")


def wish_of(text: str) -> Wish | None:
    """What the first line of an answer asks for; None where it is no one word that we named."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    said = line.casefold().lstrip("\"'“„»*").strip()
    stop = _STOP.match(said)
    if stop is not None:
        return Wish.STOP_ALL if stop["all"] else Wish.STOP
    return Wish.DELAY if _DELAY.match(said) else None


@dataclass(frozen=True, slots=True)
class Objection:
    """An answer to a notice: what it asks, from whom, and whether that address is on file."""

    wish: Wish | None
    by: str
    is_on_file: bool


def object_to(
    session: Session, charge: Charge, objection: Objection, terms: Terms, *, at: datetime
) -> None:
    """Do what an answer asks: anybody who has the mail may hold a charge; ending is the customer's.

    What we do not understand holds it too, until a person has read it.
    """
    if ChargeState(charge.state) in ENDED:
        return
    by, wish = objection.by, objection.wish
    if wish is Wish.DELAY and charge.state in {ChargeState.NOTICED, ChargeState.DECLINED}:
        delay(session, charge, terms, by=by, at=at)
    elif wish in (Wish.STOP, Wish.STOP_ALL) and objection.is_on_file:
        stop(session, charge, terms, by=by, because=f"{by} answered STOP.", at=at)
        mandate = records.mandate(session, BusinessKey(charge.business), charge.mandate_id)
        if wish is Wish.STOP_ALL and mandate is not None:
            revoke(session, mandate, by=by, because="answered STOP ALL", at=at)
    else:
        hold(session, charge, terms, by=by, because=f"{by} answered its notice.", at=at)
        text = (
            f"Somebody answered the notice of a charge of {charge.amount}, and it is held: read "
            "their mail, then stop it or let it go on."
        )
        tell_staff(session, charge, text, at=at)
