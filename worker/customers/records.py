"""Who is on file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import store
from worker.customers.model import Contact, Contract, Customer
from worker.customers.naming import name_key, vat_key
from worker.kernel.ids import BusinessKey


def by_id(session: Session, business: BusinessKey, customer_id: str) -> Customer | None:
    """One customer."""
    return store.get(session, Customer, business, customer_id)


def by_number(session: Session, business: BusinessKey, number: str) -> Customer | None:
    """Who has this customer number."""
    return store.one(session, Customer, business=business, number=number.strip())


def with_vat_id(session: Session, business: BusinessKey, vat_id: str) -> Sequence[Customer]:
    """Who has this VAT id; groups of companies may share one."""
    about = {"business": business, "vat_id": vat_key(vat_id)}
    return store.every(session, Customer, order="id", **about)


def named(session: Session, business: BusinessKey, name: str) -> Sequence[Customer]:
    """Who bears this name."""
    return store.every(session, Customer, order="id", business=business, name_key=name_key(name))


def everyone(session: Session, business: BusinessKey) -> Sequence[Customer]:
    """All customers by name."""
    return session.scalars(
        select(Customer).where(Customer.business == business).order_by(Customer.name)
    ).all()


def contact(session: Session, business: BusinessKey, contact_id: str) -> Contact | None:
    """One contact."""
    return store.get(session, Contact, business, contact_id)


def contacts_of(session: Session, business: BusinessKey, customer_id: str) -> Sequence[Contact]:
    """A customer's contacts, the first on file first."""
    about = {"business": business, "customer_id": customer_id}
    return store.every(session, Contact, order="added_at, id", **about)


def billing_contacts(
    session: Session, business: BusinessKey, customer_id: str
) -> Sequence[Contact]:
    """Contacts that invoices may go to."""
    contacts = contacts_of(session, business, customer_id)
    return [c for c in contacts if c.is_billing and c.suppressed_at is None]


def contact_at(
    session: Session, business: BusinessKey, customer_id: str, address: str
) -> Contact | None:
    """The customer's contact with this address."""
    about = {"business": business, "customer_id": customer_id}
    return store.one(session, Contact, address_key=address.lower(), **about)


def contacts_at(session: Session, business: BusinessKey, address: str) -> Sequence[Contact]:
    """Every contact with this address."""
    about = {"business": business, "address_key": address.lower()}
    return store.every(session, Contact, order="id", **about)


def contract(
    session: Session, business: BusinessKey, customer_id: str, number: str
) -> Contract | None:
    """One contract on file."""
    return store.get(session, Contract, business, customer_id, number)


def contracts_of(session: Session, business: BusinessKey, customer_id: str) -> Sequence[Contract]:
    """A customer's contracts on file, those that ended included."""
    about = {"business": business, "customer_id": customer_id}
    return store.every(session, Contract, order="number", **about)
