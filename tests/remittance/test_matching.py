"""A claim against open items: applied, or for a person, and why."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.kernel.money import Money
from worker.readers.model import Claim, Covers, Problem, Remittance, RemittanceLine
from worker.remittance import Decision, Item, Match, Numbers, match

DISCOUNT = "early-payment discount 2 %"
PAID_ON = dt.date(2026, 11, 20)


def item(number: str, open_minor: int, **facts: Any) -> Item:
    issued = facts.pop("issued_on", dt.date(2026, 11, 12))
    return Item(number, Money(open_minor, "EUR"), issued, issued + dt.timedelta(30), **facts)


ITEMS = [
    item("INV-0041", 120_00),
    item("INV-0042", 100_00),
    item("INV-0043", 250_50, issued_on=dt.date(2026, 9, 3)),
    item("INV-0044", 100_00, issued_on=dt.date(2026, 9, 9)),
    item("INV-0055", 80_00, is_settled=True),
    item("CN-7", -20_00, issued_on=dt.date(2026, 10, 1)),
]
NUMBERS = Numbers(ITEMS, foreign={"INV0099"})


def line(
    written: str | None, amount: str | None, off: str | None = None, why: str | None = None
) -> RemittanceLine:
    return RemittanceLine(
        as_written=written,
        amount=None if amount is None else Decimal(amount),
        deduction=None if off is None else Decimal(off),
        deduction_reason=why,
    )


def matched(total: str, *lines: RemittanceLine, claim: Claim | None = None, **facts: Any) -> Match:
    given_facts = {"currency": "EUR", "paid_on": PAID_ON, **facts}
    remittance = Remittance(total=Decimal(total), lines=lines, **given_facts)
    return match(remittance, claim or Claim(sent_on=PAID_ON), NUMBERS)


@pytest.mark.parametrize(
    ("total", "lines", "applied"),
    [
        ("100.00", [line("INV-0042", "100.00")], {"INV-0042": 100_00}),
        ("80.00", [line("INV-0042", "100.00"), line("CN-7", "-20.00")],
         {"INV-0042": 100_00, "CN-7": -20_00}),
        ("98.00", [line("INV-0042", "98.00", "2.00", DISCOUNT)], {"INV-0042": 98_00}),
        ("97.50", [line("INV-0042", "97.50", "2.50", "bank fee")], {"INV-0042": 97_50}),
        ("350.50", [line("INV-0042", None), line("INV-0043", None)],
         {"INV-0042": 100_00, "INV-0043": 250_50}),
        ("350.50", [line("INV-0042", None), line("INV-0043", None), line("PO-7712345", None)],
         {"INV-0042": 100_00, "INV-0043": 250_50}),
        ("350.50", [line("INV-0043-0044", "350.50")], {"INV-0043": 250_50, "INV-0044": 100_00}),
    ],
)  # fmt: skip
def test_a_claim_that_agrees_to_the_cent_is_applied(
    total: str, lines: list[RemittanceLine], applied: dict[str, int]
) -> None:
    found = matched(total, *lines)
    assert found.decision is Decision.APPLY, found.why
    assert {each.item.number: each.amount.minor for each in found.lines} == applied
    assert found.unapplied == Money(0, "EUR")
    assert all(each.reasons for each in found.lines)


@pytest.mark.parametrize(
    ("total", "lines", "why"),
    [
        ("99.99", [line("INV-0042", "99.99")], "INV-0042, of which 100.00 EUR is open"),
        ("101.00", [line("INV-0042", "101.00")], "101.00 EUR is paid for INV-0042"),
        ("80.00", [line("INV-0055", "80.00")], "INV-0055 is already paid"),
        ("50.00", [line("INV-0099", "50.00")], "an invoice of another customer"),
        ("100.00", [line("INV-0024", "100.00")], "is no item of this payer"),
        ("100.00", [line("INV-0O24", "100.00")], "is no item of this payer"),
        ("200.00", [line("INV-0042", "100.00"), line("INV-0042", "100.00")], "stands twice"),
        ("210.00", [line("INV-0042", "100.00"), line("INV-0044", "100.00")], "make 200.00"),
        ("96.00", [line("INV-0042", "96.00", "4.00", DISCOUNT)], "is not the discount"),
        ("245.49", [line("INV-0043", "245.49", "5.01", DISCOUNT)], "taken after 10 days"),
        ("90.00", [line("INV-0042", "90.00", "10.00", "bank fee")], "more than 3"),
        ("93.00", [line("INV-0042", "93.00", "7.00", "withholding tax")], "for withholding tax"),
        ("92.00", [line("INV-0042", "92.00", "8.00", "price dispute")], "for price dispute"),
        ("100.00", [line(None, "100.00")], "Only a total is stated"),
        ("350.51", [line("INV-0043-0044", "350.51")], "are not the amount paid"),
        ("470.50", [line("INV-0042-0055", "470.50")], "items that are not open"),
    ],
)  # fmt: skip
def test_whatever_does_not_agree_is_for_a_person(
    total: str, lines: list[RemittanceLine], why: str
) -> None:
    found = matched(total, *lines)
    assert found.decision is Decision.REVIEW
    assert why in " ".join(found.doubts)


def test_currencies_never_mix() -> None:
    assert matched("100.00", line("INV-0042", "100.00"), currency="USD").decision is Decision.REVIEW
    several = Numbers([*ITEMS, Item("US-1", Money(5_00, "USD"))])
    unsaid = Remittance(total=Decimal("100.00"), lines=(line("INV-0042", "100.00"),))
    assert match(unsaid, Claim(), several).decision is Decision.REVIEW
    assert match(unsaid, Claim(), NUMBERS).decision is Decision.APPLY


def test_a_part_payment_is_applied_only_where_the_payer_says_so() -> None:
    assert matched("40.00", line("INV-0042", "40.00")).decision is Decision.REVIEW
    found = matched("40.00", line("INV-0042", "40.00"), claim=Claim(is_part=True))
    assert found.decision is Decision.APPLY
    assert "60.00 EUR stays open" in found.lines[0].reasons[-1]


def test_the_same_advice_again_does_nothing() -> None:
    found = matched("100.00", line("INV-0042", "100.00"), claim=Claim(is_resent=True))
    assert found.decision is Decision.NONE


def test_a_problem_that_holds_keeps_everything_from_being_applied() -> None:
    claim = Claim(problems=(Problem(rule="SCAN", text="a scan was read"),))
    found = matched("100.00", line("INV-0042", "100.00"), claim=claim)
    assert (found.decision, found.doubts) == (Decision.REVIEW, ("Reading: a scan was read.",))


def test_another_open_item_that_the_text_names_is_a_rival() -> None:
    claim = Claim(text="100.00 for INV-0042, or was it INV-0044?")
    found = matched("100.00", line("INV-0042", "100.00"), claim=claim)
    assert found.doubts == ("INV-0044 is named as well, and not in its lines.",)


@pytest.mark.parametrize(
    ("covers", "total", "decision"),
    [
        (Claim(covers=Covers.ALL), "550.50", Decision.APPLY),
        (Claim(covers=Covers.ALL), "570.50", Decision.APPLY),
        (Claim(covers=Covers.ALL), "470.50", Decision.REVIEW),
        (Claim(covers=Covers.PERIOD, covers_until=dt.date(2026, 9, 30)), "350.50", Decision.APPLY),
        (Claim(covers=Covers.PERIOD, covers_until=dt.date(2026, 9, 30)), "350.49", Decision.REVIEW),
        (Claim(covers=Covers.OLDEST), "300.00", Decision.REVIEW),
    ],
)
def test_a_total_is_applied_only_to_what_the_payer_describes(
    covers: Claim, total: str, decision: Decision
) -> None:
    found = matched(total, line(None, total), claim=covers)
    assert found.decision is decision, found.why


def test_oldest_first_is_proposed_as_far_as_the_money_goes() -> None:
    found = matched("300.00", line(None, "300.00"), claim=Claim(covers=Covers.OLDEST))
    proposed = [(each.item.number, each.amount.minor) for each in found.lines]
    assert proposed == [("INV-0043", 250_50), ("INV-0044", 49_50)]


def test_a_total_alone_is_proposed_where_only_these_items_make_it() -> None:
    found = matched("370.50", line(None, "370.50"))
    assert [each.item.number for each in found.lines] == ["INV-0041", "INV-0043"]
    assert found.decision is Decision.REVIEW


@given(place=st.integers(0, 4), digit=st.integers(0, 9), cents=st.integers(-200_00, 200_00))
def test_one_digit_or_cent_changed_never_applies_anything_else(
    place: int, digit: int, cents: int
) -> None:
    digits = "100.00".replace(".", "")
    wrong = digits[:place] + str(digit) + digits[place + 1 :]
    for total in (Decimal(wrong) / 100, Decimal(100_00 + cents) / 100):
        found = matched(f"{total:.2f}", line("INV-0042", f"{total:.2f}"))
        if found.decision is Decision.APPLY:
            assert [(e.item.number, e.amount.minor) for e in found.lines] == [("INV-0042", 100_00)]


@given(st.text("0123456789O/-ILN V", min_size=1, max_size=10))
def test_a_number_is_applied_to_its_own_item_or_to_none(written: str) -> None:
    found = matched("250.50", line(written, "250.50"))
    if found.decision is Decision.APPLY:
        assert "43" in written.replace(" ", "").replace("-", "").replace("/", "")
        assert [each.item.number for each in found.lines] == ["INV-0043"]
