"""Customers and contacts on file, and how their names are compared."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OTHER, zoo
from worker import customers
from worker.customers import Details
from worker.customers.naming import name_key, vat_key
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.mail import Address

HER = Address.parse("Her@Zoo.example")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Zoo AG", "ZOO  ag", True),
        ("Müller & Söhne", "Muller, Sohne", True),
        ("Acme, Inc.", "Acme Inc", True),
        ("Acme Ltd", "Acme GmbH", False),
        ("株式会社", "株式会社", True),
        ("株式会社", "有限会社", False),
        ("—", "!", False),
    ],
)
def test_names_are_compared_as_people_do(one: str, other: str, *, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


def test_vat_ids_are_compared_without_spaces() -> None:
    assert vat_key("de 123.456 789") == "DE123456789"


def test_the_same_number_and_name_is_the_same_customer(session: Session) -> None:
    first = zoo(session)
    again = customers.add(session, ACME, Details("zoo ag", " 7 "), by="test", at=AT)
    assert again is first


def test_a_number_is_not_given_twice(session: Session) -> None:
    zoo(session)
    with pytest.raises(Refused, match="taken"):
        customers.add(session, ACME, Details("Park", "7"), by="test", at=AT)


def test_two_businesses_may_use_the_same_number(session: Session) -> None:
    first = zoo(session)
    second = customers.add(session, OTHER, Details("Park", "7"), by="test", at=AT)
    assert customers.by_number(session, ACME, "7") is first
    assert customers.by_number(session, OTHER, "7") is second


def test_a_customer_is_found_by_name_number_and_vat_id(session: Session) -> None:
    customer = zoo(session)
    assert customers.by_number(session, ACME, " 7 ") is customer
    assert list(customers.named(session, ACME, "ZOO, AG.")) == [customer]
    assert list(customers.with_vat_id(session, ACME, "DE123")) == [customer]
    assert list(customers.everyone(session, OTHER)) == []


def test_an_address_is_on_file_once_in_whatever_case(session: Session) -> None:
    customer = zoo(session, address=None)
    first = customers.add_contact(session, customer, HER, by="test", at=AT)
    again = Address.parse("her@zoo.example")

    assert customers.add_contact(session, customer, again, by="test", at=AT) is first
    assert first.address == "Her@zoo.example"


def test_a_suppressed_address_gets_nothing_until_it_is_filed_again(session: Session) -> None:
    customer = zoo(session)
    assert customers.suppress(session, ACME, "PAY@zoo.example", because="5.1.1", at=AT) == 1
    assert list(customers.billing_contacts(session, ACME, customer.id)) == []

    filed = customers.add_contact(
        session, customer, Address.parse("pay@zoo.example"), by="ann", at=AT
    )
    assert list(customers.billing_contacts(session, ACME, customer.id)) == [filed]


def test_locking_somebody_who_is_not_on_file_is_an_error(session: Session) -> None:
    with pytest.raises(PermanentError, match="not on file"):
        customers.lock(session, ACME, "cus_nobody")
