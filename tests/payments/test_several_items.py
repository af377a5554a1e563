"""One checkout over several items: one reservation each, and its money shared out as asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from worker import invoices, payments, store
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.money import Money, total
from worker.ledger.invariants import INVARIANTS as OF_LEDGER
from worker.payments import Checkout, CheckoutFacts, PageOpen, Wanted
from worker.payments.invariants import INVARIANTS as OF_PAYMENTS


def violations(session: Session) -> list[str]:
    """What does not hold of the money."""
    return [found for holds in (*OF_LEDGER, *OF_PAYMENTS) for found in holds(session)]


def _three(session: Session) -> list[Invoice]:
    zoo(session)
    return [issue(session, number=f"R-{n}") for n in (1, 2, 3)]


def _begin(session: Session, wanted: list[Wanted]) -> Checkout:
    return payments.begin_for(session, wanted, link_id="lnk_1", at=AT)


def _paid(checkout: Checkout, minor: int | None = None) -> CheckoutFacts:
    return CheckoutFacts(
        session_id="cs_1",
        status="complete",
        is_paid=True,
        amount=checkout.amount if minor is None else Money(minor, "EUR"),
        intent_id="pi_1",
        reference=checkout.id,
        business=ACME,
        livemode=False,
        paid_at=AT,
        url=None,
        method="card",
    )


def _owed(session: Session, items: list[Invoice]) -> list[int]:
    return [invoices.still_to_pay(session, item).minor for item in items]


def test_whole_and_part_are_taken_together_and_shared_out(session: Session) -> None:
    items = _three(session)
    checkout = _begin(session, [Wanted(items[0]), Wanted(items[2], Money(5000, "EUR"))])
    assert str(checkout.amount) == "169.00 EUR"
    payments.settle(session, checkout, _paid(checkout), livemode=False, at=AT)
    assert _owed(session, items) == [0, 11900, 6900]
    assert violations(session) == []


def test_an_item_is_reserved_by_one_page_only(session: Session) -> None:
    items = _three(session)
    first = _begin(session, [Wanted(items[0]), Wanted(items[1])])
    with pytest.raises(PageOpen) as refused:
        _begin(session, [Wanted(items[1]), Wanted(items[2])])
    assert refused.value.checkout_ids == (first.id,)
    assert _begin(session, [Wanted(items[2])]).id != first.id
    assert _begin(session, [Wanted(items[1]), Wanted(items[0])]) is first


def test_a_page_that_ends_frees_every_item(session: Session) -> None:
    items = _three(session)
    first = _begin(session, [Wanted(item) for item in items])
    payments.never_opened(session, first, at=AT + timedelta(minutes=11))
    assert _begin(session, [Wanted(items[1])]).id != first.id


def test_an_item_paid_meanwhile_leaves_its_part_on_the_balance(session: Session) -> None:
    items = _three(session)
    checkout = _begin(session, [Wanted(items[0]), Wanted(items[1])])
    other = _paid(checkout)
    payments.settle(session, checkout, other, livemode=False, at=AT)
    again = payments.settle(session, checkout, other, livemode=False, at=AT)
    assert again is not None
    assert _owed(session, items) == [0, 0, 11900]


@pytest.mark.parametrize("minor", [-100, 0, 11901])
def test_no_more_is_asked_of_an_item_than_is_owed(session: Session, minor: int) -> None:
    items = _three(session)
    with pytest.raises(Refused):
        _begin(session, [Wanted(items[0], Money(minor, "EUR"))])


def test_the_same_item_twice_is_no_checkout(session: Session) -> None:
    items = _three(session)
    with pytest.raises(PermanentError):
        _begin(session, [Wanted(items[0]), Wanted(items[0])])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 11900), min_size=1, max_size=3), came=st.integers(1, 40_000))
def test_whatever_comes_in_is_booked_to_the_cent(
    sqlite_books: Engine, parts: list[int], came: int
) -> None:
    with store.transaction(sqlite_books) as session, session.begin_nested() as trial:
        items = _three(session)
        wanted = [
            Wanted(item, Money(minor, "EUR")) for item, minor in zip(items, parts, strict=False)
        ]
        checkout = _begin(session, wanted)
        payment = payments.settle(session, checkout, _paid(checkout, came), livemode=False, at=AT)
        assert payment is not None
        applied = payments.allocations_of(session, ACME, payment.id)
        used = total((part.amount for part in applied), "EUR")
        assert used.minor <= came
        assert violations(session) == []
        trial.rollback()
