"""Payouts: weighed to the cent, met with one line of the bank, posted once, or a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.books import ACME, AT
from tests.payments.bank import book, entry, statement, unsound
from tests.payments.test_crediting import euro
from tests.payments.test_debits import settle, under_way
from tests.payments.test_registering import held
from tests.payments.test_reversals import disputed, gone, paid_invoice
from worker import payments, review, store
from worker.kernel.errors import Refused
from worker.ledger import Account
from worker.payments import Outcome, Payment, Payout, PayoutFacts, PayoutPart

ON = date(2026, 11, 20)
# What was taken of the one payment there is, with what Stripe keeps of it.
CHARGE = PayoutPart("txn_1", "charge", euro("119.00"), euro("2.04"), euro("116.96"), "ch_1", "pi_1")
PAYOUT = PayoutFacts("po_1", euro("116.96"), is_paid=True, is_itemised=True, arrives_on=ON)


def weigh(
    session: Session, *parts: PayoutPart, payout: PayoutFacts = PAYOUT
) -> tuple[Payout, Sequence[str]]:
    """Weigh a payout; gives it and what is asked about it."""
    found = payments.weigh_payout(session, ACME, payout, parts, at=AT)
    return found, [item.kind for item in review.open_for(session, ACME, payout.payout_id)]


def test_a_payout_clears_what_was_taken_and_costs_its_fees_once(session: Session) -> None:
    invoice, _ = paid_invoice(session)
    assert book(session, statement(entry("116.96", "STRIPE PAYOUT"))) == {Outcome.PAYOUT: 1}
    [of_bank] = [p for p in payments.newest(session, ACME, limit=9) if p.customer_id is None]
    assert payments.rest(session, of_bank) == euro("116.96")
    for _ in range(2):
        payout, asked = weigh(session, CHARGE)
        payments.reconcile_payouts(session, ACME, at=AT)
    assert (payments.payout_state(payout), asked) == ("reconciled", [])
    assert held(session, Account.GATEWAY_CLEARING) == "0.00"
    assert held(session, Account.UNIDENTIFIED_CASH) == "0.00"
    assert held(session, Account.BANK) == "116.96"
    assert held(session, Account.PROCESSING_COST) == "2.04"
    assert payments.rest(session, of_bank) == euro("0.00")
    with pytest.raises(Refused, match="of the payment is not applied"):
        payments.allocate(session, of_bank, invoice, None, by="ann", at=AT)
    assert unsound(session) == []


def test_refunds_and_disputes_in_a_payout_are_those_of_the_books(session: Session) -> None:
    _, payment = paid_invoice(session)
    refund = PayoutPart(
        "txn_2", "refund", euro("-19.00"), euro("0.00"), euro("-19.00"), "re_1", "pi_1"
    )
    payout = replace(PAYOUT, amount=euro("97.96"))
    assert weigh(session, CHARGE, refund, payout=payout)[1] == ["payout_mismatch"]
    payments.book_refunds(session, payment, [gone("19.00")], at=AT)
    assert weigh(session, CHARGE, refund, payout=payout)[1] == []
    book(session, statement(entry("97.96", "STRIPE po_1")))
    payments.reconcile_payouts(session, ACME, at=AT)
    assert held(session, Account.GATEWAY_CLEARING) == "0.00"
    assert unsound(session) == []


def test_a_refund_of_another_amount_than_in_the_books_does_not_add_up(session: Session) -> None:
    _, payment = paid_invoice(session)
    payments.book_refunds(session, payment, [gone("19.00")], at=AT)
    more = PayoutPart(
        "txn_2", "refund", euro("-29.00"), euro("0.00"), euro("-29.00"), "re_1", "pi_1"
    )
    payout = replace(PAYOUT, amount=euro("87.96"))
    assert weigh(session, CHARGE, more, payout=payout)[1] == ["payout_mismatch"]


def test_a_debit_counts_in_a_payout_once_it_is_settled_here(session: Session) -> None:
    _, checkout, payment = under_way(session)
    taken = replace(CHARGE, type="payment", amount=payment.amount, net=payment.amount - CHARGE.fee)
    taken = replace(taken, intent_id=payment.evidence_id)
    payout = replace(PAYOUT, amount=taken.net)
    assert weigh(session, taken, payout=payout)[1] == ["payout_mismatch"]
    settle(session, checkout, "paid")
    assert weigh(session, taken, payout=payout)[1] == []


def test_the_fee_of_a_dispute_is_no_cost_twice(session: Session) -> None:
    _, payment = paid_invoice(session)
    payments.book_disputes(session, payment, [disputed("needs_response", "20.00")], at=AT)
    taken = PayoutPart(
        "txn_0", "adjustment", euro("-119.00"), euro("20.00"), euro("-139.00"), "du_1", "pi_1"
    )
    other = PayoutPart("txn_4", "stripe_fee", euro("-1.00"), euro("0.00"), euro("-1.00"))
    payout, asked = weigh(
        session, CHARGE, taken, other, payout=replace(PAYOUT, amount=euro("-23.04"))
    )
    assert (payout.cost, asked) == (euro("3.04"), [])


@pytest.mark.parametrize(
    ("changes", "payout", "reason"),
    [
        ({"intent_id": "pi_other"}, {}, "no payment of these books"),
        ({"amount": euro("120.00"), "net": euro("117.96")}, {}, "the books say 119.00 EUR"),
        ({"is_exchanged": True}, {}, "another currency"),
        ({"type": "reserve_hold"}, {}, "not known here"),
        ({"type": "refund"}, {}, "not booked yet"),
        ({"type": "payout_failure"}, {}, "is not here"),
        ({}, {"amount": euro("117.00")}, "comes to 116.96 EUR"),
        ({}, {"is_itemised": False}, "does not say what it is made of"),
    ],
)
def test_what_does_not_add_up_is_for_a_person_and_not_posted(
    session: Session, changes: dict[str, Any], payout: dict[str, Any], reason: str
) -> None:
    paid_invoice(session)
    book(session, statement(entry("116.96", "STRIPE PAYOUT")))
    found, asked = weigh(session, replace(CHARGE, **changes), payout=replace(PAYOUT, **payout))
    assert reason in (found.problem or "")
    assert payments.reconcile_payouts(session, ACME, at=AT) == 0
    assert (asked, held(session, Account.GATEWAY_CLEARING)) == (["payout_mismatch"], "119.00")
    assert weigh(session, CHARGE)[1] == []
    assert unsound(session) == []


@pytest.mark.parametrize(
    ("lines", "met"),
    [
        ((("116.96", "STRIPE", 0),), True),
        ((("116.96", "STRIPE", 10),), True),
        ((("116.96", "STRIPE", 11),), False),
        ((("116.96", "STRIPE", -4),), False),
        ((("116.95", "STRIPE", 0),), False),
        ((("116.96", "STRIPE", 0), ("116.96", "STRIPE", 1)), False),
        ((("116.96", "STRIPE po_9", 0), ("116.96", "STRIPE PO_1", 1)), True),
    ],
)
def test_only_the_one_line_that_it_surely_is_settles_a_payout(
    session: Session, lines: Sequence[tuple[str, str, int]], *, met: bool
) -> None:
    paid_invoice(session)
    told = [entry(net, said, on=ON + timedelta(days=days)) for net, said, days in lines]
    book(session, statement(*sorted(told, key=lambda e: e.date or ON)))
    weigh(session, CHARGE)
    later = AT + timedelta(days=4)
    assert payments.reconcile_payouts(session, ACME, at=later) == int(met)
    asked = review.open_of_kind(session, ACME, "payout_unknown")
    assert len(asked) == len(lines) - int(met)
    assert unsound(session) == []


def test_a_payout_that_does_not_add_up_may_be_the_one_that_the_line_is(session: Session) -> None:
    paid_invoice(session)
    weigh(session, CHARGE)
    strange = replace(PAYOUT, payout_id="po_2", is_itemised=False)
    weigh(session, payout=strange)
    book(session, statement(entry("116.96", "STRIPE PAYOUT")))
    assert payments.reconcile_payouts(session, ACME, at=AT) == 0
    book(session, statement(entry("116.96", "STRIPE PO_1"), opening="1116.96", number="2"))
    assert payments.reconcile_payouts(session, ACME, at=AT) == 1
    assert unsound(session) == []


def test_nobody_is_given_the_money_of_a_line_while_it_becomes_a_payout(
    postgres_books: Engine,
) -> None:
    with store.transaction(postgres_books) as session:
        paid_invoice(session)
        book(session, statement(entry("116.96", "STRIPE PAYOUT")))
        weigh(session, CHARGE)
    with store.transaction(postgres_books) as session:
        assert payments.reconcile_payouts(session, ACME, at=AT) == 1
        one = select(Payment).where(Payment.customer_id.is_(None))
        with (
            pytest.raises(OperationalError, match="could not obtain lock"),
            postgres_books.connect() as other,
        ):
            other.execute(one.with_for_update(nowait=True))


def test_a_payout_that_the_bank_takes_back_is_stripes_again(session: Session) -> None:
    paid_invoice(session)
    paid_out = entry("116.96", "STRIPE PAYOUT po_1", reference="B-1")
    book(session, statement(paid_out))
    payout, _ = weigh(session, CHARGE)
    payments.reconcile_payouts(session, ACME, at=AT)
    back = entry("-116.96", "STRIPE PAYOUT po_1", reference="B-1", is_reversal=True)
    book(session, statement(back, opening="1116.96", number="2"))
    assert payments.payout_state(payout) == "returned"
    assert held(session, Account.GATEWAY_CLEARING) == "116.96"
    assert held(session, Account.BANK) == "0.00"
    assert unsound(session) == []
