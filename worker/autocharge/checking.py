"""What stands in the way of a charge, asked again under lock right before each call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, payments
from worker.autocharge import records
from worker.autocharge.items import Item
from worker.autocharge.model import Charge, Mandate
from worker.autocharge.planning import BY_LINK, forbidden
from worker.autocharge.retrying import is_too_late, may_try
from worker.autocharge.terms import Terms
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey

# A charge gives its lane back at each of its ends. A lease that ran out while the house stood still
# would let a page take what the card may have paid.
_LANE_LEASE = timedelta(days=3_650)
_SOON = timedelta(minutes=5)
_LATER = timedelta(hours=6)
_WHEN_ON_AGAIN = timedelta(hours=1)
# How long a charge that staff take may wait for a lane or for the gateway: they stand there.
DESK_WAITS = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why not now. Without `until` it ends the charge; `is_last`: nor is another one planned."""

    because: str
    until: datetime | None = None
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A charge with all that bears on it, locked."""

    charge: Charge
    item: Item | None
    mandate: Mandate
    terms: Terms

    @property
    def business(self) -> BusinessKey:
        """Whose charge it is."""
        return BusinessKey(self.charge.business)


def obstacle(session: Session, case: Case, *, at: datetime) -> Obstacle | None:
    """What forbids a try now, or None; then its lane is held by the charge."""
    why = unwanted(session, case, at=at)
    if why is not None:
        return Obstacle(why)
    found = _waits(session, case, at=at) or _lane(session, case.charge, at=at)
    if found is None:
        # It counts for the month in which it is taken: a retry may have come into the next one.
        case.charge.due_on = _day_of(case, at)
    return found


def unwanted(session: Session, case: Case, *, at: datetime) -> str | None:
    """Why a charge is not to be made at all any more; None while it is."""
    charge, item, terms = case.charge, case.item, case.terms
    customer = customers.by_id(session, case.business, charge.customer_id)
    if item is None or not item.owed.is_positive:
        return "Nothing is to be paid here any more."
    if item.owed != charge.amount:
        return f"{item.owed} is owed now, and {charge.amount} was announced."
    if customer is None or not customer.pay_links:
        return "The customer pays by bank transfer."
    if item.rests:
        return "Staff let it rest."
    if not item.by_card:
        return BY_LINK
    if terms.largest is not None and charge.amount > terms.largest:
        return f"{charge.amount} is above {terms.largest}, the most that is charged."
    day = _day_of(case, at)
    return forbidden(case.mandate, charge.amount, _others(session, case, day), day)


def _day_of(case: Case, at: datetime) -> date:
    """The day on which a charge is made: as announced, or today if that is over."""
    return max(case.charge.due_on, day_in(case.terms.hours.zone, at))


def _waits(session: Session, case: Case, *, at: datetime) -> Obstacle | None:
    if case.charge.taken_by is not None:
        return _at_the_desk(session, case, at=at)
    charge, terms, business = case.charge, case.terms, case.business
    if not terms.is_on or records.pause(session, business) is not None:
        return Obstacle("Charging is off or paused.", at + _WHEN_ON_AGAIN)
    if charge.not_before is None or at < charge.not_before:
        return Obstacle("The time to object is not over.", charge.not_before or at + _LATER)
    hours = terms.hours_of(customers.by_id(session, business, charge.customer_id))
    if hours.next_open(at) > at:
        return Obstacle("Outside the hours.", hours.next_open(at))
    if terms.mail_read_to is None or terms.mail_read_to < charge.not_before:
        return Obstacle("An objection may lie unread in a mailbox.", at + _SOON)
    if payments.under_way(session, business, charge.customer_id, charge.currency):
        return Obstacle("The customer says that money is under way.", hours.next_open(at + _LATER))
    return _tried_enough(session, case, at=at)


def _at_the_desk(session: Session, case: Case, *, at: datetime) -> Obstacle | None:
    """Staff take it now, and the customer is there: only the card's own limits hold.

    What cannot be tried now is not tried later, when the customer has gone and knows of nothing.
    """
    if at > case.charge.planned_at + DESK_WAITS:
        return Obstacle("It could not be taken while the customer was there.")
    tried = _tried_enough(session, case, at=at)
    return tried and Obstacle(tried.because, is_last=tried.is_last)


def _tried_enough(session: Session, case: Case, *, at: datetime) -> Obstacle | None:
    charge, terms = case.charge, case.terms
    hours = terms.hours_of(customers.by_id(session, case.business, charge.customer_id))
    tried = records.past(session, charge, case.mandate.fingerprint, at=at)
    if len(tried.of_charge) >= terms.caps.per_charge:
        return Obstacle("It was tried as often as allowed.", is_last=True)
    if is_too_late(tried, terms.caps, at=at):
        days = terms.caps.give_up_after.days
        return Obstacle(f"It could not be taken within {days} days.", is_last=True)
    if not may_try(tried, terms.caps, at=at):
        return Obstacle("Its card was tried as often as allowed.", hours.next_open(at + _LATER))
    return None


def _lane(session: Session, charge: Charge, *, at: datetime) -> Obstacle | None:
    business = BusinessKey(charge.business)
    if payments.unwanted_checkout(session, business, [charge.item_id]):
        return Obstacle("A payment page is open for it and is being ended.", at + _SOON)
    try:
        payments.take_lane(
            session, business, charge.item_id, holder=charge.id, until=at + _LANE_LEASE, at=at
        )
    except Refused as e:
        return Obstacle(str(e), at + _SOON)
    return None


def _others(session: Session, case: Case, day: date) -> int:
    """What else is taken or planned on the mandate in the month of a day."""
    charge, mandate = case.charge, case.mandate
    if mandate.per_month_minor is None:
        return 0
    month = day.replace(day=1)
    used = records.used_by_month(session, case.business, [mandate.id], month)
    own = charge.amount_minor if charge.due_on >= month else 0
    return used.get((mandate.id, f"{day:%Y-%m}"), 0) - own
