"""Whether a stored card can be promised a payment, before anybody is asked for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from worker import credits, invoices
from worker.autocharge import records
from worker.autocharge.model import Mandate
from worker.autocharge.planning import chosen, forbidden
from worker.autocharge.terms import Terms
from worker.credits import CreditRequest
from worker.customers import Customer
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Promise:
    """What a card is to pay, and on which day.

    `request_id`: of a draft that is to go out. It does not count against itself, and only what is
    out already counts against it, or two drafts would stand in each other's way.
    """

    amount: Money
    contract: str | None
    on: date
    request_id: str | None = None


def why_no_card(session: Session, customer: Customer, promise: Promise, terms: Terms) -> str | None:
    """Why no stored card of the customer can be charged an amount on a day; None when one can."""
    amount, on, business = promise.amount, promise.on, BusinessKey(customer.business)
    if not customer.pay_links:
        return "The customer pays by bank transfer."
    if terms.largest is not None and terms.largest.currency != amount.currency:
        return f"The largest amount to charge is set in {terms.largest.currency} only."
    if terms.largest is not None and amount > terms.largest:
        return f"{amount} is above {terms.largest}, the most that is charged by itself."
    found = records.mandates_of(session, business, {customer.id})
    given = [one for one in found.get(customer.id, ()) if one.revoked_at is None]
    mandate = chosen(given, promise.contract, amount.currency)
    if mandate is None:
        return "No stored card with a consent in force covers it."
    used = 0
    if mandate.per_month_minor is not None:
        used = _charged(session, mandate, on) + _promised(session, given, mandate, promise)
    return forbidden(mandate, amount, used, on)


def _charged(session: Session, mandate: Mandate, on: date) -> int:
    business, month = BusinessKey(mandate.business), on.replace(day=1)
    used = records.used_by_month(session, business, [mandate.id], month)
    return used.get((mandate.id, f"{on:%Y-%m}"), 0)


def _promised(session: Session, given: list[Mandate], mandate: Mandate, promise: Promise) -> int:
    """What other requests of that month are to take from the mandate, and no charge takes yet."""
    business, month = BusinessKey(mandate.business), (promise.on.year, promise.on.month)
    waiting = [
        one
        for one in credits.by_card(session, business, mandate.customer_id, mandate.currency)
        if one.id != promise.request_id
        and (one.due_on.year, one.due_on.month) == month
        and (one.item_id is not None or promise.request_id is None)
        and chosen(given, one.contract, one.currency) is mandate
    ]
    out = [one.item_id for one in waiting if one.item_id is not None]
    charged = records.of_items(session, business, out) if out else {}
    return sum(
        _still_asked(session, business, one)
        for one in waiting
        if one.item_id is None or one.item_id not in charged
    )


def _still_asked(session: Session, business: BusinessKey, request: CreditRequest) -> int:
    item = invoices.by_id(session, business, request.item_id) if request.item_id else None
    if item is None:
        return request.amount_minor
    return max(0, invoices.still_to_pay(session, item).minor)
