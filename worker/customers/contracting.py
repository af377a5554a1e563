"""Contracts of a customer: put on file by staff, or known from what their invoices name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.customers import records
from worker.customers.filing import lock
from worker.customers.model import Contract, Customer
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey

_LONGEST = 100


def add_contract(
    session: Session, customer: Customer, number: str, title: str | None, *, by: str, at: datetime
) -> Contract:
    """The contract on file, in force; adding it again brings it back and renames it."""
    number = number.strip()
    if not number or len(number) > _LONGEST or not number.isprintable():
        raise Refused(f"A contract's number has 1 to {_LONGEST} letters or digits.")
    business = BusinessKey(customer.business)
    lock(session, business, customer.id)
    there = records.contract(session, business, customer.id, number)
    if there is not None:
        there.ended_at = there.ended_by = None
        there.title = title or there.title
        return there
    contract = Contract(
        business=business,
        customer_id=customer.id,
        number=number,
        title=title,
        added_at=at,
        added_by=by,
    )
    session.add(contract)
    session.flush()
    return contract


def end_contract(
    session: Session, customer: Customer, number: str, *, by: str, at: datetime
) -> None:
    """Write down that a contract has ended: nothing is assigned to it any more."""
    business = BusinessKey(customer.business)
    lock(session, business, customer.id)
    found = records.contract(session, business, customer.id, number.strip())
    if found is None:
        # Known from invoices alone: put on file, so that it stays ended.
        found = add_contract(session, customer, number, None, by=by, at=at)
    found.ended_at, found.ended_by = at, by
