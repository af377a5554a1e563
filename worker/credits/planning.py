"""Standing orders: who is asked for credit again and again, and whose request is due today.

`is_due` and `next_day` are pure. A day's request of a plan is drafted once, however many clocks
tick, and a day that nobody ticked is caught up.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from worker import customers, ledger
from worker.credits import records
from worker.credits.model import CreditPlan, CreditRequest, Source
from worker.credits.requesting import Origin, Wish, draft
from worker.customers import Customer
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.ledger import Account


@dataclass(frozen=True, slots=True)
class Order:
    """What staff order: an amount on a day of each month, or whenever the balance is below."""

    amount: Money
    by: str
    day_of_month: int | None = None
    below: Money | None = None
    per_month: Money | None = None
    contract: str | None = None
    by_card: bool = True
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The business's day, its zone, and how long a customer has to pay."""

    zone: str
    due_days: int


def set_plan(
    session: Session, customer: Customer, order: Order, *, today: date, at: datetime
) -> CreditPlan:
    """The plan from now on. Raises Refused for an order that says too much or too little."""
    if (order.day_of_month is None) == (order.below is None):
        raise Refused("Say either the day of the month, or the balance below which to ask.")
    if not order.amount.is_positive:
        raise Refused(f"{order.amount} cannot be asked for: an amount is more than nothing.")
    if order.below is not None and not order.below.is_positive:
        raise Refused(f"No balance is ever below {order.below}: name what should always be there.")
    if order.below is not None and order.per_month is None:
        raise Refused("Asking by the balance needs a limit for the month: --per-month AMOUNT.")
    if order.per_month is not None and order.per_month < order.amount:
        raise Refused(f"{order.per_month} in a month is less than one request of {order.amount}.")
    plan = CreditPlan(
        business=customer.business,
        id=new_id("cpl"),
        customer_id=customer.id,
        currency=order.amount.currency,
        amount_minor=order.amount.minor,
        day_of_month=order.day_of_month,
        below_minor=order.below.minor if order.below is not None else None,
        per_month_minor=order.per_month.minor if order.per_month is not None else None,
        contract=order.contract,
        by_card=order.by_card,
        asks=order.asks,
        next_on=next_day(order.day_of_month, today) if order.day_of_month else None,
        set_at=at,
        set_by=order.by,
    )
    session.add(plan)
    session.flush()
    return plan


def end_plan(session: Session, plan: CreditPlan, *, by: str, at: datetime) -> None:
    """Draft nothing more for it; what is out stays out."""
    session.refresh(plan, with_for_update=True)
    if plan.ended_at is not None:
        raise Refused(f"Plan {plan.id} has ended already.")
    plan.ended_at, plan.ended_by = at, by


def draft_due(
    session: Session, business: BusinessKey, days: Days, *, at: datetime
) -> Sequence[CreditRequest]:
    """Draft what the plans in force want today; gives the new drafts."""
    today = day_in(days.zone, at)
    drafted: list[CreditRequest] = []
    in_force = records.plans(session, business)
    customers.lock_all(session, business, (plan.customer_id for plan in in_force))
    for plan in in_force:
        customer = customers.lock(session, business, plan.customer_id)
        if plan.next_on is not None and plan.next_on > today:
            continue
        day = plan.next_on or today
        if plan.next_on is not None and plan.day_of_month is not None:
            plan.next_on = next_day(plan.day_of_month, today + timedelta(days=1))
        asked = records.asked_since(session, plan, _month_begins(days.zone, today))
        if records.drafted_on(session, plan, day) or not has_room(plan, asked):
            continue
        if plan.below is not None and not is_due(plan, _foreseen(session, plan)):
            continue
        due_on = today + timedelta(days=days.due_days)
        wish = Wish(plan.amount, due_on, plan.contract, by_card=plan.by_card)
        source = Source.SCHEDULE if plan.below is None else Source.THRESHOLD
        origin = Origin(source, records.key_of(plan, day), f"plan of {plan.set_by}", plan.id)
        drafted.append(draft(session, customer, wish, origin, today=today, at=at))
    return drafted


def has_room(plan: CreditPlan, asked: Money) -> bool:
    """Whether one more request stays within the month's limit."""
    return plan.per_month is None or asked + plan.amount <= plan.per_month


def is_due(plan: CreditPlan, foreseen: Money) -> bool:
    """Whether the balance, with all that is being asked for, is below the plan's threshold."""
    return plan.below is not None and foreseen < plan.below


def next_day(day_of_month: int, on: date) -> date:
    """The first such day from `on` on; in a shorter month its last."""
    found = _day_of(on.year, on.month, day_of_month)
    if found >= on:
        return found
    year, month = (on.year + 1, 1) if on.month == 12 else (on.year, on.month + 1)
    return _day_of(year, month, day_of_month)


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _foreseen(session: Session, plan: CreditPlan) -> Money:
    """The balance as it is, and as it will be when everything asked for is paid."""
    business, who, code = BusinessKey(plan.business), plan.customer_id, plan.currency
    held = ledger.held_for_customer(session, business, Account.CUSTOMER_BALANCE, who, code)
    return -held + records.asked_of(session, business, who, code)


def _month_begins(zone: str, today: date) -> datetime:
    first = datetime.combine(today.replace(day=1), time(0), ZoneInfo(zone))
    return first.astimezone(UTC)
