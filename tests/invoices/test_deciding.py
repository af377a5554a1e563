"""Whether an invoice may go out by itself, and to whom: the table."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import ASKING, OPEN_HANDED, document
from worker.invoices.deciding import Decision, Facts, Known, decide, find_customer, fingerprint
from worker.invoices.model import Hold
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.readers.model import Buyer, DocType

ZOO = Known("cus_zoo", "Zoo AG", ("pay@zoo.example",))
PARK = Known("cus_park", "Park AG", ("pay@park.example", "two@park.example"))
NOWHERE = Known("cus_nowhere", "Zoo AG", ())
HER = Address.parse("her@zoo.example")
ON_FILE = Address.parse("PAY@zoo.example")


def _facts(**changes: Any) -> Facts:
    document_changes = changes.pop("document", {})
    there = document(**document_changes)
    total = Money.of(there.total or Decimal(0), there.currency or "EUR")
    facts = Facts(
        document=there,
        total=total,
        problems=(),
        by_number=None,
        by_vat_id=(),
        by_name=(),
    )
    return replace(facts, **changes)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, None),
        ({"by_number": PARK, "by_vat_id": [ZOO], "by_name": [ZOO]}, PARK),
        ({"by_vat_id": [ZOO]}, ZOO),
        ({"by_vat_id": [ZOO], "by_name": [PARK]}, ZOO),
        ({"by_vat_id": [ZOO, PARK]}, None),
        ({"by_vat_id": [ZOO, PARK], "by_name": [PARK]}, PARK),
        ({"by_vat_id": [ZOO, PARK], "by_name": [NOWHERE]}, None),
        ({"by_name": [ZOO]}, ZOO),
        ({"by_name": [ZOO, NOWHERE]}, None),
    ],
    ids=[
        "nobody",
        "the number comes first",
        "then the VAT id",
        "the VAT id before the name",
        "a VAT id of a group is not enough",
        "a group and a name of one of them",
        "a name that is not of the group",
        "a name that only one bears",
        "a name that two bear",
    ],
)
def test_the_customer_is_found_in_this_order(found: Any, expected: Known | None) -> None:
    assert find_customer(_facts(**found)) == expected


@pytest.mark.parametrize(
    ("changes", "recipient", "origin"),
    [
        ({"by_name": [ZOO], "instructed": HER, "own_address": ON_FILE}, str(HER), "instruction"),
        ({"by_name": [PARK], "own_address": HER}, "pay@park.example", "on_file"),
        ({"by_name": [NOWHERE], "own_address": HER}, str(HER), "document"),
        ({"own_address": HER}, str(HER), "document"),
        ({"by_name": [NOWHERE]}, None, None),
        ({}, None, None),
    ],
)
def test_the_recipient_is_found_in_this_order(
    changes: Any, recipient: str | None, origin: str | None
) -> None:
    decision = decide(_facts(**changes), OPEN_HANDED)
    assert (decision.recipient, decision.recipient_from) == (recipient, origin)


_SURE = {"by_number": ZOO}
_OWN = {"own_address": ON_FILE}


@pytest.mark.parametrize(
    ("changes", "asking", "open_handed"),
    [
        (_SURE, None, None),
        (_SURE | {"instructed": ON_FILE}, None, None),
        (_SURE | {"instructed": HER}, Hold.NEW_ADDRESS, None),
        ({"by_number": NOWHERE, "own_address": HER}, Hold.NEW_ADDRESS, None),
        ({"by_number": NOWHERE}, Hold.NO_ADDRESS, Hold.NO_ADDRESS),
        (_OWN, Hold.NO_CUSTOMER, None),
        ({}, Hold.NO_ADDRESS, Hold.NO_ADDRESS),
        (_OWN | {"by_name": [ZOO, NOWHERE]}, Hold.SEVERAL_CUSTOMERS, Hold.SEVERAL_CUSTOMERS),
        (_OWN | {"by_vat_id": [ZOO, PARK]}, Hold.SEVERAL_CUSTOMERS, Hold.SEVERAL_CUSTOMERS),
        (_SURE | {"problems": ["BR-CO-15: off by 1"]}, Hold.SUMS, Hold.SUMS),
        (_SURE | {"instruction_problem": "Two lines."}, Hold.INSTRUCTION, Hold.INSTRUCTION),
        (_SURE | {"earlier": ["another"]}, Hold.CHANGED, Hold.CHANGED),
        (_SURE | {"earlier": [fingerprint(document())]}, None, None),
        (_SURE | {"document": {"total": Decimal("-5")}}, Hold.CREDIT_NOTE, Hold.CREDIT_NOTE),
        (
            _SURE | {"document": {"doc_type": DocType.CREDIT_NOTE}},
            Hold.CREDIT_NOTE,
            Hold.CREDIT_NOTE,
        ),
        (_SURE | {"document": {"total": Decimal(0)}}, Hold.NOTHING_TO_PAY, Hold.NOTHING_TO_PAY),
    ],
)
def test_what_waits_for_a_person(
    changes: Any, asking: Hold | None, open_handed: Hold | None
) -> None:
    assert decide(_facts(**changes), ASKING).hold == asking
    assert decide(_facts(**changes), OPEN_HANDED).hold == open_handed


@pytest.mark.parametrize(
    ("limit", "currency", "hold"),
    [
        ("119.00", "EUR", None),
        ("118.99", "EUR", Hold.LIMIT),
        ("1000.00", "USD", Hold.LIMIT),
        ("0", "EUR", Hold.LIMIT),
    ],
)
def test_large_invoices_wait(limit: str, currency: str, hold: Hold | None) -> None:
    limits = replace(ASKING, send_limit=Decimal(limit), currency=currency)
    assert decide(_facts(by_number=ZOO), limits).hold == hold


def test_a_changed_document_comes_before_every_other_reason() -> None:
    facts = _facts(earlier=["another"], problems=["off"], document={"total": Decimal("-5")})
    assert decide(facts, ASKING).hold is Hold.CHANGED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"total": Decimal("119.0")}, {"total": Decimal("119.00")}, True),
        ({"buyer": Buyer(name="A")}, {"buyer": Buyer(name="B")}, True),
        ({"due_date": None}, {}, True),
        ({"total": Decimal("119.01")}, {}, False),
        ({"currency": "USD"}, {}, False),
        ({"issue_date": None}, {}, False),
        ({"tax_total": Decimal("18.00")}, {}, False),
        ({"doc_type": DocType.CREDIT_NOTE}, {}, False),
    ],
)
def test_what_makes_two_readings_the_same_document(one: Any, other: Any, *, same: bool) -> None:
    assert (fingerprint(document(**one)) == fingerprint(document(**other))) is same


known = st.sampled_from([ZOO, PARK, NOWHERE])
any_facts = st.fixed_dictionaries(
    {
        "by_number": st.none() | known,
        "by_vat_id": st.lists(known, max_size=2, unique=True),
        "by_name": st.lists(known, max_size=2, unique=True),
        "instructed": st.none() | st.just(HER),
        "own_address": st.none() | st.just(HER) | st.just(ON_FILE),
        "instruction_problem": st.none() | st.just("unclear"),
        "problems": st.just(()) | st.just(("off",)),
        "earlier": st.just(()) | st.just(("another",)),
        "document": st.fixed_dictionaries(
            {"total": st.sampled_from([Decimal("-1"), Decimal(0), Decimal("119.00")])}
        ),
    }
)


def _is_sure(decision: Decision) -> bool:
    return (
        decision.customer is not None
        and decision.recipient is not None
        and decision.recipient.lower() in {a.lower() for a in decision.customer.addresses}
    )


@given(any_facts)
def test_nothing_goes_out_unasked_but_to_an_address_on_file(changes: dict[str, Any]) -> None:
    decision = decide(_facts(**changes), ASKING)
    if decision.hold is None:
        assert _is_sure(decision)
    else:
        assert decision.because


@given(any_facts)
def test_no_setting_sends_what_is_not_sound(changes: dict[str, Any]) -> None:
    facts = _facts(**changes)
    if facts.problems or facts.earlier or not facts.total.is_positive:
        assert decide(facts, OPEN_HANDED).hold is not None
