"""Credit notes and balances set against what is owed: how far, and what becomes of the rest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, told, zoo
from tests.payments.test_settling import paid
from worker import invoices, ledger, payments, review, store
from worker.invoices import Invoice, State
from worker.kernel.errors import Refused
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments.invariants import INVARIANTS


def euro(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def credit(session: Session, amount: str, against: str = "R-1", number: str = "G-1") -> Invoice:
    note = issue(
        session,
        number=number,
        total=-Decimal(amount),
        grand_total=-Decimal(amount),
        tax_total=None,
        preceding_invoices=(against,),
    )
    payments.apply_credit_note(session, ACME, note.id, at=AT)
    return note


def pay(session: Session, invoice: Invoice) -> None:
    checkout = payments.begin(session, invoice, link_id="lnk", at=AT)
    assert payments.settle(session, checkout, paid(checkout), livemode=False, at=AT)


def balance(session: Session) -> Money:
    return -ledger.balances(session, ACME).get((Account.CUSTOMER_BALANCE, "EUR"), euro("0"))


def owed(session: Session, invoice: Invoice) -> Money:
    return invoices.still_to_pay(session, invoice)


def state(session: Session, invoice: Invoice) -> State:
    return invoices.state_of(invoice, owed(session, invoice))


def broken(session: Session) -> list[str]:
    session.flush()
    return [found for holds in INVARIANTS for found in holds(session)]


@pytest.mark.parametrize(
    ("first_paid", "amount", "left", "kept", "asked"),
    [
        (False, "19.00", "100.00", "0.00", []),
        (False, "119.00", "0.00", "0.00", []),
        (False, "120.00", "0.00", "1.00", ["credit_on_paid"]),
        (True, "19.00", "0.00", "19.00", ["credit_on_paid"]),
        (True, "119.00", "0.00", "119.00", ["credit_on_paid"]),
    ],
)
def test_a_credit_note_lowers_its_invoice_and_the_rest_is_balance(
    session: Session, first_paid: bool, amount: str, left: str, kept: str, asked: list[str]
) -> None:
    zoo(session)
    invoice = issue(session)
    if first_paid:
        pay(session, invoice)
    note = credit(session, amount)
    assert owed(session, invoice) == euro(left)
    assert balance(session) == euro(kept)
    assert state(session, note) is State.APPLIED
    assert [item.kind for item in review.open_for(session, ACME, note.id)] == asked
    assert broken(session) == []


def test_a_credit_note_is_set_against_its_invoice_once(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        zoo(session)
        invoice = issue(session)
        note = credit(session, "19.00")
    with store.transaction(each_books) as session:
        assert payments.apply_credit_note(session, ACME, note.id, at=AT)
        assert owed(session, invoice) == euro("100.00")
        assert broken(session) == []


def test_a_paid_invoice_offers_to_give_the_credit_back_by_the_payment(session: Session) -> None:
    zoo(session)
    invoice = issue(session)
    pay(session, invoice)
    note = credit(session, "19.00")
    [payment] = payments.newest(session, ACME, limit=9)
    [item] = review.open_for(session, ACME, note.id)
    assert f"tillmail payments refund {payment.id} 19.00" in item.choices


def test_a_credit_note_waits_until_the_open_page_has_ended(session: Session) -> None:
    zoo(session)
    invoice = issue(session)
    checkout = payments.begin(session, invoice, link_id="lnk", at=AT)
    told(session)
    note = credit(session, "119.00")
    assert "CheckoutUnwanted" in told(session)
    assert (state(session, note), owed(session, invoice)) == (State.OPEN, euro("119.00"))

    payments.settle(session, checkout, paid(checkout), livemode=False, at=AT)
    assert "CheckoutEnded" in told(session)
    payments.resume_credits(session, ACME, invoice.id, at=AT)
    assert (state(session, note), state(session, invoice)) == (State.APPLIED, State.PAID)
    assert balance(session) == euro("119.00")
    assert broken(session) == []


@pytest.mark.parametrize(
    ("amount", "left", "kept"),
    [(None, "69.00", "0.00"), ("50.00", "69.00", "0.00"), ("0.01", "118.99", "49.99")],
)
def test_the_balance_pays_an_item_or_a_part_of_it(
    session: Session, amount: str | None, left: str, kept: str
) -> None:
    zoo(session)
    pay(session, issue(session))
    credit(session, "50.00")
    second = issue(session, number="R-2")
    wanted = euro(amount) if amount else None
    payments.pay_from_balance(session, second, wanted, by="ann", at=AT)
    assert (owed(session, second), balance(session)) == (euro(left), euro(kept))
    assert broken(session) == []


@pytest.mark.parametrize("amount", ["50.01", "0.00", "-1.00", "119.01"])
def test_the_balance_pays_no_more_than_it_has_and_is_owed(session: Session, amount: str) -> None:
    zoo(session)
    pay(session, issue(session))
    credit(session, "50.00")
    second = issue(session, number="R-2")
    with pytest.raises(Refused, match=r"the balance is 50\.00 EUR"):
        payments.pay_from_balance(session, second, euro(amount), by="ann", at=AT)


@pytest.mark.parametrize(("credited", "left"), [("50.00", "69.00"), ("500.00", "0.00")])
def test_a_new_invoice_is_paid_from_the_balance_as_far_as_that_goes(
    session: Session, credited: str, left: str
) -> None:
    zoo(session)
    pay(session, issue(session))
    credit(session, credited)
    second = issue(session, number="R-2")
    for _ in range(2):
        payments.use_balance_at_issue(session, ACME, second.id, at=AT)
    assert owed(session, second) == euro(left)
    assert broken(session) == []
