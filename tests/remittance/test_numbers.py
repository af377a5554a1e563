"""Numbers as people write them."""

from __future__ import annotations

import pytest

from worker.kernel.money import Money
from worker.remittance import How, Item, Numbers

OWN = ["INV-2026-0042", "INV-2026-0047", "F-00971", "1042/A", "FT 2026/341", "26/1187", "4500251"]
NUMBERS = Numbers([Item(n, Money(100, "EUR")) for n in OWN], foreign={"INV20260099"})


@pytest.mark.parametrize(
    ("written", "how", "meant"),
    [
        ("INV-2026-0042", How.EXACT, ["INV-2026-0042"]),
        ("inv 2026 0042", How.EXACT, ["INV-2026-0042"]),
        ("FT2026/341", How.EXACT, ["FT 2026/341"]),
        ("FO0971", How.VARIANT, ["F-00971"]),
        ("F-971", How.VARIANT, ["F-00971"]),
        ("0042", How.VARIANT, ["INV-2026-0042"]),
        ("42", How.VARIANT, ["INV-2026-0042"]),
        ("1042", How.VARIANT, ["1042/A"]),
        ("Invoice4500251", How.VARIANT, ["4500251"]),
        ("1187", How.VARIANT, ["26/1187"]),
        ("INV-2026-0042 to INV-2026-0047", How.RANGE, ["INV-2026-0042", "INV-2026-0047"]),
        ("INV-2026-0042-0047", How.RANGE, ["INV-2026-0042", "INV-2026-0047"]),
        ("INV-2026-0024", How.SLIP, []),
        ("4500521", How.SLIP, []),
        ("INV-2026-0099", How.FOREIGN, []),
        ("PO-88812", How.UNKNOWN, []),
        ("2", How.UNKNOWN, []),
    ],
)
def test_a_writing_names_what_it_can_only_mean(written: str, how: How, meant: list[str]) -> None:
    named = NUMBERS.named(written)
    assert (named.how, [item.number for item in named.items]) == (how, meant)


def test_a_short_number_of_two_items_names_both() -> None:
    numbers = Numbers([Item(n, Money(100, "EUR")) for n in ("A-1/0042", "B-7/0042")])
    assert [item.number for item in numbers.named("0042").items] == ["A-1/0042", "B-7/0042"]


def test_a_slip_names_its_neighbour_as_near() -> None:
    assert [item.number for item in NUMBERS.named("INV-2026-0024").near] == ["INV-2026-0042"]


def test_numbers_are_found_in_text_whatever_separates_them() -> None:
    text = "For FT 2026/341, inv-2026-0047 and (4500251); not CHE-000.104.763."
    found = {item.number for item in NUMBERS.mentioned(text)}
    assert found == {"FT 2026/341", "INV-2026-0047", "4500251"}
