"""What the gateway says of a charge, once it was looked up: booked, tried later, or ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, payments
from worker.autocharge import mandates, records
from worker.autocharge.charging import (
    Ask,
    created,
    end,
    free_lane,
    give_up,
    hopeless,
    lock,
    look_later,
    move,
    tell_staff,
)
from worker.autocharge.checking import Case
from worker.autocharge.declines import Course, Decline, Remedy, course
from worker.autocharge.model import (
    Act,
    Attempt,
    Charge,
    ChargeState,
    Mandate,
    Outcome,
)
from worker.autocharge.ports import ChargeFacts
from worker.autocharge.retrying import next_try
from worker.autocharge.terms import Terms
from worker.kernel.clock import day_in
from worker.kernel.errors import PermanentError
from worker.kernel.events import ChargeDeclined
from worker.kernel.ids import BusinessKey
from worker.store import tell

_TRIED = {"requires_payment_method", "requires_confirmation", "requires_action"}
_ENDS = {ChargeState.ENDING, ChargeState.SETTLED, ChargeState.CANCELLED, ChargeState.NEEDS_CUSTOMER}


def heard(
    session: Session, charge: Charge, facts: ChargeFacts, terms: Terms, *, at: datetime
) -> None:
    """Book what the gateway says of a charge, whatever made us ask; twice equals once.

    Raises PermanentError when the facts are of another charge, business or mode.
    """
    _belongs(charge, facts, livemode=terms.livemode)
    case = lock(session, charge, terms)
    attempt = records.open_attempt(session, charge)
    is_taken = facts.status == "succeeded"
    leased = attempt.leased_until if attempt is not None else None
    if leased is not None and leased > at and not is_taken:
        # A call is under way: whoever made it looks when it has come back.
        return
    if is_taken:
        _succeeded(session, charge, attempt, facts, at=at)
    elif facts.status == "canceled":
        _canceled(session, charge, attempt, at=at)
    elif facts.status in _TRIED:
        _tried(session, case, attempt, facts, at=at)
    else:
        look_later(charge, at=at)
    session.flush()


def found_none(session: Session, charge: Charge, ask: Ask, terms: Terms) -> None:
    """The gateway lists no PaymentIntent for a charge: the call that was to make it was not."""
    lock(session, charge, terms)
    attempt = records.open_attempt(session, charge)
    if attempt is not None and attempt.id == ask.attempt_id and attempt.act == Act.CREATE:
        _not_made(charge, attempt)
    session.flush()


def _belongs(charge: Charge, facts: ChargeFacts, *, livemode: bool) -> None:
    if facts.reference != charge.id or facts.business != charge.business:
        raise PermanentError(f"{facts.intent_id} does not belong to {charge.id}.")
    if facts.livemode is not livemode:
        raise PermanentError(f"{facts.intent_id} is of the wrong mode (test or live).")
    if charge.stripe_intent_id not in (None, facts.intent_id):
        raise PermanentError(f"{charge.id} has another PaymentIntent than {facts.intent_id}.")


def _succeeded(
    session: Session, charge: Charge, attempt: Attempt | None, facts: ChargeFacts, *, at: datetime
) -> None:
    if attempt is not None:
        attempt.gateway_charge_id = facts.try_id
        done = attempt.act == Act.CONFIRM
        end(attempt, Outcome.DONE if done else Outcome.REFUSED, at=at)
    if charge.state == ChargeState.SETTLED:
        return
    payment = payments.collect(
        session,
        BusinessKey(charge.business),
        payments.Collected(
            customer_id=charge.customer_id,
            evidence=facts.intent_id,
            amount=facts.amount,
            item_id=charge.item_id,
            taken_at=facts.taken_at or at,
        ),
        at=at,
    )
    move(charge, ChargeState.SETTLED)
    charge.stripe_intent_id, charge.payment_id = facts.intent_id, payment.id
    charge.because = None
    _ended(session, charge, at=at)


def _canceled(session: Session, charge: Charge, attempt: Attempt | None, *, at: datetime) -> None:
    if attempt is not None:
        done = attempt.act == Act.CANCEL
        end(attempt, Outcome.DONE if done else Outcome.REFUSED, at=at)
    if ChargeState(charge.state) in _ENDS - {ChargeState.ENDING}:
        return
    if charge.state != ChargeState.ENDING:
        charge.because = "Its PaymentIntent was cancelled at Stripe's dashboard."
        move(charge, ChargeState.ENDING)
    asked = charge.is_last and charge.held_by is None and _was_declined(session, charge)
    move(charge, ChargeState.NEEDS_CUSTOMER if asked else ChargeState.CANCELLED)
    _ended(session, charge, at=at)


def _tried(
    session: Session, case: Case, attempt: Attempt | None, facts: ChargeFacts, *, at: datetime
) -> None:
    charge = case.charge
    if attempt is None:
        return
    if attempt.act == Act.CREATE:
        created(charge, attempt, facts.intent_id, at=at)
        return
    known = {one.gateway_charge_id for one in records.attempts_of(session, charge)}
    is_new = facts.try_id is not None and facts.try_id not in known
    is_answered = attempt.outcome == Outcome.ANSWERED
    if attempt.act == Act.CANCEL or not (is_new or is_answered):
        _not_made(charge, attempt)
        return
    attempt.gateway_charge_id = facts.try_id if is_new else None
    said = facts.decline or Decline("authentication_required")
    _declined(session, case, attempt, said, at=at)


def _declined(
    session: Session, case: Case, attempt: Attempt, said: Decline, *, at: datetime
) -> None:
    charge, mandate, terms = case.charge, case.mandate, case.terms
    business = BusinessKey(charge.business)
    attempt.decline_code, attempt.advice_code = said.decline_code, said.advice_code
    attempt.network_advice_code, attempt.visa_code = said.network_advice_code, said.visa_code
    end(attempt, Outcome.DECLINED, at=at)
    session.flush()
    follows = course(said)
    past = records.past(session, charge, mandate.fingerprint, at=at)
    hours = terms.hours_of(customers.by_id(session, business, charge.customer_id))
    when = next_try(follows, past, terms.caps, hours, at=at)
    if charge.taken_by is not None:
        # Staff were there and know; trying again by itself would need a notice.
        when = None
    _stop(session, mandate, attempt.fingerprint, follows, at=at)
    charge.unknown_since, charge.looks = None, 0
    charge.because = f"The bank said no: {said.decline_code or 'without a reason'}."
    free_lane(session, charge)
    if charge.state == ChargeState.ENDING:
        charge.due_at = at
    elif when is not None:
        move(charge, ChargeState.DECLINED)
        charge.due_at = charge.not_before = when
        # The day is told anew, and the consent's limit is that of the month it now falls in.
        charge.due_on = day_in(hours.zone, when)
    else:
        give_up(session, charge, is_last=True, at=at)
    tell(session, ChargeDeclined(business, attempt.id))
    if when is None and follows.remedy in (Remedy.STAFF, Remedy.WAIT):
        tell_staff(session, charge, hopeless(case), at=at)


def _stop(
    session: Session, mandate: Mandate, fingerprint: str, follows: Course, *, at: datetime
) -> None:
    """What the bank wants no more: the card that was tried, not one that replaced it meanwhile."""
    business = BusinessKey(mandate.business)
    if follows.stops_card:
        because = "Its bank wants no more charges."
        mandates.stop_card(session, business, fingerprint, because, at=at)
    if follows.ends_mandate:
        mandates.revoke(
            session, mandate, by="the card's bank", because="revoked at the bank", at=at
        )


def _not_made(charge: Charge, attempt: Attempt) -> None:
    attempt.outcome, attempt.leased_until = Outcome.NOT_MADE.value, None
    charge.unknown_since = None
    if charge.state == ChargeState.UNKNOWN:
        move(charge, ChargeState.UNDER_WAY)


def _was_declined(session: Session, charge: Charge) -> bool:
    return any(one.outcome == Outcome.DECLINED for one in records.attempts_of(session, charge))


def _ended(session: Session, charge: Charge, *, at: datetime) -> None:
    charge.ended_at, charge.due_at, charge.unknown_since = at, None, None
    free_lane(session, charge)
