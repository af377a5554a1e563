"""Rules of a business, its row, and its published templates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OTHER
from worker import businesses
from worker.businesses import MailRules, Role, Rules, Staff
from worker.kernel.money import Money

ANN = Staff(name="Ann", address="Ann@acme.example", roles=(Role.FINANCE,))
BOB = Staff(name="Bob", address="bob@acme.example", roles=(Role.SALES,))
MAIL = MailRules(from_address="billing@acme.example")


def _rules(**changes: object) -> Rules:
    facts = {"key": "acme", "name": "Acme", "mail": MAIL} | changes
    return Rules.model_validate(facts)


def test_enrolling_twice_is_enrolling_once(session: Session) -> None:
    businesses.enrol(session, ACME, at=AT)
    assert businesses.everyone(session) == [ACME, OTHER]


def test_the_newest_set_is_in_force_and_each_business_has_its_own(session: Session) -> None:
    old = businesses.publish(session, ACME, {"a.html": b"1"}, at=AT)
    new = businesses.publish(session, ACME, {"a.html": b"2"}, at=AT + timedelta(seconds=1))

    assert businesses.newest_set(session, ACME) == new.sha256
    assert businesses.newest_set(session, OTHER) is None
    assert businesses.files_of(session, ACME, old.sha256) == {"a.html": b"1"}


def test_going_back_to_an_old_set_puts_it_in_force_again(session: Session) -> None:
    old = businesses.publish(session, ACME, {"a.html": b"1"}, at=AT)
    businesses.publish(session, ACME, {"a.html": b"2"}, at=AT + timedelta(seconds=1))
    businesses.publish(session, ACME, {"a.html": b"1"}, at=AT + timedelta(seconds=2))

    assert businesses.newest_set(session, ACME) == old.sha256


@pytest.mark.parametrize(
    "other",
    [{"a": b"2", "b": b""}, {"a": b"1"}, {"b": b"1", "a": b""}, {"a": b"1", "c": b""}],
)
def test_a_set_is_named_by_its_paths_and_contents(other: dict[str, bytes]) -> None:
    assert businesses.set_hash(other) != businesses.set_hash({"a": b"1", "b": b""})


def test_a_set_has_the_same_name_in_whatever_order() -> None:
    assert businesses.set_hash({"b": b"", "a": b"1"}) == businesses.set_hash({"a": b"1", "b": b""})


def test_staff_and_named_senders_are_known_in_whatever_case() -> None:
    rules = _rules(staff=(ANN,), senders=("ERP@acme.example",))
    assert rules.known_senders() == {"ann@acme.example", "erp@acme.example"}


def test_everybody_is_asked_when_nobody_has_the_role() -> None:
    assert _rules(staff=(ANN, BOB)).staff_for(Role.FINANCE) == (ANN,)
    assert _rules(staff=(BOB,)).staff_for(Role.FINANCE) == (BOB,)


@pytest.mark.parametrize("wrong", [{"key": "Acme"}, {"key": "a-b"}, {"currency": "euro"}])
def test_rules_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        _rules(**wrong)


@pytest.mark.parametrize(
    ("minor", "currency", "language", "text"),
    [
        (124_050, "EUR", "de", "1.240,50\xa0€"),
        (124_050, "EUR", "en", "€1,240.50"),
        (1240, "JPY", "en", "JP¥1,240"),
        (-5, "EUR", "de", "-0,05\xa0€"),
    ],
)
def test_amounts_read_as_in_the_language(
    minor: int, currency: str, language: str, text: str
) -> None:
    assert businesses.money_text(Money(minor, currency), language) == text


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "6. Dezember 2026"), ("en", "6 December 2026"), ("de-AT", "6. Dezember 2026")],
)
def test_days_read_as_in_the_language(language: str, text: str) -> None:
    assert businesses.day_text(date(2026, 12, 6), language) == text


def test_a_language_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no language tag"):
        businesses.locale_of("klingon!")


def test_a_limit_is_exact() -> None:
    assert _rules(invoices={"send_limit": "0.10"}).invoices.send_limit == Decimal("0.10")
