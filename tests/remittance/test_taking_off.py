"""What a payer takes off: a deduction that is owed until it is accepted, and a credit note."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.actors.desk import NORTHLIGHT, Desk
from tests.flows.papers import Paper, forward
from tests.remittance.claims import held, owed, tell
from worker import payments, remittance
from worker.kernel.errors import Refused
from worker.kernel.money import Money
from worker.review import WorkItem

LESS_A_DISCOUNT = (
    "We paid invoice F-7001 today: 119.00 EUR less 2 % early payment discount of 2.38 EUR, "
    "that is 116.62 EUR by bank transfer."
)


@pytest.mark.parametrize(
    ("word", "left", "borne", "said"),
    [
        ("accept", "0.00", {"discounts": 238}, "accepted, and posted to discounts"),
        ("Ja, anerkannt.", "0.00", {"discounts": 238}, "accepted, and posted to discounts"),
        ("no", "2.38", {}, "stays owed"),
        ("hm", "2.38", {}, ""),
    ],
)
def test_a_deduction_is_owed_until_one_word_accepts_it(
    desk: Desk, word: str, left: str, borne: dict[str, int], said: str
) -> None:
    [advice] = tell(desk, LESS_A_DISCOUNT)
    assert advice.state == "announced", advice.why
    assert desk.all(WorkItem, kind="remittance_deduction") == []
    desk.answer(desk.question("remittance_received"), "received")
    assert owed(desk, "F-7001") == "2.38"
    question = desk.question("remittance_deduction")
    for _ in range(2):
        desk.answer(question, word)
    assert owed(desk, "F-7001") == left
    assert {k: v for k, v in held(desk).items() if k == "discounts"} == borne
    assert desk.broken() == []
    with desk.app.transaction() as s:
        found = remittance.by_id(s, NORTHLIGHT, advice.id)
        assert found is not None
        remittance.undo(s, found, because="wrong", by="Mara", at=desk.app.now())
    assert (owed(desk, "F-7001"), "discounts" in held(desk)) == ("119.00", False)
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("reason", "account"),
    [
        ("early-payment discount", "discounts"),
        ("bank fee", "bank_fees"),
        ("withholding tax", "tax_withheld"),
        ("returned goods: damage", "returns"),
        ("price dispute", "allowances"),
        (None, "allowances"),
    ],
)
def test_the_reason_says_which_account_bears_a_deduction(
    desk: Desk, reason: str | None, account: str
) -> None:
    at = desk.app.now()
    item = desk.invoice("F-7001")
    with desk.app.transaction() as s:
        item = s.merge(item)
        with pytest.raises(Refused):
            payments.accept_deduction(s, item, Money(11901, "EUR"), reason, by="Mara", at=at)
        payments.accept_deduction(s, item, Money(900, "EUR"), reason, by="Mara", at=at)
    assert (owed(desk, "F-7001"), held(desk)[account]) == ("110.00", 900)
    assert desk.broken() == []


def test_nothing_is_taken_off_while_a_card_is_charged(desk: Desk) -> None:
    at, item = desk.app.now(), desk.invoice("F-7001")
    with desk.app.transaction() as s:
        until = at + timedelta(hours=1)
        payments.take_lane(s, NORTHLIGHT, item.id, holder="chg_1", until=until, at=at)
    with desk.app.transaction() as s, pytest.raises(Refused, match="card is being charged"):
        payments.accept_deduction(s, s.merge(item), Money(900, "EUR"), None, by="Mara", at=at)
    assert owed(desk, "F-7001") == "119.00"


NETTED = """We have paid 178.50 EUR today for these items:

F-7002  238.00 EUR
CN-7003 -59.50 EUR
Total   178.50 EUR
"""


@pytest.mark.parametrize(
    ("credits", "words", "state", "why"),
    [
        ("F-7002", NETTED, "announced", "178.50 EUR pays F-7002"),
        ("F-7001", NETTED, "review", "CN-7003 is already paid"),
        ("F-7002", NETTED.replace("59.50", "60.50").replace("178.5", "177.5"), "review", "CN-7003"),
        ("F-7002", NETTED.replace("178.50", "238.00"), "review", "the total is 238.00"),
        ("", NETTED, "review", "CN-7003"),
    ],
)
def test_a_netted_credit_note_lowers_the_invoice_that_it_was_set_against(
    desk: Desk, credits: str, words: str, state: str, why: str
) -> None:
    if credits:
        note = Paper(number="CN-7003", net=Decimal("50.00"), credits=credits)
        desk.take(forward(note).raw())
    [advice] = tell(desk, words)
    assert advice.state == state
    assert why in advice.why
    if state == "announced":
        desk.answer(desk.question("remittance_received"), "received")
        assert (owed(desk, "F-7002"), owed(desk, "CN-7003")) == ("0.00", "0.00")
    assert desk.broken() == []
