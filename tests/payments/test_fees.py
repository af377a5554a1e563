"""Convenience fees: on the page, in the books and on the way back, right to the cent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from tests.payments.test_crediting import balance, broken, euro, owed
from tests.payments.test_registering import held
from tests.payments.test_settling import paid
from worker import ledger, payments, review, store
from worker.invoices import Invoice
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import By, Checkout, DisputeFacts, PageOpen, Payer, RefundFacts, Wanted

FEE = By("card", 250)
PAYER = Payer("lnk", None, "en", "R-1", "https://a", "https://b", fee_title="Card fee")


def begin(session: Session, *wanted: Wanted, by: By = FEE) -> Checkout:
    return payments.begin_for(session, wanted, link_id="lnk", at=AT, by=by)


def take(session: Session, checkout: Checkout, minor: int | None = None) -> payments.Payment:
    came = checkout.whole if minor is None else Money(minor, "EUR")
    facts = replace(paid(checkout), amount=came)
    payment = payments.settle(session, checkout, facts, livemode=False, at=AT)
    assert payment is not None
    return payment


def one(session: Session) -> Invoice:
    zoo(session)
    return issue(session)


def test_a_fee_is_a_line_of_its_own_and_income(session: Session) -> None:
    item = one(session)
    checkout = begin(session, Wanted(item, euro("50.00")))
    order = payments.order_for(checkout, PAYER)
    assert (order.amount, order.fee, order.fee_title) == (euro("50.00"), euro("2.50"), "Card fee")
    payment = take(session, checkout)
    assert (payment.amount, payment.fee) == (euro("52.50"), euro("2.50"))
    assert owed(session, item) == euro("69.00")
    assert held(session, Account.FEE_INCOME) == "-2.50"
    assert payments.rest(session, payment).is_zero
    assert (broken(session), review.open_for(session, ACME, payment.id)) == ([], [])


def test_another_method_or_fee_is_another_page(session: Session) -> None:
    item = one(session)
    first = begin(session, Wanted(item))
    assert begin(session, Wanted(item)) is first
    for by in (By(), By("card", 251), By("sepa_debit", 250)):
        with pytest.raises(PageOpen):
            begin(session, Wanted(item), by=by)


def test_an_abandoned_page_leaves_no_fee(session: Session) -> None:
    item = one(session)
    checkout = begin(session, Wanted(item))
    gone = replace(paid(checkout), is_paid=False, status="expired", session_id="cs_0")
    payments.settle(session, checkout, gone, livemode=False, at=AT)
    payment = take(session, begin(session, Wanted(item), by=By()), 11900)
    assert (payment.fee, owed(session, item)) == (euro("0.00"), euro("0.00"))
    assert Account.FEE_INCOME not in {account for account, _ in ledger.balances(session, ACME)}


@pytest.mark.parametrize(
    ("back", "income", "left"),
    [
        ([("119.00", "succeeded")], "-2.50", "119.00"),
        ([("121.50", "succeeded")], "0.00", "119.00"),
        ([("120.00", "succeeded")], "-1.50", "119.00"),
        ([("100.00", "succeeded"), ("21.50", "succeeded")], "0.00", "119.00"),
        ([("121.50", "failed")], "-2.50", "0.00"),
    ],
)
def test_what_is_given_back_is_the_items_first_and_then_the_fee(
    session: Session, back: list[tuple[str, str]], income: str, left: str
) -> None:
    item = one(session)
    payment = take(session, begin(session, Wanted(item)))
    for n, (amount, status) in enumerate(back):
        fact = RefundFacts(f"re_{n}", "succeeded", euro(amount), "pi_1", None, AT)
        payments.book_refunds(session, payment, [fact], at=AT)
        if status == "failed":
            payments.book_refunds(session, payment, [replace(fact, status=status)], at=AT)
            left = "119.00"
    assert held(session, Account.FEE_INCOME) == income
    assert owed(session, item) == euro(left)
    assert broken(session) == []


def dispute(status: str, amount: str = "121.50") -> DisputeFacts:
    return DisputeFacts("du_1", status, euro(amount), "pi_1", None, AT, None)


def test_a_lost_dispute_takes_the_fee_as_well(session: Session) -> None:
    item = one(session)
    payment = take(session, begin(session, Wanted(item)))
    payments.book_disputes(session, payment, [dispute("lost")], at=AT)
    assert held(session, Account.FEE_INCOME) == "0.00"
    assert (owed(session, item), broken(session)) == (euro("119.00"), [])


def test_a_dispute_over_more_than_is_left_is_our_loss(session: Session) -> None:
    item = one(session)
    payment = take(session, begin(session, Wanted(item)))
    refund = RefundFacts("re_1", "succeeded", euro("100.00"), "pi_1", None, AT)
    payments.book_refunds(session, payment, [refund], at=AT)
    payments.book_disputes(session, payment, [dispute("lost")], at=AT)
    assert held(session, Account.DISPUTE_LOSSES) == "100.00"
    assert held(session, Account.GATEWAY_CLEARING) == "-100.00"
    [found] = payments.disputes_of(session, ACME, payment.id)
    [question] = review.open_for(session, ACME, found.id)
    assert "100.00 EUR of it had been given back before" in question.question
    assert (owed(session, item), broken(session)) == (euro("119.00"), [])


@pytest.mark.parametrize(
    ("course", "open_again", "kept", "clearing"),
    [
        (["lost", "won"], "119.00", "119.00", "121.50"),
        (["won", "lost"], "119.00", "0.00", "0.00"),
        (["won", "under_review"], "0.00", "0.00", "121.50"),
        (["lost", "won", "lost"], "119.00", "0.00", "0.00"),
        (["needs_response", "won", "lost", "won"], "119.00", "119.00", "121.50"),
    ],
)
def test_the_books_turn_with_a_bank_that_decides_otherwise(
    session: Session, course: list[str], open_again: str, kept: str, clearing: str
) -> None:
    item = one(session)
    payment = take(session, begin(session, Wanted(item)))
    for status in course:
        for _ in range(2):
            payments.book_disputes(session, payment, [dispute(status)], at=AT)
    assert held(session, Account.GATEWAY_CLEARING) == clearing
    assert (owed(session, item), balance(session)) == (euro(open_again), euro(kept))
    assert broken(session) == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.integers(1, 11900), min_size=1, max_size=3),
    fee=st.integers(0, 900),
    came=st.none() | st.integers(1, 40_000),
)
def test_whatever_comes_the_fee_is_no_more_than_was_asked(
    sqlite_books: Engine, parts: list[int], fee: int, came: int | None
) -> None:
    with store.transaction(sqlite_books) as session, session.begin_nested() as trial:
        zoo(session)
        items = [issue(session, number=f"R-{n}") for n, _ in enumerate(parts)]
        wanted = [Wanted(i, Money(minor, "EUR")) for i, minor in zip(items, parts, strict=True)]
        payment = take(session, begin(session, *wanted, by=By("card", fee)), came)
        assert 0 <= payment.fee_minor <= fee
        if came is None:
            assert payment.fee_minor == fee
            assert [11900 - part for part in parts] == [owed(session, i).minor for i in items]
        assert broken(session) == []
        trial.rollback()
