"""Putting customers and their contacts on file; the customer lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import store
from worker.customers import records
from worker.customers.model import Contact, Customer
from worker.customers.naming import name_key, number_key, vat_key
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.mail import Address


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a customer when it is put on file."""

    name: str
    number: str | None = None
    vat_id: str | None = None
    language: str | None = None
    time_zone: str | None = None


def add(
    session: Session, business: BusinessKey, details: Details, *, by: str, at: datetime
) -> Customer:
    """The customer on file; refused when the number is taken by another name."""
    number = number_key(details.number) if details.number else None
    there = records.by_number(session, business, number) if number else None
    if there is not None:
        if there.name_key != name_key(details.name):
            raise Refused(f"Customer number {number} is taken. Give this customer another one.")
        return there
    customer = Customer(
        business=business,
        id=new_id("cus"),
        number=number,
        name=details.name.strip(),
        name_key=name_key(details.name),
        vat_id=vat_key(details.vat_id) if details.vat_id else None,
        language=details.language,
        time_zone=details.time_zone,
        added_at=at,
        added_by=by,
    )
    session.add(customer)
    session.flush()
    return customer


def add_contact(
    session: Session, customer: Customer, address: Address, *, by: str, at: datetime
) -> Contact:
    """The contact on file with this address; adding it again lifts a suppression."""
    there = records.contact_at(session, BusinessKey(customer.business), customer.id, address.key)
    if there is not None:
        there.suppressed_at = None
        there.suppressed_because = None
        return there
    contact = Contact(
        business=customer.business,
        id=new_id("con"),
        customer_id=customer.id,
        address=str(address),
        address_key=address.key,
        added_at=at,
        added_by=by,
    )
    session.add(contact)
    session.flush()
    return contact


def pay_by_link(session: Session, customer: Customer, *, wanted: bool) -> None:
    """Whether what this customer is sent carries pay links, from now on."""
    lock(session, BusinessKey(customer.business), customer.id).pay_links = wanted


def say_kind(session: Session, customer: Customer, kind: str) -> None:
    """Whether this customer is a consumer or a business, whatever their VAT number says."""
    lock(session, BusinessKey(customer.business), customer.id).kind = kind


def assign(session: Session, customer: Customer, salesperson: str | None) -> None:
    """Say whose customer this is: the address of a member of staff, or nobody's."""
    locked = lock(session, BusinessKey(customer.business), customer.id)
    locked.salesperson = salesperson


def suppress(
    session: Session, business: BusinessKey, address: str, *, because: str, at: datetime
) -> int:
    """Write no more to this address; gives how many contacts that touches."""
    contacts = records.contacts_at(session, business, address)
    for contact in contacts:
        contact.suppressed_at = contact.suppressed_at or at
        contact.suppressed_because = contact.suppressed_because or because
    return len(contacts)


def lock_all(session: Session, business: BusinessKey, customer_ids: Iterable[str]) -> None:
    """As `lock`, for many: their rows are locked in the order of their ids."""
    wanted = set(customer_ids)
    missing = wanted - store.lock_all(session, Customer, business, wanted).keys()
    if missing:
        raise PermanentError(f"Customer {min(missing)} is not on file.")


def lock(session: Session, business: BusinessKey, customer_id: str) -> Customer:
    """The customer's row, locked to the end of the transaction.

    Every money verb takes this lock first, then items by id, then the payment.
    """
    customer = store.lock(session, Customer, business, customer_id)
    if customer is None:
        raise PermanentError(f"Customer {customer_id} is not on file.")
    return customer
