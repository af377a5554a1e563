"""The receipt to print: what it says of a payment, and that only its payer's link shows it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.web.house import KEY, House
from tests.web.test_checking_out import press
from tests.web.test_ways import give_balance
from worker import payments
from worker.payments import Payment


def by_card(house: House, path: str) -> None:
    house.pay(path)


def with_fee(house: House, path: str) -> None:
    house.pay(path)
    with house.app.transaction() as session:
        payment = session.scalars(select(Payment)).one()
        payment.fee_minor, payment.amount_minor = 204, payment.amount_minor + 204


def from_balance(house: House, path: str) -> None:
    give_balance(house, path, 200_00)
    assert press(house, path, way="balance").status_code == 303


def receipt_below(house: House, path: str) -> str:
    """Where the page of a paid invoice sends to for the receipt, below the link."""
    found = re.search(rf'href="{re.escape(path)}(/receipt/[^"]+)"', house.browser().get(path).text)
    assert found is not None, "the page of a paid invoice offers no receipt"
    return found[1]


SAID: dict[str, tuple[Callable[[House, str], None], list[str]]] = {
    "by card": (by_card, ["€119.00", "Card", "paid in full"]),
    "with a fee": (with_fee, ["€121.04", "€119.00", "Fee for this way of paying", "€2.04"]),
    "from the balance": (from_balance, ["€119.00", "Your balance with us", "paid in full"]),
}


@pytest.mark.parametrize("how", SAID)
def test_a_receipt_says_what_was_paid_to_its_payer_alone(house: House, how: str) -> None:
    paid, said = SAID[how]
    path, foreign = house.invoice("A-1"), house.invoice("B-1")
    paid(house, path)
    below = receipt_below(house, path)
    page = house.browser().get(path + below)
    assert page.status_code == 200
    who = ["Acme Lamps Ltd", "1 High Street", "Customer of A-1", "Invoice A-1"]
    for words in [*who, *said, below.rpartition("/")[2], "not a tax invoice", "22 November 2026"]:
        assert words in page.text
    unknown = house.browser().get(f"{path}/receipt/pay_unknown")
    for other in (house.browser().get(foreign + below), house.browser().get(f"/l/none{below}")):
        assert (other.status_code, other.text) == (404, unknown.text)


def test_money_that_went_back_has_no_receipt(house: House) -> None:
    path = house.invoice()
    house.pay(path)
    below = receipt_below(house, path)
    with house.app.transaction() as session:
        payments.newest(session, KEY, limit=1)[0].state = "returned"
    assert house.browser().get(path + below).status_code == 404
    assert "/receipt/" not in house.browser().get(path).text
