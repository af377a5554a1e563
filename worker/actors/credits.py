"""Credit requests: drafting with the card asked first, raising, and what follows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from worker import autocharge, businesses, credits, customers, invoices, paylinks, payments, review
from worker.actors.shapes import sweep
from worker.app import App
from worker.businesses import Act
from worker.credits import CreditRequest, Days, Origin, Raising, Wish
from worker.customers import Customer
from worker.kernel.clock import day_in
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, total
from worker.readers.answers import Word
from worker.review import Answer, WorkItem


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody wants asked of a customer, as it was said. No day: the business's own.

    `request_id`: of a draft that asks for it already.
    """

    amount: Money
    due_on: date | None = None
    contract: str | None = None
    title: str | None = None
    by_card: bool = True
    request_id: str | None = None


def draft(
    app: App, s: Session, customer: Customer, asking: Asking, origin: Origin, *, at: datetime
) -> CreditRequest:
    """A draft, once it is sure that it can be paid as it says.

    Raises Refused with what stands in the way and what to do about it.
    """
    business = BusinessKey(customer.business)
    today = day_in(app.rules(business).time_zone, at)
    due_on = asking.due_on or today + timedelta(days=app.rules(business).credits.due_days)
    if not customers.billing_contacts(s, business, customer.id):
        raise Refused(
            f"{customer.name} has no address to write to. Put one on file: "
            f"tillmail customers add NAME --number {customer.number or 'NUMBER'} --email ADDRESS"
        )
    if asking.by_card:
        _require_card(app, s, customer, replace(asking, due_on=due_on), at=at)
    wish = Wish(asking.amount, due_on, asking.contract, asking.title, asking.by_card)
    return credits.draft(s, customer, wish, origin, today=today, at=at)


def confirm(app: App, s: Session, request: CreditRequest, *, by: str, at: datetime) -> None:
    """Raise a draft. Its card is asked for again: it may have gone meanwhile."""
    business = BusinessKey(request.business)
    customer = customers.by_id(s, business, request.customer_id)
    if request.by_card and request.item_id is None and customer is not None:
        _require_card(app, s, customer, _asked(request), at=at)
    credits.confirm(s, request, raising(app, business, by, at), at=at)


def end(s: Session, request: CreditRequest, *, by: str, because: str | None, at: datetime) -> None:
    """Ask for no more of a request. Raises Refused while its money may be being taken just now."""
    business = BusinessKey(request.business)
    customers.lock(s, business, request.customer_id)
    item = invoices.by_id(s, business, request.item_id) if request.item_id else None
    if item is not None:
        payments.reserve(s, item, at=at)
    credits.end(s, request, by=by, because=because, at=at)


def raising(app: App, business: BusinessKey, by: str, at: datetime) -> Raising:
    """Who raises a request now, in the business's own terms."""
    rules = app.rules(business)
    return Raising(by, day_in(rules.time_zone, at), rules.credits.number_prefix)


def paid(s: Session, request: CreditRequest) -> Money:
    """What of a request has been paid."""
    if request.item_id is None:
        return request.amount - request.amount
    business = BusinessKey(request.business)
    applied = payments.allocated_to(s, business, request.item_id)
    return total((one.amount for one in applied), request.currency)


@sweep
def draft_planned(app: App, s: Session, at: datetime) -> None:
    """Sweep: what the standing orders want today; raised, or put before somebody first."""
    for business in app.businesses():
        rules = app.rules(business)
        days = Days(rules.time_zone, rules.credits.due_days)
        for request in credits.draft_due(s, business, days, at=at):
            _follow_plan(app, s, request, at=at)


def open_paylink(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link of a credit request that goes out."""
    item = invoices.by_id(s, event.business, event.subject)
    if item is not None:
        paylinks.open_link(s, item, app.link_keys, app.link_life(event.business), at=at)


def end_ways_to_pay(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link and the open page of a credit request that was ended."""
    paylinks.revoke(s, event.business, event.subject, at=at)
    payments.unwanted_checkout(s, event.business, [event.subject])


def ask_for_advance_invoice(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: where VAT falls due with the money, somebody writes the invoice for the advance."""
    if not app.rules(event.business).credits.vat_on_receipt:
        return
    one = payments.allocation(s, event.business, event.subject)
    item = invoices.by_id(s, event.business, one.item_id) if one is not None else None
    if one is None or item is None or one.payment_id is None or one.undone_at is not None:
        return
    question = review.Question(
        kind="advance_invoice",
        subject=one.id,
        text=(
            f"{one.amount} came for credit request {item.number}. VAT is due on it: write an "
            "invoice for the advance, and answer done."
        ),
        evidence={"number": item.number, "total": str(one.amount), "customer": _name(s, item)},
        choices=["done", f"tillmail credits show {item.number}"],
    )
    review.ask(s, event.business, question, at=at)


def answer_draft(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    """A yes or no to a draft, by who may have customers charged. Raises Refused for others."""
    business = BusinessKey(item.business)
    businesses.permit(app.rules(business), answer.by, Act.CHARGE, salesperson=None)
    request = credits.by_id(s, business, item.subject)
    if request is None:
        raise PermanentError(f"Credit request {item.subject} is missing.")
    if Word.NO in answer.words:
        end(s, request, by=answer.by, because="answered no", at=at)
        return "The draft is given up. Nothing was sent.", True
    confirm(app, s, request, by=answer.by, at=at)
    return f"Credit request {request.number} over {request.amount} goes out.", True


def ask_to_confirm(
    s: Session, request: CreditRequest, evidence: Mapping[str, str | None], *, at: datetime
) -> None:
    """Put a draft before a person: a yes sends it. `evidence` adds the mail, or a reason."""
    business = BusinessKey(request.business)
    customer = customers.by_id(s, business, request.customer_id)
    how = "their stored card pays it, after a notice" if request.by_card else "they pay by link"
    question = review.Question(
        kind="credit_request",
        subject=request.id,
        text=(
            f"Ask {customer.name if customer else request.customer_id} for {request.amount} in "
            f"advance, due on {request.due_on}? They are sent a request with a pay link; {how}."
        ),
        evidence={
            "customer": customer.name if customer else None,
            "total": str(request.amount),
            "due_date": request.due_on.isoformat(),
            **evidence,
        },
        choices=["yes", "no", f"tillmail credits confirm {request.id}"],
    )
    review.ask(s, business, question, at=at)


def why_no_card(
    app: App, s: Session, customer: Customer, asking: Asking, *, at: datetime
) -> str | None:
    """Why no stored card of the customer can pay this; None when one can."""
    business = BusinessKey(customer.business)
    terms = autocharge.terms_of(app.rules(business))
    today = day_in(terms.hours.zone, at)
    on = max(asking.due_on or today, today)
    promise = autocharge.Promise(asking.amount, asking.contract, on, asking.request_id)
    return _charging_is_off(app, business) or autocharge.why_no_card(s, customer, promise, terms)


def _require_card(
    app: App, s: Session, customer: Customer, asking: Asking, *, at: datetime
) -> None:
    why = why_no_card(app, s, customer, asking, at=at)
    if why is not None:
        raise Refused(
            f"{customer.name} cannot be charged {asking.amount}: {why} To have it paid by link "
            "instead, say so: --by-link, or link in the column pay_by."
        )


def _charging_is_off(app: App, business: BusinessKey) -> str | None:
    """Why the business charges no cards at all."""
    if not app.rules(business).autocharge.enabled:
        return "Charging is off: set enabled = true under [autocharge] in the business's file."
    try:
        app.stored_cards(business)
    except PermanentError as e:
        return str(e)
    return None


def _follow_plan(app: App, s: Session, request: CreditRequest, *, at: datetime) -> None:
    """Raise a plan's draft, or ask first. Without a card that can pay, it is paid by link."""
    business = BusinessKey(request.business)
    plan = credits.plan(s, business, request.plan_id or "")
    customer = customers.by_id(s, business, request.customer_id)
    if customer is None or plan is None:
        return
    why = why_no_card(app, s, customer, _asked(request), at=at) if request.by_card else None
    request.by_card = request.by_card and why is None
    if plan.asks or not customers.billing_contacts(s, business, customer.id):
        ask_to_confirm(s, request, {"reason": why}, at=at)
        return
    try:
        with s.begin_nested():
            by = request.drafted_by
            credits.confirm(s, request, raising(app, business, by, at), at=at)
    except Refused as e:
        # What stands in the way of one request must not keep all the others from going out.
        ask_to_confirm(s, request, {"reason": str(e)}, at=at)


def _asked(request: CreditRequest) -> Asking:
    return Asking(request.amount, request.due_on, request.contract, request_id=request.id)


def _name(s: Session, item: invoices.Invoice) -> str:
    customer = customers.by_id(s, BusinessKey(item.business), item.customer_id or "")
    return customer.name if customer else ""
