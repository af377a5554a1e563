"""A credit request's life: drafted, confirmed and raised with a number, or ended.

Whether a stored card may pay it is for `autocharge` to say, above this room: callers ask it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from worker import customers, invoices, review, store
from worker.credits import records
from worker.credits.model import CreditRequest, Source
from worker.customers import Customer
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import CreditRequestEnded, CreditRequestRaised
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.store import tell


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer is to be asked for. `by_card`: a stored card may pay it when it is due."""

    amount: Money
    due_on: date
    contract: str | None = None
    title: str | None = None
    by_card: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """Who or what wants it. The same `key` never drafts twice."""

    source: Source
    key: str
    by: str
    plan_id: str | None = None


@dataclass(frozen=True, slots=True)
class Raising:
    """Who confirms, on which day of the business, and what its numbers begin with."""

    by: str
    today: date
    number_prefix: str


def draft(
    session: Session, customer: Customer, wish: Wish, origin: Origin, *, today: date, at: datetime
) -> CreditRequest:
    """The draft of this origin: made now, or the one that is there.

    Raises Refused when nobody can be asked like this.
    """
    business = BusinessKey(customer.business)
    customers.lock(session, business, customer.id)
    there = records.request_of(session, business, origin.key)
    if there is not None:
        return there
    if not wish.amount.is_positive:
        raise Refused(f"{wish.amount} cannot be asked for: an amount is more than nothing.")
    if wish.due_on < today:
        raise Refused(f"{wish.due_on} is in the past: give a day from {today} on.")
    request = _row(customer, wish, origin, at=at)
    session.add(request)
    session.flush()
    return request


def confirm(session: Session, request: CreditRequest, raising: Raising, *, at: datetime) -> None:
    """Raise a draft: from now on the customer is asked for it, under a number without a gap.

    Raises Refused when it was raised or ended before, or when nobody can be written to.
    """
    business = BusinessKey(request.business)
    customer = customers.lock(session, business, request.customer_id)
    locked = store.lock(session, CreditRequest, business, request.id)
    if locked is None or locked.ended_at is not None:
        raise Refused(f"Credit request {request.number or request.id} was ended.")
    if locked.item_id is not None:
        raise Refused(f"Credit request {locked.number} is out already.")
    contacts = customers.billing_contacts(session, business, customer.id)
    if not contacts:
        raise Refused(
            f"{customer.name} has no address to write to. Put one on file: "
            "tillmail customers add NAME --number NUMBER --email ADDRESS"
        )
    _raise(session, request, customer, contacts[0].address, raising, at=at)
    review.settle(session, business, request.id, answer="confirmed", by=raising.by, at=at)


def end(
    session: Session, request: CreditRequest, *, by: str, because: str | None, at: datetime
) -> Money:
    """Ask for no more of it; what was paid of it stays on the balance. Gives what was still open.

    Raises Refused when it was ended before.
    """
    business = BusinessKey(request.business)
    customers.lock(session, business, request.customer_id)
    locked = store.lock(session, CreditRequest, business, request.id)
    if locked is None or locked.ended_at is not None:
        raise Refused(f"Credit request {request.number or request.id} was ended before.")
    request.ended_at, request.ended_by, request.ended_because = at, by, because
    review.settle(session, business, request.id, answer="ended", by=by, at=at)
    if request.item_id is None:
        return request.amount
    item = invoices.lock(session, business, request.item_id)
    if item is None:
        raise PermanentError(f"Item {request.item_id} is missing.")
    rest = invoices.end_prepayment(session, item, at=at)
    tell(session, CreditRequestEnded(business, item.id))
    return rest


def _raise(
    session: Session,
    request: CreditRequest,
    customer: Customer,
    recipient: str,
    raising: Raising,
    *,
    at: datetime,
) -> None:
    business = BusinessKey(request.business)
    row = records.last_number(session, business)
    row.last += 1
    request.sequence = row.last
    request.number = f"{raising.number_prefix}{row.last:05d}"
    asked = invoices.Prepayment(
        origin=request.id,
        number=request.number,
        amount=request.amount,
        recipient=recipient,
        issue_on=raising.today,
        due_on=max(request.due_on, raising.today),
        contract=request.contract,
        title=request.title,
    )
    item = invoices.ask_to_prepay(session, customer, asked, at=at)
    request.item_id, request.confirmed_at, request.confirmed_by = item.id, at, raising.by
    session.flush()
    tell(session, CreditRequestRaised(business, item.id))


def _row(customer: Customer, wish: Wish, origin: Origin, *, at: datetime) -> CreditRequest:
    return CreditRequest(
        business=customer.business,
        id=new_id("crq"),
        customer_id=customer.id,
        currency=wish.amount.currency,
        amount_minor=wish.amount.minor,
        due_on=wish.due_on,
        contract=wish.contract,
        title=wish.title,
        by_card=wish.by_card,
        source=origin.source.value,
        source_key=origin.key,
        plan_id=origin.plan_id,
        drafted_at=at,
        drafted_by=origin.by,
    )
