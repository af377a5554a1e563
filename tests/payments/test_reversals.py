"""Refunds and disputes: what goes back, what is open again, and what a second telling changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, told, zoo
from tests.payments.test_crediting import balance, broken, credit, euro, owed, pay
from tests.payments.test_registering import SAID, held
from worker import invoices, payments, review
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.ledger import Account
from worker.payments import (
    DisputeFacts,
    Payment,
    RefundFacts,
    RefundState,
    RefundWish,
    Reversals,
)

FULL = RefundWish(None, "ann")


def paid_invoice(session: Session) -> tuple[Invoice, Payment]:
    zoo(session)
    invoice = issue(session)
    pay(session, invoice)
    [payment] = payments.newest(session, ACME, limit=9)
    told(session)
    return invoice, payment


def gone(amount: str, reference: str | None = None, status: str = "succeeded") -> RefundFacts:
    return RefundFacts("re_1", status, euro(amount), "pi_1", reference, AT)


def disputed(status: str, *fees: str) -> DisputeFacts:
    taken = tuple((f"txn_{n}", euro(fee)) for n, fee in enumerate(fees))
    by = AT + timedelta(days=9)
    return DisputeFacts("du_1", status, euro("119.00"), "pi_1", "fraudulent", AT, by, taken)


@pytest.mark.parametrize(
    ("amount", "left", "clearing"), [(None, "119.00", "0.00"), ("19.00", "19.00", "100.00")]
)
def test_a_refund_opens_again_what_the_payment_paid(
    session: Session, amount: str | None, left: str, clearing: str
) -> None:
    invoice, payment = paid_invoice(session)
    wish = RefundWish(euro(amount) if amount else None, "ann", "goods came back")
    refund = payments.ask_refund(session, payment, wish, at=AT)
    assert told(session) == ["RefundAsked"]
    assert (owed(session, invoice), refund.state) == (euro("0.00"), RefundState.ASKED)

    fact = gone(refund.amount.text(), refund.id)
    for _ in range(2):
        payments.book_refunds(session, payment, [fact], at=AT)
    assert (owed(session, invoice), refund.state) == (euro(left), RefundState.DONE)
    assert held(session, Account.GATEWAY_CLEARING) == clearing
    assert broken(session) == []


@pytest.mark.parametrize(
    ("reopens", "left", "kept"), [(False, "0.00", "0.00"), (True, "50.00", "50.00")]
)
def test_a_credited_customer_is_given_the_balance_back_first(
    session: Session, reopens: bool, left: str, kept: str
) -> None:
    invoice, payment = paid_invoice(session)
    credit(session, "50.00")
    wish = RefundWish(euro("50.00"), "ann", reopens=reopens)
    refund = payments.ask_refund(session, payment, wish, at=AT)
    payments.book_refunds(session, payment, [gone("50.00", refund.id)], at=AT)
    assert (owed(session, invoice), balance(session)) == (euro(left), euro(kept))
    assert broken(session) == []


def test_no_more_goes_back_than_came(session: Session) -> None:
    _, payment = paid_invoice(session)
    payments.ask_refund(session, payment, RefundWish(euro("100.00"), "ann"), at=AT)
    with pytest.raises(Refused, match=r"19\.00 EUR of payment"):
        payments.ask_refund(session, payment, RefundWish(euro("19.01"), "ann"), at=AT)
    payments.ask_refund(session, payment, FULL, at=AT)
    with pytest.raises(Refused):
        payments.ask_refund(session, payment, FULL, at=AT)


def test_a_payment_that_did_not_come_through_the_gateway_goes_back_by_hand(
    session: Session,
) -> None:
    payment = payments.register(session, zoo(session), issue(session), SAID, at=AT)
    with pytest.raises(Refused, match="tillmail payments undo"):
        payments.ask_refund(session, payment, FULL, at=AT)


def test_a_refund_at_the_dashboard_is_booked_and_told(session: Session) -> None:
    invoice, payment = paid_invoice(session)
    payments.book_refunds(session, payment, [gone("19.00")], at=AT)
    [refund] = payments.refunds_of(session, ACME, payment.id)
    assert owed(session, invoice) == euro("19.00")
    [item] = review.open_for(session, ACME, refund.id)
    assert "open again: R-1" in item.question
    assert broken(session) == []


def test_a_refund_that_the_bank_sends_back_is_balance_again(session: Session) -> None:
    invoice, payment = paid_invoice(session)
    refund = payments.ask_refund(session, payment, FULL, at=AT)
    payments.book_refunds(session, payment, [gone("119.00", refund.id)], at=AT)
    for _ in range(2):
        payments.book_refunds(session, payment, [gone("119.00", refund.id, "failed")], at=AT)
    assert (owed(session, invoice), balance(session)) == (euro("119.00"), euro("119.00"))
    assert len(review.open_for(session, ACME, refund.id)) == 1
    assert payments.refundable(session, payment) == euro("119.00")
    assert broken(session) == []


def test_a_refund_that_fails_because_the_bank_took_it_first_is_not_given_twice(
    session: Session,
) -> None:
    invoice, payment = paid_invoice(session)
    refund = payments.ask_refund(session, payment, FULL, at=AT)
    payments.book_refunds(session, payment, [gone("119.00", refund.id, "pending")], at=AT)
    payments.book_disputes(session, payment, [disputed("lost")], at=AT)
    assert held(session, Account.DISPUTE_LOSSES) == "119.00"
    for _ in range(2):
        payments.book_refunds(session, payment, [gone("119.00", refund.id, "failed")], at=AT)
    assert (owed(session, invoice), balance(session)) == (euro("119.00"), euro("0.00"))
    assert held(session, Account.DISPUTE_LOSSES) == "0.00"
    assert broken(session) == []


@pytest.mark.parametrize(("disputes", "loss"), [("119.00", "119.00"), ("100.00", "100.00")])
def test_a_refund_heard_of_after_a_lost_dispute_is_booked_and_what_is_twice_is_our_loss(
    session: Session, disputes: str, loss: str
) -> None:
    invoice, payment = paid_invoice(session)
    lost = replace(disputed("lost"), amount=euro(disputes))
    payments.book_disputes(session, payment, [lost], at=AT)
    for _ in range(2):
        payments.book_refunds(session, payment, [gone("119.00")], at=AT)
    [refund] = payments.refunds_of(session, ACME, payment.id)
    assert (refund.state, refund.loss) == (RefundState.DONE, euro(loss))
    assert (owed(session, invoice), balance(session)) == (euro("119.00"), euro("0.00"))
    assert held(session, Account.DISPUTE_LOSSES) == loss
    assert held(session, Account.GATEWAY_CLEARING) == f"-{disputes}"
    asked = {item.kind: item.question for item in review.open_for(session, ACME, refund.id)}
    assert set(asked) == {"refund", "refund_given_twice"}
    assert f"{loss} EUR of payment" in asked["refund_given_twice"]
    assert payments.refundable(session, payment) == euro("0.00")
    assert broken(session) == []


@pytest.mark.parametrize("undone", ["refund failed", "dispute won"])
def test_what_was_given_twice_is_no_loss_once_one_of_the_two_comes_back(
    session: Session, undone: str
) -> None:
    invoice, payment = paid_invoice(session)
    payments.book_disputes(session, payment, [disputed("lost")], at=AT)
    payments.book_refunds(session, payment, [gone("119.00")], at=AT)
    for _ in range(2):
        if undone == "refund failed":
            payments.book_refunds(session, payment, [gone("119.00", status="failed")], at=AT)
        else:
            payments.book_disputes(session, payment, [disputed("won")], at=AT)
    [refund] = payments.refunds_of(session, ACME, payment.id)
    kinds = {item.kind for item in review.open_for(session, ACME, refund.id)}
    assert "refund_given_twice" not in kinds
    assert held(session, Account.DISPUTE_LOSSES) == "0.00"
    assert held(session, Account.GATEWAY_CLEARING) == "0.00"
    assert (owed(session, invoice), balance(session)) == (euro("119.00"), euro("0.00"))
    assert broken(session) == []


def test_one_of_two_disputes_that_turns_leaves_the_question_about_the_other(
    session: Session,
) -> None:
    _, payment = paid_invoice(session)
    one = replace(disputed("lost"), amount=euro("50.00"))
    two = replace(one, dispute_id="du_2", amount=euro("69.00"))
    payments.book_disputes(session, payment, [one, two], at=AT)
    payments.book_refunds(session, payment, [gone("119.00")], at=AT)
    for turned, asks in ((one, {"refund", "refund_given_twice"}), (two, {"refund"})):
        payments.book_disputes(session, payment, [replace(turned, status="won")], at=AT)
        [refund] = payments.refunds_of(session, ACME, payment.id)
        asked = {i.kind: i.question for i in review.open_for(session, ACME, refund.id)}
        assert set(asked) == asks
        left = euro("69.00") if turned is one else euro("0.00")
        assert refund.loss == left
        assert asked.get("refund_given_twice", f"{left} of payment").startswith(f"{left} of")
        assert broken(session) == []


def test_a_refund_that_the_gateway_declines_changes_nothing(session: Session) -> None:
    invoice, payment = paid_invoice(session)
    refund = payments.ask_refund(session, payment, FULL, at=AT)
    payments.refund_declined(session, refund, "Not enough funds.", at=AT)
    assert (refund.state, owed(session, invoice)) == (RefundState.DECLINED, euro("0.00"))
    assert payments.refundable(session, payment) == euro("119.00")
    assert broken(session) == []


def test_money_that_went_after_all_is_booked_whatever_we_were_told_before(
    session: Session,
) -> None:
    invoice, payment = paid_invoice(session)
    refund = payments.ask_refund(session, payment, replace(FULL, reopens=True), at=AT)
    payments.refund_declined(session, refund, "Stripe did not answer for a day.", at=AT)
    payments.book_refunds(session, payment, [gone("119.00", refund.id)], at=AT)
    assert (refund.state, owed(session, invoice)) == (RefundState.DONE, euro("119.00"))
    assert payments.refundable(session, payment) == euro("0.00")
    payments.book_refunds(session, payment, [gone("119.00", refund.id, "failed")], at=AT)
    assert balance(session) == euro("119.00")
    assert broken(session) == []


@pytest.mark.parametrize(
    ("told_of", "state"),
    [(["succeeded", "pending"], RefundState.DONE), (["failed", "pending"], RefundState.FAILED)],
)
def test_an_answer_that_was_overtaken_changes_nothing(
    session: Session, told_of: list[str], state: RefundState
) -> None:
    _, payment = paid_invoice(session)
    refund = payments.ask_refund(session, payment, FULL, at=AT)
    for status in told_of:
        payments.book_refunds(session, payment, [gone("119.00", refund.id, status)], at=AT)
    assert refund.state == state
    assert broken(session) == []


@pytest.mark.parametrize(
    ("told_of", "left", "withdrawn", "asked"),
    [
        (["warning_needs_response"], "0.00", "0.00", ["dispute_opened"]),
        (["needs_response"], "0.00", "119.00", ["dispute_opened"]),
        (["needs_response", "under_review", "won"], "0.00", "0.00", []),
        (["needs_response", "lost"], "119.00", "0.00", ["dispute_lost"]),
        (["lost"], "119.00", "0.00", ["dispute_lost"]),
        (["won"], "0.00", "0.00", []),
        (["warning_needs_response", "warning_closed"], "0.00", "0.00", []),
    ],
)
def test_a_dispute_is_booked_step_by_step_in_any_order(
    session: Session, told_of: list[str], left: str, withdrawn: str, asked: list[str]
) -> None:
    invoice, payment = paid_invoice(session)
    for status in told_of:
        for _ in range(2):
            payments.book_disputes(session, payment, [disputed(status)], at=AT)
    [dispute] = payments.disputes_of(session, ACME, payment.id)
    assert owed(session, invoice) == euro(left)
    assert held(session, Account.DISPUTED) == withdrawn
    assert [item.kind for item in review.open_for(session, ACME, dispute.id)] == asked
    assert broken(session) == []


def test_the_gateways_fee_for_a_dispute_is_booked_once(session: Session) -> None:
    _, payment = paid_invoice(session)
    for fees in (("15.00",), ("15.00",), ("15.00", "-15.00")):
        payments.book_disputes(session, payment, [disputed("won", *fees)], at=AT)
    assert held(session, Account.DISPUTE_FEES) == "0.00"
    assert held(session, Account.GATEWAY_CLEARING) == "119.00"


def test_the_sweep_asks_about_what_the_books_do_not_know(session: Session) -> None:
    _, payment = paid_invoice(session)
    listed = Reversals((gone("19.00"),), (disputed("needs_response"),))
    assert payments.compare_reversals(session, ACME, listed, at=AT) == 1
    assert told(session) == ["ReversalHeard"]
    payments.book_refunds(session, payment, listed.refunds, at=AT)
    payments.book_disputes(session, payment, listed.disputes, at=AT)
    assert payments.compare_reversals(session, ACME, Reversals(), at=AT) == 1
    assert payments.compare_reversals(session, ACME, listed, at=AT) == 0
    later = Reversals((), (replace(disputed("won")),))
    assert payments.compare_reversals(session, ACME, later, at=AT) == 1


def test_what_has_not_ended_is_asked_about_once_a_day_though_nobody_tells(
    session: Session,
) -> None:
    _, payment = paid_invoice(session)
    payments.book_disputes(session, payment, [disputed("needs_response")], at=AT)
    told(session)
    asked = []
    for hours in (1, 2, 30, 31):
        # The gateway's list is of what was made lately; a bank decides in months.
        at = AT + timedelta(hours=hours)
        asked.append(payments.compare_reversals(session, ACME, Reversals(), at=at))
    assert asked == [1, 0, 1, 0]
    payments.book_disputes(session, payment, [disputed("lost")], at=AT)
    at = AT + timedelta(days=5)
    assert payments.compare_reversals(session, ACME, Reversals(), at=at) == 0


def test_a_dispute_that_is_won_leaves_the_money_to_be_given_back(session: Session) -> None:
    _, payment = paid_invoice(session)
    payments.book_disputes(session, payment, [disputed("needs_response")], at=AT)
    assert payments.refundable(session, payment) == euro("0.00")
    payments.book_disputes(session, payment, [disputed("won")], at=AT)
    assert payments.refundable(session, payment) == euro("119.00")
    refund = payments.ask_refund(session, payment, FULL, at=AT)
    payments.book_refunds(session, payment, [gone("119.00", refund.id)], at=AT)
    assert broken(session) == []


def test_a_prepayment_that_a_refund_has_used_is_undone_and_no_balance_is_below_zero(
    session: Session,
) -> None:
    invoice, by_card = paid_invoice(session)
    asked = invoices.Prepayment(
        "crq_1", "CR-1", euro("119.00"), "pay@zoo.example", AT.date(), AT.date(), None, None
    )
    request = invoices.ask_to_prepay(session, zoo(session), asked, at=AT)
    said = replace(SAID, amount=euro("119.00"))
    prepaid = payments.register(session, zoo(session), request, said, at=AT)
    assert balance(session) == euro("119.00")
    payments.book_refunds(session, by_card, [gone("119.00")], at=AT)
    assert (owed(session, invoice), balance(session)) == (euro("0.00"), euro("0.00"))
    payments.undo(session, prepaid, because="a cheque without cover", by="bob", at=AT)
    assert (owed(session, invoice), balance(session)) == (euro("119.00"), euro("0.00"))
    assert broken(session) == []
