"""The sums of EN 16931: what adds up passes, what does not names its rule and is held."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.samples import sample
from worker import readers
from worker.readers import arithmetic
from worker.readers.arithmetic import LineSum, Sums, TaxRow


def held(data: bytes) -> list[str]:
    (problems,) = readers.examine(data).invoice_problems
    return [problem.rule for problem in problems if problem.holds]


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        (
            ">200.00</cbc:LineExtensionAmount>",
            ">300.00</cbc:LineExtensionAmount>",
            {"BR-CO-10", "BR-CO-13"},
        ),
        (">10.00</cbc:Amount>", ">20.00</cbc:Amount>", {"BR-CO-11"}),
        (
            ">190.00</cbc:TaxExclusiveAmount>",
            ">180.00</cbc:TaxExclusiveAmount>",
            {"BR-CO-13", "BR-CO-15", "BR-S-08"},
        ),
        (
            ">226.10</cbc:TaxInclusiveAmount>",
            ">236.10</cbc:TaxInclusiveAmount>",
            {"BR-CO-15", "BR-CO-16"},
        ),
        (">200.00</cbc:PayableAmount>", ">226.10</cbc:PayableAmount>", {"BR-CO-16"}),
        (">36.10</cbc:TaxAmount>", ">46.10</cbc:TaxAmount>", {"BR-CO-15", "BR-CO-17"}),
        (">200.00</cbc:PayableAmount>", ">200.005</cbc:PayableAmount>", {"BR-DEC-18"}),
    ],
)
def test_a_wrong_sum_names_its_rule_and_is_held(old: str, new: str, rules: set[str]) -> None:
    assert set(held(sample("invoice_ubl.xml", (old, new)))) == rules


def test_a_cent_of_rounding_is_no_mistake() -> None:
    data = sample(
        "invoice_cii.xml", (">90.95</ram:GrandTotalAmount>", ">90.96</ram:GrandTotalAmount>")
    )
    assert held(data) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("<cbc:ID>LH-2026-0117</cbc:ID>", "", "BR-02"),
        ("<cbc:IssueDate>2026-11-02</cbc:IssueDate>", "", "BR-03"),
        (">EUR</cbc:DocumentCurrencyCode>", ">euro</cbc:DocumentCurrencyCode>", "BR-CL-04"),
        (">380</cbc:InvoiceTypeCode>", ">220</cbc:InvoiceTypeCode>", "BR-CL-01"),
        ('<cbc:PayableAmount currencyID="EUR">200.00</cbc:PayableAmount>', "", "BR-15"),
    ],
)
def test_what_an_invoice_cannot_be_without_holds_it(old: str, new: str, rule: str) -> None:
    assert rule in held(sample("invoice_ubl.xml", (old, new)))


def test_what_only_the_standard_misses_is_said_and_passes() -> None:
    data = sample(
        "invoice_ubl.xml", ("<cbc:RegistrationName>Fjord Bikes AS</cbc:RegistrationName>", "")
    )
    (problems,) = readers.examine(data).invoice_problems
    assert [(problem.rule, problem.holds) for problem in problems] == [("BR-07", False)]


def test_a_group_is_the_sum_of_its_parts() -> None:
    group = LineSum(position="1", net=Decimal(100), is_group=True, counts=False)
    parts = tuple(LineSum(parent="1", net=Decimal(n)) for n in (60, 30))
    sums = Sums(currency="EUR", lines=(group, *parts), line_total=Decimal(90))
    assert [problem.rule for problem in arithmetic.problems(sums)] == ["GROUP"]


cents = st.integers(-10_000_000, 10_000_000).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def honest_sums(draw: st.DrawFn) -> Sums:
    """Sums that add up to the cent."""
    nets = draw(st.lists(cents, min_size=1, max_size=8))
    allowances, charges = draw(st.lists(cents, max_size=3)), draw(st.lists(cents, max_size=3))
    prepaid, rounding = draw(cents), draw(cents)
    net = Decimal(sum(nets) - sum(allowances) + sum(charges))
    tax = (net * 20 / 100).quantize(Decimal("0.01"))
    return Sums(
        currency="EUR",
        lines=tuple(LineSum(net=n) for n in nets),
        line_total=Decimal(sum(nets)),
        allowances=tuple(allowances),
        allowance_total=Decimal(sum(allowances)),
        charges=tuple(charges),
        charge_total=Decimal(sum(charges)),
        net_total=Decimal(net),
        taxes=(TaxRow(basis=Decimal(net), amount=tax, rate=Decimal(20), category="S"),),
        tax_total=tax,
        grand_total=net + tax,
        prepaid=prepaid,
        rounding=rounding,
        payable=net + tax - prepaid + rounding,
    )


@given(honest_sums())
def test_sums_that_add_up_break_no_rule(sums: Sums) -> None:
    assert arithmetic.problems(sums) == []


@given(honest_sums(), cents.filter(lambda n: abs(n) > Decimal("0.01")))
def test_a_payable_amount_that_is_off_is_always_found(sums: Sums, error: Decimal) -> None:
    assert sums.payable is not None
    wrong = replace(sums, payable=sums.payable + error)
    assert [problem.rule for problem in arithmetic.problems(wrong)] == ["BR-CO-16"]
