"""`tillmail invoices overdue`: what is past due, and what of it may be urged today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from worker import customers, invoices, payments, remittance, review
from worker.commands.choosing import BusinessOption, JsonOption, at_the_desk
from worker.commands.printing import print_list
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey


def list_overdue(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List what is past due, the longest first: what may be urged today, or why it rests."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        zone = till.rules(key).time_zone
        today = day_in(zone, till.now())
        disputed = _disputed(session, key)
        rows = [
            _row(session, invoice, today, zone, disputed)
            for invoice in invoices.overdue(session, key, on=today)
        ]
        print_list(rows, as_json=as_json, zone=zone, empty="Nothing is past due.")


def _row(
    session: Session, invoice: Invoice, today: date, zone: str, disputed: set[str]
) -> dict[str, Any]:
    key = BusinessKey(invoice.business)
    customer = customers.by_id(session, key, invoice.customer_id or "")
    reasons = list(_resting(session, invoice, today, zone))
    if invoice.number in disputed:
        reasons.append("the customer objects: see tillmail review list")
    return {
        "number": invoice.number,
        "customer": customer.name if customer else None,
        "still_to_pay": invoices.still_to_pay(session, invoice),
        "due_on": invoice.due_on,
        "days": (today - invoice.due_on).days if invoice.due_on else None,
        "may_be_urged": not reasons,
        "rests": "; ".join(reasons) or None,
    }


def _resting(session: Session, invoice: Invoice, today: date, zone: str) -> Iterator[str]:
    """Why nobody should be urged to pay an invoice just now."""
    key = BusinessKey(invoice.business)
    if not invoices.may_be_urged(invoice, today):
        if invoice.rests_since is not None:
            yield f"{invoice.rests_by} wants nothing sent"
        else:
            yield f"promised for {invoice.promised_on}"
    announced = payments.announced_for(session, key, [invoice.id])
    for payment, amount in announced.get(invoice.id, []):
        ends = [a.lapses_at for a in remittance.of_payment(session, key, payment.id) if a.lapses_at]
        until = f" until {day_in(zone, max(ends))}" if ends else ""
        yield f"{amount} is announced{until}"
    if payments.being_paid(session, key, [invoice.id]):
        yield "it is being paid just now"


def _disputed(session: Session, business: BusinessKey) -> set[str]:
    """The numbers of invoices that a customer objects to and nobody has seen to yet."""
    open_ones = review.open_of_kind(session, business, "customer_dispute")
    return {
        number for item in open_ones for number in str(item.evidence.get("invoice")).split(", ")
    }
