"""Which stored card is charged for what, and why not for the rest.

`decide` is pure. A day's planning goes through what is due in pages, each in a transaction of its
own, and keeps where it is: it can be broken off anywhere, and two clocks do it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import store
from worker.autocharge import items, records
from worker.autocharge.items import Item
from worker.autocharge.model import ENDED, INVOICE, Charge, ChargeRun, ChargeState, Mandate
from worker.autocharge.terms import Terms
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.payments import Payment, PaymentState

TOLD_WITH_PAPERS = timedelta(days=31)
PAPERS_GO_WITHIN = timedelta(hours=1)
BY_LINK = "It is to be paid by link: staff asked for no card to be charged."
_WENT_BACK = "It was charged before, and money for it went back: it is to be paid by link."
_EARLIER = "Its card was tried for this and cannot be: another card is needed."


@dataclass(frozen=True, slots=True)
class Planned:
    """One due item: the mandate and day it would be charged on, or why it is not.

    `charge`: the one that was planned for it before, whose day it is then.
    """

    item: Item
    day: date
    mandate: Mandate | None = None
    why_not: str | None = None
    charge: Charge | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """What planning asks of a customer."""

    pay_links: bool
    time_zone: str | None


@dataclass(slots=True)
class Standing:
    """What bears on the items of a page. `used` grows while a page is decided."""

    customers: Mapping[str, Payer]
    mandates: Mapping[str, Sequence[Mandate]]
    charges: Mapping[str, Sequence[Charge]]
    announced: frozenset[str]
    used: dict[tuple[str, str], int] = field(default_factory=dict)


def decide(item: Item, standing: Standing, terms: Terms, *, at: datetime) -> Planned:
    """Whether an item is charged to a stored card now; pure but for counting the month's limit."""
    customer = standing.customers.get(item.customer_id)
    day = charge_day(item, terms, customer, at=at)
    earlier = standing.charges.get(item.id, ())
    live = next((one for one in earlier if ChargeState(one.state) not in ENDED), None)
    why = _why_not(item, customer, terms)
    if live is not None:
        return Planned(item, live.due_on, why_not=why or _at_rest(live), charge=live)
    why = why or _went_back(earlier)
    if why is None and item.customer_id in standing.announced:
        why = "The customer says that money is under way."
    if why is not None:
        return Planned(item, day, why_not=why)
    given = [m for m in standing.mandates.get(item.customer_id, ()) if m.revoked_at is None]
    mandate = chosen(given, item.contract, item.owed.currency)
    if mandate is None:
        return Planned(item, day, why_not="No stored card with a consent in force covers it.")
    used = standing.used.get((mandate.id, f"{day:%Y-%m}"), 0)
    why = forbidden(mandate, item.owed, used, day) or _given_up(earlier, mandate)
    if why is not None:
        return Planned(item, day, why_not=why)
    standing.used[mandate.id, f"{day:%Y-%m}"] = used + item.owed.minor
    return Planned(item, day, mandate)


def charge_day(item: Item, terms: Terms, customer: Payer | None, *, at: datetime) -> date:
    """The day to tell the customer: not before it is due, nor before the time to object is over."""
    hours = terms.hours_in(customer.time_zone if customer else None)
    soonest = day_in(hours.zone, at) + timedelta(days=terms.delay_days)
    return hours.business_days_after(max(soonest, item.due_on), 0)


def chosen(
    mandates: Sequence[Mandate], contract: str | None, currency: str | None = None
) -> Mandate | None:
    """The newest mandate for the item's contract, else the newest for everything; of several
    those in the item's currency."""
    own = [m for m in mandates if contract is not None and contract in m.contracts]
    found = [*own, *(m for m in mandates if not m.contracts)]
    fitting = [m for m in found if currency in (None, m.currency)]
    return next(iter([*fitting, *found]), None)


def forbidden(mandate: Mandate, amount: Money, used_minor: int, day: date) -> str | None:
    """Why a mandate does not allow this amount on this day; None when it does."""
    if mandate.revoked_at is not None:
        return "The consent was revoked."
    if mandate.stopped_at is not None:
        return "The bank wants no more charges on this card: another card is needed."
    if mandate.expires_on is not None and mandate.expires_on < day:
        return f"The card expires on {mandate.expires_on}: another card is needed."
    if mandate.currency != amount.currency:
        return f"The consent is for {mandate.currency}, and {amount} is owed."
    if mandate.per_charge is not None and amount > mandate.per_charge:
        return f"{amount} is above the {mandate.per_charge} that the consent allows at once."
    if mandate.per_month is not None and used_minor + amount.minor > mandate.per_month.minor:
        return f"With {amount} more, the month would be above {mandate.per_month}."
    return None


def standing_of(
    session: Session, business: BusinessKey, found: Sequence[Item], *, at: datetime
) -> Standing:
    """All that is known around these items, in a handful of queries."""
    who = {item.customer_id for item in found}
    mandates = records.mandates_of(session, business, who)
    limited = [m.id for of in mandates.values() for m in of if m.per_month_minor is not None]
    # Most have none: to look for so many among many charges would take longer than all the rest.
    planned = [item.id for item in found if item.was_planned]
    month = at.date().replace(day=1)
    people = session.execute(
        select(Customer.id, Customer.pay_links, Customer.time_zone).where(
            Customer.business == business, store.among(Customer.id, who)
        )
    )
    claimed = session.scalars(
        select(Payment.customer_id).where(
            Payment.business == business,
            store.among(Payment.customer_id, who),
            Payment.state.in_([PaymentState.ANNOUNCED.value, PaymentState.PENDING.value]),
        )
    )
    return Standing(
        customers={one.id: Payer(one.pay_links, one.time_zone) for one in people},
        mandates=mandates,
        charges=records.of_items(session, business, planned) if planned else {},
        announced=frozenset(one for one in claimed if one),
        used=records.used_by_month(session, business, limited, month) if limited else {},
    )


def preview(
    session: Session, business: BusinessKey, terms: Terms, *, at: datetime
) -> Iterator[Planned]:
    """What planning would do at an instant, and why not for the rest; writes nothing."""
    after: str | None = ""
    while after is not None:
        page = items.page(session, business, until=_until(terms, at), after=after, with_card=False)
        standing = standing_of(session, business, page.items, at=at)
        yield from (decide(item, standing, terms, at=at) for item in page.items)
        after = page.after


def plan_some(
    session: Session, business: BusinessKey, terms: Terms, *, again: bool = False, at: datetime
) -> bool:
    """Plan the next page of today's run; whether there is more. `again`: also when it is done."""
    day = day_in(terms.hours.zone, at)
    if not terms.is_on or records.pause(session, business) is not None:
        return False
    if not again and not (terms.hours.works_on(day) and at >= terms.hours.opens(day)):
        return False
    store.insert_once(session, ChargeRun, _new_run(business, day, at))
    run = records.run(session, business, day)
    if run is None:
        return False
    if run.ended_at is not None:
        if not again:
            return False
        run.ended_at, run.after = None, ""
    return _plan_page(session, run, terms, at=at)


def _plan_page(session: Session, run: ChargeRun, terms: Terms, *, at: datetime) -> bool:
    business = BusinessKey(run.business)
    until = _until(terms, at)
    page = items.page(session, business, until=until, after=run.after, with_card=True)
    standing = standing_of(session, business, page.items, at=at)
    decided = [decide(item, standing, terms, at=at) for item in page.items]
    rows = [_row(business, one, one.mandate, at=at) for one in decided if one.mandate is not None]
    store.insert_many(session, Charge, rows)
    run.looked_at += len(decided)
    run.planned += len(rows)
    run.after = page.after or run.after
    run.ended_at = at if page.after is None else None
    session.flush()
    # What the page has read is not kept in memory while the next one is planned.
    session.expunge_all()
    return page.after is not None


def plan_one(session: Session, invoice: Invoice, terms: Terms, *, at: datetime) -> Charge | None:
    """The charge of an item whose papers go out now, for them to be its notice; None where no card
    is to be charged, or not so soon that one mail may tell of it."""
    business = BusinessKey(invoice.business)
    if not terms.is_on or records.pause(session, business) is not None:
        return None
    item = items.of_invoice(session, invoice)
    if not item.owed.is_positive or item.due_on > day_in(terms.hours.zone, at) + TOLD_WITH_PAPERS:
        return None
    planned = decide(item, standing_of(session, business, [item], at=at), terms, at=at)
    if planned.mandate is None:
        return None
    # Should the papers not go out by then, the charge has a notice of its own.
    row = _row(business, planned, planned.mandate, at=at) | {"due_at": at + PAPERS_GO_WITHIN}
    charge = Charge(**row)
    session.add(charge)
    session.flush()
    return charge


def _until(terms: Terms, at: datetime) -> date:
    """Due by then: so that the notice is given, and its time is over, on the day it is due."""
    return day_in(terms.hours.zone, at) + timedelta(days=terms.delay_days)


def _why_not(item: Item, customer: Payer | None, terms: Terms) -> str | None:
    if customer is None:
        return "Its customer is not on file."
    if not customer.pay_links:
        return "The customer pays by bank transfer."
    if item.rests:
        return "Staff let it rest."
    if not item.by_card:
        return BY_LINK
    if item.kind == INVOICE and not terms.invoices:
        return "The business charges credit requests alone, not invoices."
    if terms.largest is not None and terms.largest.currency != item.owed.currency:
        return f"The largest amount to charge is set in {terms.largest.currency} only."
    if terms.largest is not None and item.owed > terms.largest:
        return f"{item.owed} is above {terms.largest}, the most that is charged by itself."
    return None


def _at_rest(charge: Charge) -> str | None:
    """Why a charge that was planned is not made, as things stand."""
    if charge.state in (ChargeState.HELD, ChargeState.ENDING):
        return f"Charge {charge.id} is {charge.state}: {charge.because or charge.held_by or ''}"
    return None


def _went_back(earlier: Sequence[Charge]) -> str | None:
    # Owed again, the money went back: by a refund, or by a dispute, which another charge invites.
    return _WENT_BACK if any(one.state == ChargeState.SETTLED for one in earlier) else None


def _given_up(earlier: Sequence[Charge], mandate: Mandate) -> str | None:
    for one in reversed(earlier):
        if one.is_last and one.mandate_id == mandate.id and not _is_mended(one, mandate):
            return one.because or _EARLIER
    return None


def _is_mended(charge: Charge, mandate: Mandate) -> bool:
    """Whether the card was replaced since it was declined; what somebody stopped stays stopped."""
    updated_at, ended_at = mandate.card_updated_at, charge.ended_at
    was_stopped = charge.held_by is not None
    return bool(not was_stopped and updated_at and ended_at and updated_at > ended_at)


def _new_run(business: BusinessKey, day: date, at: datetime) -> dict[str, Any]:
    return {
        "business": business,
        "day": day,
        "begun_at": at,
        "after": "",
        "looked_at": 0,
        "planned": 0,
    }


def _row(
    business: BusinessKey, planned: Planned, mandate: Mandate, *, at: datetime
) -> dict[str, Any]:
    item = planned.item
    return {
        "business": business,
        "id": new_id("chg"),
        "item_kind": item.kind,
        "item_id": item.id,
        "customer_id": item.customer_id,
        "mandate_id": mandate.id,
        "state": ChargeState.PLANNED.value,
        "currency": item.owed.currency,
        "amount_minor": item.owed.minor,
        "planned_at": at,
        "due_on": planned.day,
        "due_at": at,
        "looks": 0,
        "is_last": False,
    }
