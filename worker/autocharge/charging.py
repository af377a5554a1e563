"""A charge, one call at a time: what to ask of the gateway next, and what it answered.

`next_ask` commits what is about to be asked, with its key; the caller asks with no transaction
open, says here that an answer came or did not, and asks for the next. What became of a call is only
ever what the gateway says when it is looked up (`outcomes.heard`), so an answer that was lost and
one that was heard take the same way. A charge has one PaymentIntent, which succeeds at most once:
a second try, a second worker or a crash anywhere can ask again, and never take twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from worker import customers, payments, review
from worker.autocharge import items, records
from worker.autocharge.checking import Case, obstacle
from worker.autocharge.items import Item
from worker.autocharge.model import (
    CHARGE_MOVES,
    ENDED,
    Act,
    Attempt,
    Charge,
    ChargeState,
    Outcome,
)
from worker.autocharge.ports import ChargeOrder
from worker.autocharge.terms import Terms
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey, new_id

# The call itself ends within 30 s, and its job within 3 minutes.
CALL_LEASE = timedelta(minutes=2)
# Stripe keeps a key for a day; an answer that it keeps for a key may be a failure of its own.
KEY_IS_GOOD = timedelta(hours=23)
CALLS_WITH_ONE_KEY = 3
ALERT_AFTER = timedelta(hours=24)
_FIRST_LOOK = timedelta(minutes=1)
_LAST_LOOK_EVERY = timedelta(minutes=30)
_LISTED_BACK = timedelta(minutes=10)
_REST = {ChargeState.NOTICED, ChargeState.DECLINED}
_TRIES = {ChargeState.NOTICED, ChargeState.DECLINED, ChargeState.UNDER_WAY, ChargeState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Ask:
    """One call to make. `look` changes nothing; without `intent_id` it looks through a list."""

    act: Act | Literal["look"]
    charge_id: str
    order: ChargeOrder
    attempt_id: str | None = None
    key: str = ""
    intent_id: str | None = None
    since: datetime | None = None


def next_ask(session: Session, charge: Charge, terms: Terms, *, at: datetime) -> Ask | None:
    """The next call to make for a charge, committed with this transaction; None: nothing now."""
    case = lock(session, charge, terms)
    attempt = records.open_attempt(session, charge)
    if attempt is not None:
        if attempt.leased_until is not None and attempt.leased_until > at:
            return None
        if attempt.outcome != Outcome.NOT_MADE:
            return _look(case, attempt)
    if charge.state == ChargeState.ENDING:
        return _cancel(session, case, attempt, at=at)
    if ChargeState(charge.state) not in _TRIES:
        return None
    found = obstacle(session, case, at=at)
    if found is None:
        act = Act.CONFIRM if charge.stripe_intent_id else Act.CREATE
        return _again(session, case, attempt, act, at=at)
    _drop(session, attempt, at=at)
    free_lane(session, charge)
    charge.because = found.because
    if found.until is not None:
        charge.due_at = found.until
        return None
    give_up(session, charge, is_last=found.is_last, at=at)
    if found.is_last and charge.taken_by is None:
        tell_staff(session, charge, hopeless(case), at=at)
    return _cancel(session, case, None, at=at)


def answered(session: Session, ask: Ask, *, intent_id: str | None = None, at: datetime) -> None:
    """The gateway answered. A new PaymentIntent is kept; anything else is looked up next."""
    attempt, charge = _of(session, ask)
    attempt.leased_until = None
    if attempt.ended_at is not None:
        return
    if ask.act is Act.CREATE and intent_id is not None:
        created(charge, attempt, intent_id, at=at)
    else:
        attempt.outcome = Outcome.ANSWERED.value


def unanswered(session: Session, ask: Ask, why: str, *, is_lost: bool, at: datetime) -> None:
    """No answer came (`is_lost`: it may have been done), or the gateway was busy.

    A look that failed says nothing of the call that it asked about: that stays unknown.
    """
    if ask.attempt_id is None:
        return
    attempt, charge = _of(session, ask)
    attempt.leased_until = None
    attempt.problem = why[:500]
    if attempt.ended_at is not None:
        return
    if ask.act != "look" and not is_lost:
        attempt.outcome = Outcome.NOT_MADE.value
    else:
        charge.unknown_since = charge.unknown_since or at
        if charge.state == ChargeState.UNDER_WAY:
            move(charge, ChargeState.UNKNOWN)
    look_later(charge, at=at)


def refused(session: Session, ask: Ask, why: str, *, at: datetime) -> None:
    """The gateway will not do this, whenever it is asked: the charge ends, and a person is told."""
    attempt, charge = _of(session, ask)
    attempt.leased_until, attempt.problem = None, why[:500]
    if attempt.ended_at is not None or ChargeState(charge.state) in ENDED:
        return
    end(attempt, Outcome.REFUSED, at=at)
    charge.because = "Stripe does not take this charge."
    free_lane(session, charge)
    give_up(session, charge, is_last=True, at=at)
    tell_staff(
        session,
        charge,
        f"The stored card could not be charged {charge.amount}: {why} When that is mended: "
        f"tillmail charges resume {charge.id}",
        at=at,
    )


def lock(session: Session, charge: Charge, terms: Terms) -> Case:
    """A charge with its item and mandate; the customer, the item and the charge are locked."""
    business = BusinessKey(charge.business)
    item = _lock_rows(session, charge)
    mandate = records.mandate(session, business, charge.mandate_id)
    if mandate is None:
        raise PermanentError(f"Mandate {charge.mandate_id} is missing.")
    return Case(charge, item, mandate, terms)


def order_for(case: Case) -> ChargeOrder:
    """The order as it goes to the gateway; the same charge always gives the same order."""
    charge, mandate, item = case.charge, case.mandate, case.item
    return ChargeOrder(
        reference=charge.id,
        business=charge.business,
        amount=charge.amount,
        customer_id=mandate.stripe_customer_id,
        method_id=mandate.stripe_method_id,
        title=item.number if item is not None else charge.item_id,
    )


def move(charge: Charge, to: ChargeState) -> None:
    """Change the state as the table allows; anything else is a fault."""
    if to not in CHARGE_MOVES[ChargeState(charge.state)]:
        raise PermanentError(f"Charge {charge.id} cannot go from {charge.state} to {to}.")
    charge.state = to.value


def give_up(session: Session, charge: Charge, *, is_last: bool, at: datetime) -> None:
    """End a charge: at once while the gateway knows nothing of it, else once it confirms so."""
    charge.is_last = charge.is_last or is_last
    if charge.stripe_intent_id is None and records.open_attempt(session, charge) is None:
        move(charge, ChargeState.CANCELLED)
        charge.ended_at, charge.due_at = at, None
    else:
        move(charge, ChargeState.ENDING)
        charge.due_at = at
    session.flush()


def end(attempt: Attempt, outcome: Outcome, *, at: datetime) -> None:
    """Write down how a call came out."""
    attempt.outcome, attempt.ended_at, attempt.leased_until = outcome.value, at, None


def created(charge: Charge, attempt: Attempt, intent_id: str, *, at: datetime) -> None:
    """Keep the PaymentIntent of a charge: from now on there is no other."""
    charge.stripe_intent_id = charge.stripe_intent_id or intent_id
    charge.unknown_since, charge.looks = None, 0
    if charge.state == ChargeState.UNKNOWN:
        move(charge, ChargeState.UNDER_WAY)
    end(attempt, Outcome.DONE, at=at)


def free_lane(session: Session, charge: Charge) -> None:
    """Let others pay the item."""
    payments.free_lane(session, BusinessKey(charge.business), charge.item_id, holder=charge.id)


def look_later(charge: Charge, *, at: datetime) -> None:
    """Set when it is looked up next: after a minute, then ever less often."""
    charge.looks += 1
    wait = min(_FIRST_LOOK * 2 ** min(charge.looks - 1, 8), _LAST_LOOK_EVERY)
    charge.due_at = at + wait


def tell_staff(session: Session, charge: Charge, text: str, *, at: datetime) -> None:
    """Put a charge before a person."""
    review.ask(
        session,
        BusinessKey(charge.business),
        review.Question(
            kind="charge",
            subject=charge.id,
            text=text,
            evidence={"invoice": charge.item_id, "amount": str(charge.amount)},
            choices=[f"tillmail charges show {charge.id}"],
        ),
        at=at,
    )


def hopeless(case: Case) -> str:
    """What a person is told of a charge that is not tried again."""
    charge = case.charge
    return (
        f"{charge.amount} could not be taken from {case.mandate.card}, and it is not tried again. "
        f"{charge.because} Talk to the customer."
    )


def _may_repeat(attempt: Attempt, at: datetime) -> bool:
    return attempt.calls < CALLS_WITH_ONE_KEY and at < attempt.begun_at + KEY_IS_GOOD


def _cancel(session: Session, case: Case, attempt: Attempt | None, *, at: datetime) -> Ask | None:
    """See a charge ended at the gateway; one that it knows nothing of ends here."""
    charge = case.charge
    if attempt is not None and attempt.act != Act.CANCEL:
        _drop(session, attempt, at=at)
        attempt = None
    if charge.stripe_intent_id is not None:
        return _again(session, case, attempt, Act.CANCEL, at=at)
    if charge.state == ChargeState.ENDING:
        move(charge, ChargeState.CANCELLED)
        charge.ended_at, charge.due_at, charge.unknown_since = at, None, None
        free_lane(session, charge)
    return None


def _again(session: Session, case: Case, attempt: Attempt | None, act: Act, *, at: datetime) -> Ask:
    """The call that was not made, with its own key while that is good; else a new one."""
    if attempt is not None and attempt.act == act and _may_repeat(attempt, at):
        return _call(session, case, attempt, at=at)
    _drop(session, attempt, at=at)
    charge, order = case.charge, order_for(case)
    fresh = Attempt(
        business=charge.business,
        id=new_id("att"),
        charge_id=charge.id,
        act=act.value,
        key=new_id("charge"),
        request=f"{act} {charge.stripe_intent_id or charge.id} {order.amount} {order.method_id}",
        fingerprint=case.mandate.fingerprint,
        begun_at=at,
        calls=0,
    )
    session.add(fresh)
    return _call(session, case, fresh, at=at)


def _call(session: Session, case: Case, attempt: Attempt, *, at: datetime) -> Ask:
    charge = case.charge
    attempt.calls += 1
    attempt.outcome, attempt.leased_until = None, at + CALL_LEASE
    if charge.state in _REST or charge.state == ChargeState.UNKNOWN:
        move(charge, ChargeState.UNDER_WAY)
    # Should this worker end here, somebody looks after the lease.
    charge.due_at = at + CALL_LEASE
    session.flush()
    order, intent = order_for(case), charge.stripe_intent_id
    return Ask(Act(attempt.act), charge.id, order, attempt.id, attempt.key, intent)


def _drop(session: Session, attempt: Attempt | None, *, at: datetime) -> None:
    if attempt is not None:
        end(attempt, Outcome.NEVER_MADE, at=at)
        session.flush()


def _look(case: Case, attempt: Attempt) -> Ask:
    charge, since = case.charge, attempt.begun_at - _LISTED_BACK
    intent = charge.stripe_intent_id
    return Ask("look", charge.id, order_for(case), attempt.id, intent_id=intent, since=since)


def _of(session: Session, ask: Ask) -> tuple[Attempt, Charge]:
    business = BusinessKey(ask.order.business)
    charge = records.charge(session, business, ask.charge_id)
    if charge is None:
        raise PermanentError(f"Charge {ask.charge_id} is missing.")
    _lock_rows(session, charge)
    attempt = records.lock_attempt(session, business, ask.attempt_id or "")
    if attempt is None:
        raise PermanentError(f"Attempt {ask.attempt_id} is missing.")
    return attempt, charge


def _lock_rows(session: Session, charge: Charge) -> Item | None:
    customers.lock(session, BusinessKey(charge.business), charge.customer_id)
    item = items.lock(session, charge)
    records.lock_charge(session, charge)
    return item
