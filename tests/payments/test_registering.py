"""Payments on the word of staff: registered, applied and undone, once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, told, zoo
from tests.payments.test_crediting import broken, euro, owed, pay
from worker import ledger, payments
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.ledger import Account
from worker.payments import Method, PaymentState, Registration

SAID = Registration(euro("100.00"), Method.BANK_TRANSFER, date(2026, 11, 20), "ann", "R-1")


def held(session: Session, account: Account) -> str:
    return ledger.balances(session, ACME).get((account, "EUR"), euro("0.00")).text()


@pytest.mark.parametrize(
    ("method", "account"),
    [
        (Method.BANK_TRANSFER, Account.BANK),
        (Method.CHEQUE, Account.BANK),
        (Method.DIRECT_DEBIT, Account.BANK),
        (Method.CASH, Account.CASH),
        (Method.CARD, Account.OTHER_CLEARING),
    ],
)
@pytest.mark.parametrize(
    ("amount", "left", "unapplied"),
    [("100.00", "19.00", "0.00"), ("119.00", "0.00", "0.00"), ("150.00", "0.00", "31.00")],
)
def test_a_payment_goes_to_its_account_and_its_item(
    session: Session, method: Method, account: Account, amount: str, left: str, unapplied: str
) -> None:
    customer = zoo(session)
    invoice = issue(session)
    said = replace(SAID, amount=euro(amount), method=method)
    payment = payments.register(session, customer, invoice, said, at=AT)
    assert (payment.state, payment.registered_by) == (PaymentState.SETTLED, "ann")
    assert owed(session, invoice) == euro(left)
    assert held(session, account) == amount
    assert payments.rest(session, payment) == euro(unapplied)
    assert told(session)[-1] == "PaymentSettled"
    assert broken(session) == []


def test_the_same_words_are_the_same_payment(session: Session) -> None:
    customer, invoice = zoo(session), issue(session)
    payment = payments.register(session, customer, invoice, SAID, at=AT)
    for alike in (SAID, replace(SAID, by="bob", note="x", reference=" r-1 ")):
        assert payments.registered_before(session, customer, invoice, alike) is payment
    for other in (
        replace(SAID, nth=2),
        replace(SAID, amount=euro("100.01")),
        replace(SAID, paid_on=date(2026, 11, 19)),
        replace(SAID, reference="R-2"),
    ):
        assert payments.registered_before(session, customer, invoice, other) is None


def test_what_is_left_is_applied_later_and_never_more_than_that(session: Session) -> None:
    customer = zoo(session)
    first, second = issue(session), issue(session, number="R-2")
    payment = payments.register(session, customer, None, SAID, at=AT)
    payments.allocate(session, payment, first, euro("60.00"), by="ann", at=AT)
    with pytest.raises(Refused, match=r"40\.00 EUR of the payment is not applied"):
        payments.allocate(session, payment, second, euro("40.01"), by="ann", at=AT)
    payments.allocate(session, payment, second, None, by="ann", at=AT)
    assert (owed(session, first), owed(session, second)) == (euro("59.00"), euro("79.00"))
    with pytest.raises(Refused):
        payments.allocate(session, payment, first, None, by="ann", at=AT)
    assert broken(session) == []


def test_an_undone_payment_opens_its_items_again(session: Session) -> None:
    customer = zoo(session)
    first, second = issue(session), issue(session, number="R-2")
    said = replace(SAID, amount=euro("200.00"))
    payment = payments.register(session, customer, first, said, at=AT)
    payments.allocate(session, payment, second, None, by="ann", at=AT)
    payments.undo(session, payment, because="wrong customer", by="bob", at=AT)
    assert (owed(session, first), owed(session, second)) == (euro("119.00"), euro("119.00"))
    assert (payment.state, payment.returned_because) == (PaymentState.RETURNED, "wrong customer")
    assert (held(session, Account.BANK), held(session, Account.UNAPPLIED_CASH)) == ("0.00", "0.00")
    with pytest.raises(Refused, match="undone already"):
        payments.undo(session, payment, because="again", by="bob", at=AT)
    assert broken(session) == []


def _while_a_page_is_open(session: Session, invoice: Invoice) -> None:
    payments.begin(session, invoice, link_id="lnk", at=AT)


def _of_another(session: Session, invoice: Invoice) -> None:
    invoice.customer_id = None


@pytest.mark.parametrize(
    ("change", "said", "message"),
    [
        (_while_a_page_is_open, SAID, "A payment page for R-1 is open"),
        (_of_another, SAID, "is not Zoo AG's"),
        (None, replace(SAID, amount=euro("0.00")), "more than nothing"),
        (None, replace(SAID, amount=euro("-1.00")), "more than nothing"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    session: Session, change: object, said: Registration, message: str
) -> None:
    customer, invoice = zoo(session), issue(session)
    if callable(change):
        change(session, invoice)
    with pytest.raises(Refused, match=message):
        payments.register(session, customer, invoice, said, at=AT)


def test_money_that_came_through_the_gateway_is_not_undone_by_hand(session: Session) -> None:
    zoo(session)
    pay(session, issue(session))
    [payment] = payments.newest(session, ACME, limit=9)
    with pytest.raises(Refused, match="tillmail payments refund"):
        payments.undo(session, payment, because="no", by="ann", at=AT)
