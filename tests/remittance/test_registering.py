"""A payer's word in the books: announced, answered, settled once, corrected or lapsed."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from tests.actors.desk import MARA, NORTHLIGHT, Desk, letter, opened
from tests.flows.papers import Paper, forward
from tests.remittance.claims import ANN, held, owed, tell
from worker import customers, invoices, payments, remittance
from worker.delivery import Notice
from worker.invoices import Invoice
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import Method, Payment, Registration
from worker.remittance import Advice
from worker.review import WorkItem

EVE = "Eve <eve@evil.example>"


PAID_ONE = "We have paid invoice F-7001 today: 119.00 EUR by bank transfer."
PAID_BOTH = """We have transferred 357.00 EUR today for these invoices:

F-7001  119.00 EUR
F-7002  238.00 EUR
Total   357.00 EUR
"""


def test_a_sure_claim_is_a_memo_that_posts_nothing_and_is_answered(desk: Desk) -> None:
    before = held(desk)
    [advice] = tell(desk, PAID_ONE)
    payment = desk.one(Payment)
    assert (advice.state, payment.state, str(payment.amount)) == (
        "announced",
        "announced",
        "119.00 EUR",
    )
    assert (held(desk), owed(desk, "F-7001")) == (before, "119.00")
    noted = desk.one(Notice, kind="remittance_noted")
    assert noted.recipient == "accounts@brightwater.example"
    [item] = noted.context["items"]
    assert (item["number"], item["still_to_pay"]["minor"]) == ("F-7001", 0)
    assert desk.question("remittance_received").recipient == "mara@northlight.example"
    with desk.app.reading() as s:
        item_id = desk.invoice("F-7001").id
        [(found, amount)] = payments.announced_for(s, NORTHLIGHT, [item_id])[item_id]
    assert (found.id, str(amount)) == (payment.id, "119.00 EUR")
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("words", "states", "left"),
    [
        ("received", ("settled", "settled"), ("0.00", "0.00", 0)),
        ("Eingegangen, danke", ("settled", "settled"), ("0.00", "0.00", 0)),
        ("received 400.00", ("settled", "settled"), ("0.00", "0.00", 4300)),
        ("F-7001 119.00\nF-7002 200,00", ("settled", "settled"), ("0.00", "38.00", 0)),
        ("not received", ("withdrawn", "withdrawn"), ("119.00", "238.00", 0)),
        ("received 300.00", ("announced", "announced"), ("119.00", "238.00", 0)),
        ("hm", ("announced", "announced"), ("119.00", "238.00", 0)),
    ],
)
def test_finance_settles_with_a_word(
    desk: Desk, words: str, states: tuple[str, str], left: tuple[str, str, int]
) -> None:
    [advice] = tell(desk, PAID_BOTH)
    question = desk.question("remittance_received")
    for _ in range(2):
        desk.answer(question, words)
    advice, payment = desk.one(Advice, id=advice.id), desk.one(Payment)
    assert (advice.state, payment.state) == states
    unapplied = -held(desk).get("unapplied_cash", 0)
    assert (owed(desk, "F-7001"), owed(desk, "F-7002"), unapplied) == left
    if advice.state == "settled":
        assert payment.registered_by == "mara@northlight.example"
        assert desk.one(Notice, kind="receipt").recipient == "accounts@brightwater.example"
    assert desk.broken() == []


def test_a_stranger_with_the_address_of_a_question_settles_nothing(desk: Desk) -> None:
    tell(desk, PAID_ONE)
    desk.answer(desk.question("remittance_received"), "received", sender=EVE)
    assert desk.one(Payment).state == "announced"


def test_received_in_a_mail_that_answers_nothing_settles_nothing(desk: Desk) -> None:
    tell(desk, PAID_ONE)
    desk.take(letter("received F-7001"))
    assert desk.one(Payment).state == "announced"
    assert desk.said() == ["That is not done by mail"]


def test_the_same_advice_again_is_known(desk: Desk) -> None:
    tell(desk, PAID_ONE)
    for again in range(4):
        [advice] = tell(desk, PAID_ONE, ANN if again % 2 else MARA)
        assert advice.state == "duplicate"
    assert len(desk.all(Payment)) == 1
    assert len(desk.all(Notice, kind="remittance_noted")) == 1
    desk.answer(desk.question("remittance_received"), "received")
    [advice] = tell(desk, PAID_ONE)
    assert advice.state == "duplicate"
    assert desk.broken() == []


def test_a_colleague_may_pass_a_claim_on_and_a_number_says_whose_it_is(desk: Desk) -> None:
    [advice] = tell(desk, PAID_ONE, MARA)
    assert advice.state == "announced"
    assert desk.all(Notice, kind="remittance_noted") == []


def passed_on(words: str, writer: str = ANN, note: str = "Please book this.") -> str:
    """A mail program's forward, as plain text."""
    head = f"From: {writer}\nDate: Mon, Nov 23, 2026 at 9:14 AM\nSubject: Payment\nTo: {MARA}"
    return f"{note}\n\n---------- Forwarded message ---------\n{head}\n\n\n{words}"


@pytest.mark.parametrize(
    ("words", "sender", "state", "noted"),
    [
        (passed_on(PAID_ONE), MARA, "announced", 1),
        (passed_on(PAID_BOTH, note=""), MARA, "announced", 1),
        (passed_on(PAID_ONE, EVE), MARA, "announced", 0),
        (passed_on(PAID_ONE, note="This is not for our company."), MARA, "review", 0),
        (passed_on(PAID_ONE), "Carl <carl@other.example>", "review", 0),
        (passed_on(PAID_ONE), ANN, "review", 0),
    ],
)
def test_an_advice_passed_on_in_a_mails_text_is_the_payers_own(
    desk: Desk, words: str, sender: str, state: str, noted: int
) -> None:
    [advice] = tell(desk, words, sender)
    assert advice.state == state
    if sender == MARA and "not for our" not in words:
        assert advice.written_by in (ANN.split("<")[1][:-1], EVE.split("<")[1][:-1])
    assert len(desk.all(Notice, kind="remittance_noted")) == noted
    assert desk.broken() == []


@pytest.mark.parametrize(
    "words",
    [
        passed_on("We changed our bank. Please pay to our new bank account DE02 1203 from now on."),
        passed_on("Please find our invoice F-7001 over 119.00 EUR.", MARA),
    ],
)
def test_what_else_is_passed_on_announces_nothing(desk: Desk, words: str) -> None:
    mail = desk.take(letter(words, sender=MARA, subject="Fwd: Payment"))
    assert (mail.kind != "remittance", desk.all(Payment)) == (True, [])


@pytest.mark.parametrize(
    ("words", "sender", "reason"),
    [
        (PAID_ONE, EVE, "only the numbers point to a customer"),
        (PAID_ONE.replace("F-7001", "F-9999"), EVE, "nobody on file"),
        (PAID_ONE.replace("119.00", "110.00"), ANN, "of which 119.00 EUR is open"),
        (PAID_ONE.replace("F-7001", "F-7009"), ANN, "is no item of this payer"),
    ],
)
def test_what_is_not_sure_is_a_question_and_nothing_else(
    desk: Desk, words: str, sender: str, reason: str
) -> None:
    [advice] = tell(desk, words, sender)
    assert (advice.state, desk.all(Payment)) == ("review", [])
    assert reason in desk.asked("remittance_review").question
    assert desk.all(Notice, kind="remittance_noted") == []
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("words", "state", "shares"),
    [
        ("yes", "announced", {"F-7001": 11000}),
        ("no", "refused", {}),
        ("F-7002 110.00", "announced", {"F-7002": 11000}),
        ("F-7001 60.00\nF-7002 50.00", "announced", {"F-7001": 6000, "F-7002": 5000}),
        ("F-7001 60.00\nF-7002 90.00", "review", {}),
        ("F-9999 110.00", "review", {}),
    ],
)
def test_a_person_takes_corrects_or_refuses_a_proposal(
    desk: Desk, words: str, state: str, shares: dict[str, int]
) -> None:
    [advice] = tell(desk, PAID_ONE.replace("119.00", "110.00"))
    desk.answer(desk.question("remittance_review"), words)
    assert desk.one(Advice, id=advice.id).state == state
    with desk.app.reading() as s:
        proposed = {
            invoices.by_id(s, NORTHLIGHT, item_id).number: amount.minor  # type: ignore[union-attr]
            for payment in desk.all(Payment)
            for item_id, amount in payments.proposed(s, NORTHLIGHT, payment.id)
        }
    assert proposed == shares
    assert desk.broken() == []


def trusting(rules: str) -> str:
    """The rules with Brightwater among those whose word settles."""
    return rules.replace("[remittance]", '[remittance]\ntrusted = ["K-1003"]')


def test_the_owners_standing_order_settles_at_once(tmp_path: Path, migrated_file: Path) -> None:
    with opened(tmp_path, migrated_file, trusting) as desk:
        desk.take(forward(Paper(number="F-7001")).raw())
        [advice] = tell(desk, PAID_ONE)
        payment = desk.one(Payment)
        assert (advice.state, payment.registered_by) == ("settled", remittance.STANDING_ORDER)
        assert [n.kind for n in desk.all(Notice) if n.kind in ("receipt", "remittance_noted")] == [
            "receipt"
        ]
        assert desk.broken() == []


def test_a_correction_takes_the_place_of_the_memo(desk: Desk) -> None:
    [first] = tell(desk, PAID_ONE, in_reply_to="<one@bw.example>")
    [second] = tell(desk, PAID_BOTH, references="<one@bw.example>")
    first, second = (desk.one(Advice, id=a.id) for a in (first, second))
    assert (first.state, first.other_id, second.state) == ("superseded", second.id, "announced")
    assert sorted(p.state for p in desk.all(Payment)) == ["announced", "withdrawn"]
    assert desk.asked("remittance_received").subject == second.id
    assert desk.broken() == []


def test_another_claim_for_the_same_items_is_asked_about(desk: Desk) -> None:
    tell(desk, PAID_ONE)
    [second] = tell(desk, PAID_BOTH)
    assert second.state == "review"
    assert "waits for the same items" in desk.asked("remittance_review").question


def test_a_claim_after_settlement_is_a_question(desk: Desk) -> None:
    tell(desk, PAID_ONE)
    desk.answer(desk.question("remittance_received"), "received")
    [late] = tell(desk, PAID_BOTH)
    assert late.state == "review"
    assert owed(desk, "F-7002") == "238.00"


def test_a_claim_that_nothing_proves_lapses_and_staff_are_told_once(desk: Desk) -> None:
    [advice] = tell(desk, PAID_ONE)
    for days, state in ((9, "announced"), (11, "lapsed"), (12, "lapsed")):
        with desk.app.transaction() as s:
            remittance.lapse_unproved(s, at=desk.app.now() + timedelta(days=days))
        assert desk.one(Advice, id=advice.id).state == state
    assert desk.one(Payment).state == "withdrawn"
    assert len(desk.all(WorkItem, kind="remittance_lapsed")) == 1
    assert desk.one(WorkItem, kind="remittance_received").resolved_at is not None
    assert desk.broken() == []


def test_a_settled_claim_is_undone_with_its_payment(desk: Desk) -> None:
    [advice] = tell(desk, PAID_ONE)
    before = held(desk)
    desk.answer(desk.question("remittance_received"), "received")
    with desk.app.transaction() as s:
        found = remittance.by_id(s, NORTHLIGHT, advice.id)
        assert found is not None
        remittance.undo(s, found, because="wrong", by="Mara", at=desk.app.now())
    assert desk.one(Advice, id=advice.id).state == "withdrawn"
    assert (owed(desk, "F-7001"), held(desk)) == ("119.00", before)
    assert desk.broken() == []


def register(desk: Desk, item: Invoice | None) -> None:
    """Have staff type a payment of 119.00 EUR at the desk."""
    at = desk.app.now()
    told = Registration(Money(11900, "EUR"), Method.BANK_TRANSFER, at.date(), "Mara")
    with desk.app.transaction() as s:
        customer = customers.by_number(s, NORTHLIGHT, "K-1003")
        assert customer is not None
        item = invoices.by_id(s, NORTHLIGHT, item.id) if item else None
        payments.register(s, customer, item, told, at=at)


@pytest.mark.parametrize(
    "order", sorted(set(itertools.permutations(("advice", "advice", "money")))), ids="-".join
)
@pytest.mark.parametrize("names_item", [True, False])
def test_in_whatever_order_claim_and_money_come_the_books_are_the_same(
    desk: Desk, order: tuple[str, ...], *, names_item: bool
) -> None:
    item = desk.invoice("F-7001") if names_item else None
    for what in order:
        if what == "money":
            register(desk, item)
        else:
            tell(desk, PAID_ONE)
    assert held(desk) == {
        Account.RECEIVABLE.value: 23800,
        Account.INVOICED.value: -30000 - 5700,
        Account.BANK.value: 11900,
    }
    assert owed(desk, "F-7001") == "0.00"
    assert sorted(a.state for a in desk.all(Advice)) == ["duplicate", "recognised"]
    assert desk.broken() == []
