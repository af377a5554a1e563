"""Payouts that fail after they were paid, and those that nothing ends; and who is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.books import ACME, AT, told
from tests.payments.bank import book, entry, statement, unsound
from tests.payments.test_crediting import euro
from tests.payments.test_payouts import CHARGE, ON, PAYOUT, weigh
from tests.payments.test_registering import held
from tests.payments.test_reversals import disputed, gone, paid_invoice
from worker import payments, review, store
from worker.kernel.errors import PermanentError, Refused, TransientError
from worker.ledger import Account
from worker.payments import Payment, PayoutFacts, PayoutPart
from worker.payments.bank_invariants import payouts_are_posted_as_they_stand

FAILED = replace(PAYOUT, is_paid=False, has_failed=True, failure="The account is closed.")
BACK = PayoutPart(
    "txn_9", "payout_failure", euro("116.96"), euro("0.00"), euro("116.96"), "po_1", None
)


def meet(session: Session, days: int = 0) -> int:
    return payments.reconcile_payouts(session, ACME, at=AT + timedelta(days=days))


def fail(session: Session) -> None:
    payments.payout_failed(session, ACME, FAILED, at=AT)


def line(session: Session) -> None:
    book(session, statement(entry("116.96", "STRIPE PAYOUT po_1", reference="B-1")))


def line_taken_back(session: Session) -> None:
    back = entry("-116.96", "STRIPE PAYOUT po_1", reference="B-1", is_reversal=True)
    book(session, statement(back, opening="1116.96", number="2"))


def of_bank(session: Session) -> Payment:
    [payment] = [p for p in payments.newest(session, ACME, limit=9) if p.customer_id is None]
    return payment


def asked(session: Session, subject: str = "po_1") -> dict[str, review.WorkItem]:
    return {item.kind: item for item in review.open_for(session, ACME, subject)}


def test_a_payout_that_fails_before_the_bank_tells_of_it_is_stripes_again(session: Session) -> None:
    paid_invoice(session)
    payout, _ = weigh(session, CHARGE)
    for _ in range(2):
        fail(session)
        meet(session)
    assert (payments.payout_state(payout), list(asked(session))) == ("failed", ["payout_failed"])
    assert "The account is closed." in asked(session)["payout_failed"].question
    # What it was made of is at Stripe still, less what Stripe keeps of it.
    assert held(session, Account.GATEWAY_CLEARING) == "116.96"
    assert held(session, Account.PROCESSING_COST) == "2.04"
    assert unsound(session) == []


def test_a_payout_that_fails_after_it_was_met_makes_its_line_nobodys_again(
    session: Session,
) -> None:
    paid_invoice(session)
    line(session)
    payout, _ = weigh(session, CHARGE)
    assert meet(session) == 1
    for _ in range(2):
        fail(session)
        assert meet(session, days=4) == 0
    item = asked(session)["payout_failed"]
    assert item.evidence["bank_says"].startswith("STRIPE PAYOUT po_1")
    assert item.evidence["payment"] == of_bank(session).id
    assert f"tillmail payments allocate {of_bank(session).id} INVOICE" in item.choices
    assert payments.payout_state(payout) == "failed"
    assert held(session, Account.GATEWAY_CLEARING) == "116.96"
    assert held(session, Account.UNIDENTIFIED_CASH) == "-116.96"
    assert payments.rest(session, of_bank(session)) == euro("116.96")
    assert unsound(session) == []


def test_a_line_that_names_a_failed_payout_is_no_others(session: Session) -> None:
    paid_invoice(session)
    fail(session)
    weigh(session, CHARGE)
    weigh(session, BACK, payout=replace(PAYOUT, payout_id="po_2"))
    line(session)
    assert meet(session, days=4) == 0
    [item] = review.open_of_kind(session, ACME, "payout_unknown")
    assert "A payout of this amount failed" in item.question
    assert unsound(session) == []


def test_staff_may_say_that_the_line_of_a_failed_payout_is_anothers(session: Session) -> None:
    paid_invoice(session)
    book(session, statement(entry("116.96", "STRIPE PAYOUT")))
    weigh(session, CHARGE)
    meet(session)
    with pytest.raises(Refused, match="is reconciled"):
        payments.release_payout(session, ACME, "po_1", by="ann", at=AT)
    fail(session)
    weigh(session, BACK, payout=replace(PAYOUT, payout_id="po_2"))
    assert meet(session) == 0, "Nobody but a person takes the line from it."
    payments.release_payout(session, ACME, "po_1", by="ann", at=AT)
    with pytest.raises(Refused, match="No line"):
        payments.release_payout(session, ACME, "po_1", by="ann", at=AT)
    assert (meet(session), asked(session)) == (1, {})
    assert held(session, Account.GATEWAY_CLEARING) == "0.00"
    assert held(session, Account.UNIDENTIFIED_CASH) == "0.00"
    assert unsound(session) == []


# The bank takes a line back only after it brought it.
_ORDERS = [order for order in permutations("wlfb") if order.index("l") < order.index("b")]


@pytest.mark.parametrize("order", _ORDERS)
def test_bank_and_stripe_may_tell_of_a_failure_in_any_order(
    session: Session, order: tuple[str, ...]
) -> None:
    paid_invoice(session)
    steps: dict[str, Callable[[Session], Any]] = {
        "w": lambda s: weigh(s, CHARGE),
        "l": line,
        "f": fail,
        "b": line_taken_back,
    }
    for step in order:
        steps[step](session)
        meet(session)
    assert payouts_are_posted_as_they_stand(session) == []
    weigh(session, CHARGE)
    assert held(session, Account.GATEWAY_CLEARING) == "116.96"
    assert (held(session, Account.BANK), held(session, Account.UNIDENTIFIED_CASH)) == (
        "0.00",
        "0.00",
    )
    assert held(session, Account.PROCESSING_COST) == "2.04"
    assert unsound(session) == []


def test_the_next_payout_takes_the_money_of_a_failed_one_along(session: Session) -> None:
    paid_invoice(session)
    weigh(session, CHARGE)
    fail(session)
    later = replace(PAYOUT, payout_id="po_2", arrives_on=ON + timedelta(days=9))
    assert weigh(session, BACK, payout=later)[0].problem is None
    again = entry("116.96", "STRIPE po_2", on=ON + timedelta(days=9))
    book(session, statement(again))
    assert meet(session) == 1
    assert held(session, Account.GATEWAY_CLEARING) == "0.00"
    assert unsound(session) == []


def test_bank_and_stripe_at_the_same_moment_undo_a_payout_once(postgres_books: Engine) -> None:
    with store.transaction(postgres_books) as session:
        paid_invoice(session)
        line(session)
        weigh(session, CHARGE)
        meet(session)

    def bank_tells() -> None:
        with store.transaction(postgres_books) as other:
            line_taken_back(other)

    with ThreadPoolExecutor(1) as pool:
        with store.transaction(postgres_books) as session:
            fail(session)
            session.flush()
            done = pool.submit(bank_tells)
            _await_that_somebody_waits(session, done)
        done.result(10)
    with store.reading(postgres_books) as session:
        assert held(session, Account.GATEWAY_CLEARING) == "116.96"
        assert unsound(session) == []


def _await_that_somebody_waits(session: Session, done: Future[None]) -> None:
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not done.done() and not session.scalar(waits):
        wait([done], 0.01)


def test_what_came_back_of_a_payout_is_weighed_by_its_amount(session: Session) -> None:
    later = replace(PAYOUT, payout_id="po_2")
    assert "failed is not here" in (weigh(session, BACK, payout=later)[0].problem or "")
    fail(session)
    less = replace(BACK, amount=euro("16.96"), net=euro("16.96"))
    found, _ = weigh(session, less, payout=replace(later, amount=euro("16.96")))
    assert "(payout_failure po_1, 16.96 EUR) came back, the books say 116.96 EUR" in (
        found.problem or ""
    )


def test_what_does_not_add_up_is_asked_once_and_anew_when_it_changes(session: Session) -> None:
    _, payment = paid_invoice(session)
    payments.book_refunds(session, payment, [gone("19.00")], at=AT)
    told(session)
    none = euro("0.00")
    other = PayoutPart("txn_2", "refund", euro("-29.00"), none, euro("-29.00"), "re_1", "pi_1")
    payout = replace(PAYOUT, amount=euro("87.96"))
    found, _ = weigh(session, CHARGE, other, payout=payout)
    assert "moved -29.00 EUR, the books say 19.00 EUR for refund ref_" in (found.problem or "")
    assert f"tillmail payments show {payment.id}" in (found.problem or "")
    review.settle(session, ACME, "po_1", answer="done", by="ann", at=AT)
    weigh(session, CHARGE, other, payout=payout)
    assert asked(session) == {}
    assert told(session) == ["WorkItemOpened"]
    unheard = replace(other, source_id="re_2")
    found, _ = weigh(session, CHARGE, unheard, payout=payout)
    assert "is not booked yet; Stripe is asked for it now" in (found.problem or "")
    assert list(asked(session)) == ["payout_mismatch"]
    assert told(session) == ["ReversalHeard", "WorkItemOpened"]


@pytest.mark.parametrize(
    ("status", "part", "reason"),
    [
        ("needs_response", {}, None),
        ("won", {"amount": "119.00", "fee": "0.00", "part_id": "txn_7"}, None),
        ("needs_response", {"amount": "-109.00"}, "moved -109.00 EUR, the books say -119.00 EUR"),
        ("needs_response", {"fee": "15.00"}, "cost 15.00 EUR, the books say 20.00 EUR"),
        ("needs_response", {"part_id": "txn_7"}, "is not booked yet"),
        ("warning_needs_response", {}, "is not booked yet"),
        ("needs_response", {"amount": "119.00", "fee": "0.00"}, "is not booked yet"),
        ("lost", {"amount": "119.00", "fee": "0.00", "part_id": "txn_7"}, "is not booked yet"),
    ],
)
def test_a_dispute_in_a_payout_is_weighed_by_its_amount_and_fee(
    session: Session, status: str, part: dict[str, str], reason: str | None
) -> None:
    _, payment = paid_invoice(session)
    payments.book_disputes(session, payment, [disputed(status, "20.00")], at=AT)
    said = {"part_id": "txn_0", "amount": "-119.00", "fee": "20.00"} | part
    amount, fee = euro(said["amount"]), euro(said["fee"])
    moved = PayoutPart(said["part_id"], "adjustment", amount, fee, amount - fee, "du_1", "pi_1")
    found, _ = weigh(session, moved, payout=replace(PAYOUT, amount=moved.net))
    assert (found.problem is None) == (reason is None)
    assert (reason or "") in (found.problem or "")


def test_a_payout_without_a_line_is_asked_about_once_the_bank_has_told_of_its_days(
    session: Session,
) -> None:
    paid_invoice(session)
    weigh(session, CHARGE)
    meet(session, days=90)
    assert asked(session) == {}
    book(session, statement(entry("1.00", "x", on=ON + timedelta(days=11))))
    for _ in range(2):
        meet(session, days=90)
        assert list(asked(session)) == ["payout_unmet"]
    review.settle(session, ACME, "po_1", answer="done", by="ann", at=AT)
    meet(session, days=91)
    assert asked(session) == {}


def test_a_line_of_a_payout_is_asked_about_once_and_no_more_when_it_is_taken_back(
    session: Session,
) -> None:
    paid_invoice(session)
    fail(session)
    line(session)
    meet(session, days=4)
    [item] = review.open_of_kind(session, ACME, "payout_unknown")
    assert "A payout of this amount failed" in item.question
    line_taken_back(session)
    meet(session, days=5)
    assert review.open_of_kind(session, ACME, "payout_unknown") == []
    assert unsound(session) == []


@pytest.mark.parametrize(
    ("error", "hours", "kinds"),
    [
        (PermanentError("No such payout."), (0,), ["payout_mismatch"]),
        (TransientError("Stripe is away."), (0, 1), []),
        (TransientError("Stripe is away."), (0, 24, 25), ["payout_mismatch"]),
    ],
)
def test_a_payout_that_cannot_be_weighed_is_named_and_after_a_day_asked_about(
    session: Session, error: Any, hours: tuple[int, ...], kinds: list[str]
) -> None:
    paid_invoice(session)
    for hour in hours:
        at = AT + timedelta(hours=hour)
        payments.payout_not_weighed(session, ACME, PAYOUT, error, at=at)
    [payout] = payments.payouts(session, ACME, limit=9)
    assert payout.problem == f"It could not be weighed: {error}"
    assert list(asked(session)) == kinds
    assert weigh(session, CHARGE) == (payout, [])
    assert payout.problem is None


def test_a_payout_that_stripe_still_lists_is_waited_for(session: Session) -> None:
    paid_invoice(session)
    early = replace(PAYOUT, is_itemised=False, is_being_itemised=True)
    payout, kinds = weigh(session, payout=early)
    assert (payments.payout_state(payout), kinds) == ("does not add up", [])
    assert "Stripe is not done yet" in (payout.problem or "")
    assert payments.payouts_to_weigh(session, ACME, [PAYOUT]) == [PAYOUT]
    assert weigh(session, CHARGE)[0].problem is None


def test_what_no_list_has_any_more_is_followed_until_it_adds_up_or_somebody_answers(
    session: Session,
) -> None:
    paid_invoice(session)
    strange = replace(CHARGE, intent_id="pi_other")
    for name in ("po_1", "po_2", "po_3"):
        weigh(session, strange, payout=replace(PAYOUT, payout_id=name))
    listed = [replace(PAYOUT, payout_id="po_3")]

    def followed(days: int) -> list[str]:
        at = AT + timedelta(days=days)
        return payments.payouts_to_follow(session, ACME, listed, at=at)

    assert (followed(40), followed(40), followed(41)) == (["po_1", "po_2"], [], ["po_1", "po_2"])
    review.settle(session, ACME, "po_2", answer="done", by="ann", at=AT)
    assert followed(42) == ["po_1"]
    weigh(session, CHARGE)
    assert followed(43) == []


def test_after_a_long_pause_the_list_begins_where_it_was_left(session: Session) -> None:
    paid_invoice(session)
    assert payments.payouts_listed_since(session, ACME, at=AT) == AT - timedelta(days=30)
    weigh(session, CHARGE)
    assert payments.payouts_listed_since(session, ACME, at=AT) == AT - timedelta(days=30)
    since = payments.payouts_listed_since(session, ACME, at=AT + timedelta(days=90))
    assert since.date() == ON - timedelta(days=14)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (PAYOUT, False),
        (FAILED, True),
        (replace(FAILED, payout_id="po_new"), True),
        (replace(PAYOUT, payout_id="po_way", is_paid=False), False),
    ],
)
def test_a_payout_that_adds_up_is_weighed_again_only_when_it_failed(
    session: Session, facts: PayoutFacts, wanted: bool
) -> None:
    paid_invoice(session)
    weigh(session, CHARGE)
    assert payments.payouts_to_weigh(session, ACME, [facts]) == ([facts] if wanted else [])
    if facts == FAILED:
        fail(session)
        assert payments.payouts_to_weigh(session, ACME, [facts]) == []


def test_one_made_by_hand_that_failed_is_told_and_needs_no_more(session: Session) -> None:
    paid_invoice(session)
    by_hand = replace(PAYOUT, is_itemised=False)
    assert weigh(session, payout=by_hand)[1] == ["payout_mismatch"]
    failed = replace(FAILED, is_itemised=False)
    payments.payout_failed(session, ACME, failed, at=AT)
    assert list(asked(session)) == ["payout_failed"]
    assert payments.payouts_to_weigh(session, ACME, [failed]) == []
    assert held(session, Account.GATEWAY_CLEARING) == "119.00"
    assert unsound(session) == []
