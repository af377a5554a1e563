"""What always holds of charges and the calls made for them (RELIABILITY: invariants 9 to 15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from worker.autocharge.model import (
    AT_THE_GATEWAY,
    Act,
    Attempt,
    Charge,
    ChargeState,
    Mandate,
    Outcome,
)
from worker.autocharge.retrying import Caps
from worker.payments import Lane, Payment

SHOWN = 50
_DAY = timedelta(days=1)
_TRIED = (Outcome.DONE.value, Outcome.DECLINED.value, Outcome.ANSWERED.value)


def a_settled_charge_has_one_payment(session: Session) -> list[str]:
    """Settled means: one payment, of the charge's own PaymentIntent and amount; no other does."""
    same = and_(Payment.business == Charge.business, Payment.id == Charge.payment_id)
    wrong = or_(
        Payment.id.is_(None),
        Payment.evidence_id != Charge.stripe_intent_id,
        Payment.amount_minor != Charge.amount_minor,
        Payment.currency != Charge.currency,
        Charge.ended_at.is_(None),
    )
    is_settled = Charge.state == ChargeState.SETTLED.value
    rows = session.execute(
        select(Charge.business, Charge.id)
        .outerjoin(Payment, same)
        .where(or_(and_(is_settled, wrong), and_(~is_settled, Charge.payment_id.is_not(None))))
        .limit(SHOWN)
    )
    return [f"{business}: charge {charge} and its payment differ." for business, charge in rows]


def no_item_is_charged_twice_at_once(session: Session) -> list[str]:
    """Of an item, one charge at most is at the gateway."""
    rows = session.execute(
        select(Charge.business, Charge.item_id)
        .where(Charge.state.in_([state.value for state in AT_THE_GATEWAY]))
        .group_by(Charge.business, Charge.item_id)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: {item} has several charges under way." for business, item in rows]


def a_charge_asks_one_thing_at_a_time(session: Session) -> list[str]:
    """No call is begun while an earlier one's outcome is not known, and a try comes of one."""
    other = select(Attempt).subquery()
    overlap = exists().where(
        other.c.business == Attempt.business,
        other.c.charge_id == Attempt.charge_id,
        other.c.id != Attempt.id,
        other.c.begun_at > Attempt.begun_at,
        or_(Attempt.ended_at.is_(None), other.c.begun_at < Attempt.ended_at),
    )
    rows = session.execute(select(Attempt.business, Attempt.id).where(overlap).limit(SHOWN))
    return [f"{business}: {attempt} was overtaken by another call." for business, attempt in rows]


def a_charge_succeeds_once(session: Session) -> list[str]:
    """One confirmed call at most of a charge took money, and only a settled one has it."""
    taken = and_(Attempt.act == Act.CONFIRM.value, Attempt.outcome == Outcome.DONE.value)
    rows = session.execute(
        select(Attempt.business, Attempt.charge_id)
        .join(Charge, and_(Charge.business == Attempt.business, Charge.id == Attempt.charge_id))
        .where(taken)
        .group_by(Attempt.business, Attempt.charge_id, Charge.state)
        .having(or_(func.count() > 1, Charge.state != ChargeState.SETTLED.value))
        .limit(SHOWN)
    )
    return [f"{business}: charge {charge} took money and how often?" for business, charge in rows]


def every_try_was_announced_and_allowed(session: Session) -> list[str]:
    """A charge is tried after its notice and the time to object, within its mandate, unrevoked."""
    same = and_(Charge.business == Attempt.business, Charge.id == Attempt.charge_id)
    consent = and_(Mandate.business == Charge.business, Mandate.id == Charge.mandate_id)
    rows = session.execute(
        select(Attempt.business, Attempt.id)
        .join(Charge, same)
        .join(Mandate, consent)
        .where(
            Attempt.act == Act.CONFIRM.value,
            or_(
                and_(Charge.noticed_at.is_(None), Charge.taken_by.is_(None)),
                Mandate.customer_id != Charge.customer_id,
                Mandate.currency != Charge.currency,
                Mandate.per_charge_minor < Charge.amount_minor,
                Mandate.revoked_at < Attempt.begun_at,
                Mandate.stopped_at < Attempt.begun_at,
                Mandate.given_at > Attempt.begun_at,
            ),
        )
        .limit(SHOWN)
    )
    early = _tried_too_early(session)
    return [f"{business}: {attempt} was not allowed." for business, attempt in rows] + early


def no_month_takes_more_than_its_consent(session: Session) -> list[str]:
    """What was taken on a mandate in a month is not more than its owner agreed to."""
    same = and_(Mandate.business == Charge.business, Mandate.id == Charge.mandate_id)
    rows = session.execute(
        select(Charge.business, Charge.mandate_id, Charge.due_on, func.sum(Charge.amount_minor))
        .add_columns(Mandate.per_month_minor)
        .join(Mandate, same)
        .where(Charge.state == ChargeState.SETTLED.value, Mandate.per_month_minor.is_not(None))
        .group_by(Charge.business, Charge.mandate_id, Charge.due_on, Mandate.per_month_minor)
    )
    taken: dict[tuple[str, str, str], int] = {}
    found = set()
    for business, mandate, day, minor, most in rows:
        about = (business, mandate, f"{day:%Y-%m}")
        taken[about] = taken.get(about, 0) + int(minor)
        if taken[about] > most:
            found.add(f"{business}: {mandate} was charged more in {day:%Y-%m} than agreed.")
    return sorted(found)[:SHOWN]


def no_card_is_tried_too_often(session: Session) -> list[str]:
    """Tries of a card stay under our caps in any day and in any thirty; see retrying.py."""
    caps = Caps()
    rows = session.execute(
        select(Attempt.business, Attempt.fingerprint, Attempt.charge_id, Attempt.begun_at)
        .where(
            Attempt.act == Act.CONFIRM.value,
            or_(Attempt.outcome.in_(_TRIED), Attempt.outcome.is_(None)),
        )
        .order_by(Attempt.begun_at)
    ).all()
    tries: dict[tuple[str, str], list[object]] = {}
    found = []
    for business, fingerprint, charge, at in rows:
        limits = (
            (f"card {fingerprint}", _DAY, caps.per_card_per_day),
            (f"card {fingerprint}", 30 * _DAY, caps.per_card_per_30_days),
            (f"charge {charge}", _DAY, caps.per_charge_per_day),
            (f"charge {charge}", 365 * _DAY, caps.per_charge),
        )
        for name, window, most in limits:
            times = tries.setdefault((business, f"{name} {window.days}"), [])
            times.append(at)
            if sum(1 for one in times if isinstance(one, type(at)) and one > at - window) > most:
                found.append(f"{business}: {name} was tried too often in {window.days} days.")
    return found[:SHOWN]


def what_ended_has_nothing_open(session: Session) -> list[str]:
    """A charge that has ended waits for no call and holds no lane, and only those have an end."""
    waiting = exists().where(
        Attempt.business == Charge.business,
        Attempt.charge_id == Charge.id,
        Attempt.ended_at.is_(None),
    )
    holding = exists().where(Lane.business == Charge.business, Lane.holder == Charge.id)
    ended = Charge.state.in_(
        [
            ChargeState.SETTLED.value,
            ChargeState.CANCELLED.value,
            ChargeState.NEEDS_CUSTOMER.value,
        ]
    )
    rows = session.execute(
        select(Charge.business, Charge.id)
        .where(or_(and_(ended, or_(waiting, holding)), ended != Charge.ended_at.is_not(None)))
        .limit(SHOWN)
    )
    return [f"{business}: charge {charge} ended, or did it?" for business, charge in rows]


def _tried_too_early(session: Session) -> list[str]:
    same = and_(Charge.business == Attempt.business, Charge.id == Attempt.charge_id)
    rows = session.execute(
        select(Attempt.business, Attempt.id, Attempt.begun_at, Charge.noticed_at)
        .join(Charge, same)
        .where(Attempt.act == Act.CONFIRM.value, Charge.noticed_at.is_not(None))
    )
    return [
        f"{business}: {attempt} came within a day of its notice."
        for business, attempt, begun_at, noticed_at in rows
        if noticed_at is not None and begun_at < noticed_at + _DAY
    ][:SHOWN]


INVARIANTS: tuple[Callable[[Session], list[str]], ...] = (
    a_settled_charge_has_one_payment,
    no_item_is_charged_twice_at_once,
    a_charge_asks_one_thing_at_a_time,
    a_charge_succeeds_once,
    every_try_was_announced_and_allowed,
    no_month_takes_more_than_its_consent,
    no_card_is_tried_too_often,
    what_ended_has_nothing_open,
)
