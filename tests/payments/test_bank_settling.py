"""Bank entries settled: what they pay, what waits, and what is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, told, zoo
from tests.payments.bank import DAY, book, entry, record, settle, statement, unsound
from tests.payments.test_crediting import euro, owed
from tests.payments.test_registering import SAID, held
from worker import customers, payments, review
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.ledger import Account
from worker.payments import Announcement, BankEntry, Method, Outcome, Payment, PaymentState

APPLIED, UNAPPLIED, UNIDENTIFIED = Outcome.APPLIED, Outcome.UNAPPLIED, Outcome.UNIDENTIFIED
RECOGNISED = Outcome.RECOGNISED
QR_REFERENCE = "21 00000 00003 13947 14300 09017"


def other(session: Session) -> Customer:
    details = customers.Details("Bear Ltd", "K-1008", None)
    return customers.add(session, ACME, details, by="test", at=AT)


def announce(
    session: Session,
    customer: Customer,
    amount: str,
    *shares: tuple[Invoice, str],
    reference: str = "",
) -> Payment:
    proposed = [(item.id, euro(part)) for item, part in shares]
    memo = Announcement(euro(amount), Method.BANK_TRANSFER, proposed, reference=reference)
    return payments.announce(session, customer, memo, at=AT)


def _invoices(session: Session) -> dict[str, Invoice]:
    buyer = {"name": "Bear Ltd", "email": "bear@bear.example"}
    zoo(session)
    other(session)
    return {
        "RE-1001": issue(session, number="RE-1001"),
        "RE-1002": issue(session, number="RE-1002"),
        "7": issue(session, number="7"),
        "RE-2001": issue(session, number="RE-2001", buyer=buyer),
        "RE-3001": issue(
            session, number="RE-3001", payment_reference="210000000003139471430009017"
        ),
    }


@pytest.mark.parametrize(
    ("amount", "said", "outcome", "left"),
    [
        # Exactly what is open, the number as written, cut in two, without its dash, in a sentence.
        ("119.00", {"text": "Rechnung RE-1001"}, APPLIED, {"RE-1001": "0.00"}),
        ("119.00", {"text": "RE-10 01"}, APPLIED, {"RE-1001": "0.00"}),
        ("119.00", {"text": "SVWZ+re 1001 DATUM 20.11.2026"}, APPLIED, {"RE-1001": "0.00"}),
        ("119.00", {"creditor_reference": "RF18RE-1001"}, APPLIED, {"RE-1001": "0.00"}),
        ("119.00", {"creditor_reference": QR_REFERENCE}, APPLIED, {"RE-3001": "0.00"}),
        # Part, over, several.
        ("100.00", {"text": "RE-1001"}, APPLIED, {"RE-1001": "19.00"}),
        ("150.00", {"text": "RE-1001"}, APPLIED, {"RE-1001": "0.00"}),
        ("238.00", {"text": "RE-1001, RE-1002"}, APPLIED, {"RE-1001": "0.00", "RE-1002": "0.00"}),
        ("238.00", {"text": "RE-1001/RE-1002"}, APPLIED, {"RE-1001": "0.00", "RE-1002": "0.00"}),
        ("237.00", {"text": "RE-1001 RE-1002"}, UNAPPLIED, {}),
        # A short number only with its very amount, and never by chance.
        ("119.00", {"text": "Invoice 7"}, APPLIED, {"7": "0.00"}),
        ("118.00", {"text": "Invoice 7"}, UNIDENTIFIED, {}),
        ("119.00", {"text": "RE-7-1"}, UNIDENTIFIED, {}),
        # Whose it is: by name, by number; and against what it says.
        ("119.00", {"text": "hello", "counterparty_name": "ZOO AG"}, UNAPPLIED, {}),
        ("119.00", {"text": "customer K-1008"}, UNAPPLIED, {}),
        ("119.00", {"text": "RE-1001", "counterparty_name": "Ann"}, APPLIED, {"RE-1001": "0.00"}),
        ("119.00", {"text": "RE-1001", "counterparty_name": "Bear Ltd"}, UNIDENTIFIED, {}),
        ("238.00", {"text": "RE-1001 RE-2001"}, UNIDENTIFIED, {}),
        ("119.00", {"text": "RE-9999"}, UNIDENTIFIED, {}),
        ("119.00", {"text": ""}, UNIDENTIFIED, {}),
        ("119.00", {"text": "STRIPE PAYOUT"}, Outcome.PAYOUT, {}),
        # What goes out is no customer's.
        ("-119.00", {"text": "RE-1001"}, Outcome.NOTED, {}),
        ("119.00", {"text": "RE-1001", "is_reversal": True}, Outcome.NOTED, {}),
    ],
)  # fmt: skip
def test_an_entry_pays_what_it_names_for_certain(
    session: Session, amount: str, said: dict[str, Any], outcome: Outcome, left: dict[str, str]
) -> None:
    items = _invoices(session)
    assert book(session, statement(entry(amount, **said))) == {outcome: 1}
    for number, item in items.items():
        assert owed(session, item) == euro(left.get(number, "119.00")), number
    assert unsound(session) == []
    is_asked = outcome in (UNAPPLIED, UNIDENTIFIED)
    assert len(review.open_of_kind(session, ACME, "bank_entries")) == is_asked
    has_customer = outcome in (APPLIED, UNAPPLIED)
    assert told(session).count("PaymentSettled") == has_customer


def test_what_is_over_stands_as_unapplied_cash(session: Session) -> None:
    _invoices(session)
    book(session, statement(entry("150.00", "RE-1001")))
    assert held(session, Account.UNAPPLIED_CASH) == "-31.00"
    assert held(session, Account.BANK) == "150.00"


def test_nobodys_money_is_found_an_owner_by_applying_it(session: Session) -> None:
    items = _invoices(session)
    book(session, statement(entry("119.00", "hello")))
    [payment] = payments.unapplied(session, ACME, payments.UNAPPLIED_EVIDENCE)
    assert (payment.customer_id, held(session, Account.UNIDENTIFIED_CASH)) == (None, "-119.00")
    told(session)
    payments.allocate(session, payment, items["RE-2001"], None, by="ann", at=AT)
    assert payment.customer_id == items["RE-2001"].customer_id
    assert held(session, Account.UNIDENTIFIED_CASH) == "0.00"
    assert owed(session, items["RE-2001"]) == euro("0.00")
    assert told(session) == ["PaymentSettled"]
    assert unsound(session) == []


@pytest.mark.parametrize(
    ("announced", "said", "state"),
    [
        (("119.00", ""), {"text": "x", "counterparty_name": "Zoo AG"}, "settled"),
        (("119.00", "PAY-2026-77"), {"text": "pay-2026-77"}, "settled"),
        (("119.00", "PAY-2026-77"), {"text": "nothing"}, "announced"),
        (("119.01", ""), {"text": "x", "counterparty_name": "Zoo AG"}, "announced"),
        (("119.00", ""), {"text": "x", "counterparty_name": "Bear Ltd"}, "announced"),
    ],
)
def test_an_announced_payment_is_settled_by_its_entry_once(
    session: Session, announced: tuple[str, str], said: dict[str, Any], state: str
) -> None:
    _invoices(session)
    customer = customers.by_number(session, ACME, "7")
    assert customer
    payment = announce(session, customer, announced[0], reference=announced[1])
    book(session, statement(entry("119.00", **said), entry("119.00", **said)))
    assert payment.state == state
    assert len(payments.newest(session, ACME, limit=9)) == (2 if state == "settled" else 3)
    assert unsound(session) == []


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"text": "x", "counterparty_name": "Zoo AG"}, {"RE-1001": "19.00", "RE-1002": "0.00"}),
        ({"text": "RE-1002"}, {"RE-1001": "19.00", "RE-1002": "0.00"}),
        ({"text": "Invoice RE-3001"}, {"RE-3001": "0.00"}),
    ],
)
def test_what_was_announced_goes_to_what_it_was_announced_for(
    session: Session, said: dict[str, Any], left: dict[str, str]
) -> None:
    items = _invoices(session)
    customer = customers.by_number(session, ACME, "7")
    assert customer
    shares = ((items["RE-1001"], "100.00"), (items["RE-1002"], "119.00"))
    payment = announce(session, customer, "219.00", *shares)
    assert book(session, statement(entry("219.00", **said))) == {APPLIED: 1}
    for number, item in items.items():
        assert owed(session, item) == euro(left.get(number, "119.00")), number
    assert payment.state == ("settled" if "RE-1001" in left else "announced")
    assert unsound(session) == []


def test_two_announcements_that_explain_it_as_well_are_left_to_a_person(session: Session) -> None:
    _invoices(session)
    customer = customers.by_number(session, ACME, "7")
    assert customer
    both = [announce(session, customer, "119.00") for _ in range(2)]
    assert book(session, statement(entry("119.00", counterparty_name="Zoo AG"))) == {UNAPPLIED: 1}
    assert {payment.state for payment in both} == {"announced"}
    [item] = review.open_of_kind(session, ACME, "bank_entries")
    assert all(payment.id in item.evidence["entry_1"] for payment in both)


@pytest.mark.parametrize(
    ("said", "text", "outcomes"),
    [
        (SAID, "RE-1001", {RECOGNISED: 1, APPLIED: 1}),
        (replace(SAID, reference="TAN 4711"), "Tan 4711", {RECOGNISED: 1, UNIDENTIFIED: 1}),
        (replace(SAID, paid_on=DAY - timedelta(days=8)), "RE-1001", {APPLIED: 1, UNAPPLIED: 1}),
        (SAID, "RE-1002", {APPLIED: 2}),
        (replace(SAID, method=payments.Method.CASH), "RE-1001", {APPLIED: 1, UNAPPLIED: 1}),
    ],
)  # fmt: skip
def test_a_payment_that_staff_registered_is_not_paid_twice_and_two_real_ones_are_kept(
    session: Session, said: payments.Registration, text: str, outcomes: dict[Outcome, int]
) -> None:
    items = _invoices(session)
    customer = customers.by_number(session, ACME, "7")
    assert customer
    payments.register(session, customer, items["RE-1001"], said, at=AT)
    equal = (entry("100.00", text), entry("100.00", text))
    assert book(session, statement(*equal)) == outcomes
    assert unsound(session) == []


def test_undoing_what_the_bank_proved_has_its_line_settled_anew(session: Session) -> None:
    items = _invoices(session)
    customer = customers.by_number(session, ACME, "7")
    assert customer
    payment = payments.register(session, customer, items["RE-1001"], SAID, at=AT)
    done = record(session, statement(entry("100.00", "RE-1001")))
    assert settle(session, done) == {RECOGNISED: 1}
    payments.undo(session, payment, because="wrong", by="ann", at=AT)
    assert settle(session, done) == {APPLIED: 1}
    assert owed(session, items["RE-1001"]) == euro("19.00")
    assert unsound(session) == []


def test_what_came_by_bank_is_not_undone_by_hand(session: Session) -> None:
    _invoices(session)
    settle(session, record(session, statement(entry("119.00", "RE-1001"))))
    payment = session.scalars(select(Payment)).one()
    with pytest.raises(Refused, match="the bank's file"):
        payments.undo(session, payment, because="wrong", by="ann", at=AT)


@pytest.mark.parametrize("is_first", [True, False])
def test_what_the_bank_takes_back_is_open_again_also_when_it_tells_that_first(
    session: Session, *, is_first: bool
) -> None:
    items = _invoices(session)
    paid = statement(entry("119.00", "RE-1001", end_to_end_id="E2E-1"))
    back = entry(
        "-119.00", "return", on=DAY + timedelta(days=1), end_to_end_id="E2E-1", is_reversal=True
    )
    taken = statement(back, opening="1119.00", number="2")
    for told_now in (taken, paid) if is_first else (paid, taken):
        book(session, told_now)
    assert owed(session, items["RE-1001"]) == euro("119.00")
    assert [p.state for p in payments.newest(session, ACME, limit=9)] == [PaymentState.RETURNED]
    assert (held(session, Account.BANK), held(session, Account.UNAPPLIED_CASH)) == ("0.00", "0.00")
    assert "PaymentReturned" in told(session)
    assert unsound(session) == []


def test_a_reversal_that_fits_two_credits_is_left_to_a_person(session: Session) -> None:
    _invoices(session)
    same: dict[str, Any] = {"counterparty_account": "DE89370400440532013000"}
    paid = [entry("119.00", number, **same) for number in ("RE-1001", "RE-1002")]
    back = entry("-119.00", "", is_reversal=True, **same)
    assert book(session, statement(*paid, back)) == {APPLIED: 2, Outcome.LOST: 1}
    assert review.open_of_kind(session, ACME, "bank_entries")


def test_the_payments_inside_an_entry_are_settled_each(session: Session) -> None:
    items = _invoices(session)
    inside = [entry("119.00", n, end_to_end_id=n).details[0] for n in ("RE-1001", "RE-1002")]
    assert book(session, statement(entry("238.00", details=tuple(inside)))) == {APPLIED: 2}
    assert owed(session, items["RE-1001"]) == owed(session, items["RE-1002"]) == euro("0.00")
    broken_down = entry("200.00", details=tuple(inside))
    assert book(session, statement(broken_down, opening="1238.00")) == {UNIDENTIFIED: 1}
    assert unsound(session) == []


def test_an_item_with_an_open_page_waits_and_then_its_money_is_kept(session: Session) -> None:
    items = _invoices(session)
    payments.begin(session, items["RE-1001"], link_id="lnk", at=AT)
    told(session)
    done = record(session, statement(entry("119.00", "RE-1001")))
    found = payments.settle_entries(session, ACME, done[0].statement_ids[0], at=AT)
    assert (found.is_empty, found.blocked) == (True, {items["RE-1001"].id})
    assert "CheckoutUnwanted" in told(session)
    assert settle(session, done, insist=True) == {UNAPPLIED: 1}
    assert owed(session, items["RE-1001"]) == euro("119.00")
    assert unsound(session) == []


def test_a_known_payers_account_tells_the_customer(session: Session) -> None:
    _invoices(session)
    iban: dict[str, Any] = {"counterparty_account": "DE89370400440532013000"}
    first = entry("119.00", "RE-1001", **iban)
    later = entry("55.00", "thanks", on=date(2026, 11, 21), **iban)
    assert book(session, statement(first)) == {APPLIED: 1}
    assert book(session, statement(later, opening="1119.00")) == {UNAPPLIED: 1}
    kept = session.scalars(select(BankEntry).where(BankEntry.outcome == UNAPPLIED.value)).one()
    assert kept.because == "The customer is known, but no invoice is named."
