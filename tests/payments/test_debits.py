"""Bank debits: pending until the bank has paid, and open again when it has not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, told, zoo
from tests.payments.test_crediting import broken, credit, euro, owed
from tests.payments.test_registering import SAID, held
from tests.payments.test_settling import paid
from worker import payments, review
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.ledger import Account
from worker.payments import (
    By,
    Checkout,
    CheckoutFacts,
    CheckoutState,
    DisputeFacts,
    Payment,
    PaymentState,
    Wanted,
)

DEBIT = By("sepa_debit", 100)


def facts(checkout: Checkout) -> CheckoutFacts:
    return replace(paid(checkout), amount=checkout.whole, method="sepa_debit")


def settle(session: Session, checkout: Checkout, what: str) -> None:
    bank_has_paid = facts(checkout)
    said = {
        "processing": replace(bank_has_paid, is_paid=False, is_processing=True),
        "paid": bank_has_paid,
        "failed": replace(bank_has_paid, is_paid=False, failure="The account is closed"),
    }[what]
    payments.settle(session, checkout, said, livemode=False, at=AT)


def under_way(session: Session) -> tuple[Invoice, Checkout, Payment]:
    zoo(session)
    item = issue(session)
    checkout = payments.begin_for(session, [Wanted(item)], link_id="l", at=AT, by=DEBIT)
    for _ in range(2):
        settle(session, checkout, "processing")
    [payment] = payments.newest(session, ACME, limit=9)
    return item, checkout, payment


def test_a_debit_is_pending_and_pays_nothing_until_the_bank_has_paid(session: Session) -> None:
    item, checkout, payment = under_way(session)
    assert (payment.state, owed(session, item)) == (PaymentState.PENDING, euro("119.00"))
    assert told(session).count("DebitStarted") == 1
    assert held(session, Account.GATEWAY_CLEARING) == "0.00"
    assert payments.under_way(session, ACME, payment.customer_id or "", "EUR") == [payment]
    assert broken(session) == []
    told(session)
    for _ in range(2):
        settle(session, checkout, "paid")
    assert (payment.state, owed(session, item)) == (PaymentState.SETTLED, euro("0.00"))
    assert held(session, Account.FEE_INCOME) == "-1.00"
    assert told(session) == ["CheckoutEnded", "PaymentSettled"]
    settle(session, checkout, "processing")
    assert (payment.state, broken(session)) == (PaymentState.SETTLED, [])
    assert checkout.state == CheckoutState.COMPLETE  # An answer that came in late turns nothing.


def test_a_debit_that_fails_opens_the_item_and_tells_both_sides(session: Session) -> None:
    item, checkout, payment = under_way(session)
    told(session)
    for _ in range(2):
        settle(session, checkout, "failed")
    assert (payment.state, checkout.state) == (PaymentState.RETURNED, CheckoutState.FAILED)
    assert told(session) == ["CheckoutEnded", "PaymentReturned", "WorkItemOpened"]
    [question] = review.open_for(session, ACME, payment.id)
    assert "The account is closed" in question.question
    settle(session, checkout, "processing")
    assert checkout.state == CheckoutState.FAILED
    assert (owed(session, item), broken(session)) == (euro("119.00"), [])
    assert payments.begin(session, item, link_id="l", at=AT).id != checkout.id


def test_money_that_a_bank_collected_after_all_is_booked(session: Session) -> None:
    item, checkout, payment = under_way(session)
    settle(session, checkout, "failed")
    settle(session, checkout, "paid")
    assert (payment.state, owed(session, item)) == (PaymentState.SETTLED, euro("0.00"))
    assert (checkout.state, broken(session)) == (CheckoutState.COMPLETE, [])


def test_a_returned_debit_is_open_again_and_staff_know_why(session: Session) -> None:
    item, checkout, payment = under_way(session)
    settle(session, checkout, "paid")
    fact = DisputeFacts("du_1", "lost", payment.amount, "pi_1", "insufficient_funds", AT, None)
    told(session)
    for _ in range(2):
        payments.book_disputes(session, payment, [fact], at=AT)
    assert told(session) == ["WorkItemOpened", "PaymentReturned"]
    [dispute] = payments.disputes_of(session, ACME, payment.id)
    [question] = review.open_for(session, ACME, dispute.id)
    assert question.kind == "debit_returned"
    assert "insufficient_funds" in question.question
    assert held(session, Account.FEE_INCOME) == "0.00"
    assert (owed(session, item), broken(session)) == (euro("119.00"), [])


def test_nothing_else_takes_the_money_meanwhile(session: Session) -> None:
    item, _, _ = under_way(session)
    credit(session, "20.00", number="G-2", against="R-none")
    later = AT + timedelta(days=9)
    told(session)
    with pytest.raises(Refused, match="bank debit"):
        payments.begin(session, item, link_id="l", at=later)
    with pytest.raises(Refused):
        payments.register(session, zoo(session), item, SAID, at=later)
    with pytest.raises(Refused):
        payments.pay_from_balance(session, item, euro("1.00"), by="ann", at=later)
    assert "CheckoutUnwanted" not in told(session)


def test_the_sweep_asks_how_a_debit_stands_in_hours_not_minutes(session: Session) -> None:
    _, checkout, _ = under_way(session)
    assert payments.look_up_due(session, at=AT + timedelta(hours=5)) == 0
    for day in range(1, 20):
        assert payments.look_up_due(session, at=AT + timedelta(days=day)) == 1
    assert checkout.state == CheckoutState.PROCESSING
    # A gateway that names nothing for an hour must not open the items to a second payment.
    assert not payments.is_past_hope(checkout, at=AT + timedelta(days=20))
    assert payments.is_past_hope(checkout, at=AT + timedelta(days=31))


def test_the_gateways_list_finds_a_debit_that_was_collected(session: Session) -> None:
    _, checkout, _ = under_way(session)
    assert payments.compare(session, ACME, [facts(checkout)], at=AT) == 1
    settle(session, checkout, "paid")
    assert payments.compare(session, ACME, [facts(checkout)], at=AT) == 0


def test_debits_that_fail_in_one_moment_name_each_their_own_items(session: Session) -> None:
    zoo(session)
    both = []
    for number in ("R-1", "R-2"):
        item = issue(session, number=number)
        checkout = payments.begin_for(session, [Wanted(item)], link_id="l", at=AT, by=DEBIT)
        said = replace(facts(checkout), intent_id=f"pi_{number}", session_id=f"cs_{number}")
        for what in ({"is_processing": True}, {"failure": "No money"}):
            now = replace(said, is_paid=False, **what)
            payments.settle(session, checkout, now, livemode=False, at=AT)
        both.append((item, payments.brought_by(session, checkout)))
    for item, payment in both:
        assert payment is not None
        assert [one.id for one in payments.items_behind(session, payment, since=AT)] == [item.id]
