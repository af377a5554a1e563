"""Ways to pay and their fees: what a page shows, what is asked for, and what is never charged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.web.house import KEY, House, as_person, form_of, running_house
from tests.web.test_account import Page
from tests.web.test_checking_out import press, typed
from worker import customers, invoices, ledger, payments
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import CheckoutFacts

METHODS: dict[str, Any] = {
    "fees_confirmed_by": "Ann, 2026-11-22",
    "card": {
        "fee": {
            "business": {"percent": "1.5", "fixed": "0.25", "cap": "10"},
            "consumer": {"fixed": "0.10"},
        }
    },
    "debit": {"offered": True, "at_most": "5000"},
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house that adds a fee for cards, takes bank debits, and allows parts."""
    with running_house(tmp_path, links={"partial": True}, methods=METHODS) as house:
        yield house


def make_business(house: House, path: str) -> None:
    with house.app.transaction() as session:
        found = customers.by_id(session, KEY, house.link(path).customer_id)
        assert found is not None
        found.kind = "business"


def give_balance(house: House, path: str, minor: int) -> None:
    who = house.link(path).customer_id
    with house.app.transaction() as session:
        legs = [
            ledger.debit(Account.GATEWAY_CLEARING, Money(minor, "EUR"), customer_id=who),
            ledger.credit(Account.CUSTOMER_BALANCE, Money(minor, "EUR"), customer_id=who),
        ]
        ledger.post(session, KEY, source=f"test:{minor}", legs=legs, at=house.app.at)


def owed(house: House, path: str) -> str:
    with house.app.reading() as session:
        found = invoices.by_id(session, KEY, house.link(path).item_id or "")
        assert found is not None
        return invoices.still_to_pay(session, found).text()


def ordered(house: House) -> list[tuple[str, str, str]]:
    """What hosted pages were asked for: the method, the amount and the fee."""
    return [
        (order.method, order.amount.text(), order.fee.text() if order.fee is not None else "")
        for _, order in house.app.counting.orders
    ]


@pytest.mark.parametrize(("kind", "fee"), [("business", "2.04"), ("consumer", "0.10")])
def test_the_page_names_each_way_and_its_fee(house: House, kind: str, fee: str) -> None:
    path = house.invoice()
    if kind == "business":
        make_business(house, path)
    html = house.browser().get(path).text
    assert f"plus a fee of €{fee}" in html
    assert "SEPA direct debit<small>no fee</small>" in html
    assert press(house, path, fee=fee.replace(".", "").lstrip("0")).status_code == 303
    assert ordered(house) == [("card", "119.00", fee)]
    assert house.app.counting.orders[0][1].fee_title == "Fee for paying by: Card"


def test_a_fee_that_was_not_seen_is_shown_first(house: House) -> None:
    path = house.invoice()
    asked = press(house, path)
    assert (asked.status_code, ordered(house)) == (200, [])
    assert "€119.10" in asked.text
    house.wait(seconds=3)
    answer = house.browser().post(f"{path}/pay", data=as_person(form_of(asked.text, f"{path}/pay")))
    assert answer.status_code == 303
    assert ordered(house) == [("card", "119.00", "0.10")]


def test_without_script_one_page_asks_for_the_code_and_shows_the_fee(house: House) -> None:
    path, browser = house.invoice(), house.browser()
    asked = browser.post(f"{path}/pay", data=form_of(browser.get(path).text, f"{path}/pay"))
    assert "€119.10" in asked.text
    assert browser.post(f"{path}/pay", data=typed(path, asked)).status_code == 303
    assert ordered(house) == [("card", "119.00", "0.10")]


def test_another_way_ends_the_first_page_and_its_fee(house: House) -> None:
    path, browser = house.invoice(), house.browser()
    assert press(house, path, browser, fee="10").status_code == 303
    assert press(house, path, browser, way="debit", fee="0").status_code == 303
    assert ordered(house) == [("card", "119.00", "0.10"), ("sepa_debit", "119.00", "")]
    assert house.activity(path).count("checkout_ended") == 1


@pytest.mark.parametrize("way", ["cash", "transfer", "", "debit"])
def test_a_way_that_is_not_offered_opens_nothing(house: House, way: str) -> None:
    path = house.invoice(total="5000.01" if way == "debit" else "119.00")
    assert press(house, path, way=way, fee="10").status_code == 303
    assert ordered(house) == []


def test_the_fee_of_several_parts_is_on_their_sum(house: House) -> None:
    page = Page(house)
    make_business(house, page.path)
    asked = page.pay([0, 2], a2="250.5")
    assert (asked.status_code, page.ordered) == (200, [])
    assert "€375.29" in asked.text
    house.wait(seconds=3)
    fields = as_person(form_of(asked.text, f"{page.path}/pay"))
    fields = {name: value for name, value in fields.items() if name != f"pay.{page.items[1]}"}
    answer = page.browser.post(f"{page.path}/pay", data=fields)
    assert answer.status_code == 303
    assert ordered(house) == [("card", "369.50", "5.79")]


def test_a_part_is_paid_from_the_balance_and_the_rest_stays(house: House) -> None:
    path = house.invoice()
    give_balance(house, path, 5000)
    assert "€50.00 of it is used" in house.browser().get(path).text
    answer = press(house, path, way="balance")
    assert ordered(house) == []
    thanks = house.browser().get(answer.headers["location"]).text
    for said in ("€50.00 were paid from your balance", "€69.00 is still to pay", "/receipt/alc_"):
        assert said in thanks
    assert owed(house, path) == "69.00"
    assert "From your balance" not in house.browser().get(path).text


def test_the_balance_ends_an_open_page_before_it_pays(house: House) -> None:
    page = Page(house)
    give_balance(house, page.path, 200_00)
    assert press(house, page.paths[0], fee="10").status_code == 303
    html = page.browser.get(page.path).text
    fields = as_person(form_of(html, f"{page.path}/pay")) | {"way": "balance"}
    fields |= {f"pay.{item}": "1" for item in page.items}
    house.wait(seconds=3)
    answer = page.browser.post(f"{page.path}/pay", data=fields)
    assert answer.headers["location"].startswith(f"{page.path}/thanks?paid=alc_")
    assert "/receipt/alc_" in page.browser.get(answer.headers["location"]).text
    assert sum(Decimal(owed(house, path)) for path in page.paths) == 969
    assert house.activity(page.paths[0]).count("checkout_ended") == 1


def test_a_credit_request_is_not_offered_to_be_paid_with_credit(house: House) -> None:
    page = Page(house)
    give_balance(house, page.path, 500_00)
    house.edit(page.paths[0], doc_type=invoices.CREDIT_REQUEST)
    assert "€500.00 of it is used" in page.browser.get(page.path).text
    fields = as_person(form_of(page.browser.get(page.path).text, f"{page.path}/pay"))
    for item in page.items[1:]:
        del fields[f"pay.{item}"]
    house.wait(seconds=3)
    answer = page.browser.post(f"{page.path}/pay", data=fields | {"way": "balance"})
    assert "So much cannot be paid in that way" in answer.text
    for path in page.paths[1:]:
        house.pay(path)
    assert 'value="balance"' not in page.browser.get(page.path).text


def test_a_program_that_presses_spends_no_balance(house: House) -> None:
    path, browser = house.invoice(), house.browser()
    give_balance(house, path, 5000)
    fields = form_of(browser.get(path).text, f"{path}/pay") | {"way": "balance"}
    assert "type" in browser.post(f"{path}/pay", data=fields).text
    assert owed(house, path) == "119.00"


def test_a_debit_under_way_is_said_and_nothing_else_can_be_paid(house: House) -> None:
    page = Page(house)
    path = page.paths[0]
    assert press(house, path, way="debit", fee="0").status_code == 303
    _bank_is_at_it(house)
    for where in (path, f"{path}/thanks"):
        html = page.browser.get(where).text
        assert "Your bank debit is under way" in html
        assert "<button" not in html
    html = page.browser.get(page.path).text
    assert "A bank debit for it is under way" in html
    assert "€119.00 is on its way since" in html
    house.wait(hours=5)
    assert page.pay([0]).status_code == 409
    assert len(ordered(house)) == 1


def _bank_is_at_it(house: House) -> None:
    [(_, order)] = house.app.counting.orders
    with house.app.transaction() as session:
        checkout = payments.checkout(session, KEY, order.reference)
        assert checkout is not None
        facts = CheckoutFacts(
            checkout.session_id or "", "complete", False, order.amount, "pi_1", checkout.id, KEY,
            False, None, None, "sepa_debit", is_processing=True,
        )  # fmt: skip
        payments.settle(session, checkout, facts, livemode=False, at=house.app.at)


def test_bank_details_have_a_code_for_a_banking_app(tmp_path: Path) -> None:
    bank = {"iban": "DE89370400440532013000", "name": "Example Bank"}
    with running_house(tmp_path, bank=bank) as house:
        path = house.invoice()
        assert f'src="{path}/transfer.png"' in house.browser().get(path).text
        answer = house.browser().get(f"{path}/transfer.png")
        assert answer.content.startswith(b"\x89PNG")
        house.wait(days=200)
        assert house.browser().get(f"{path}/transfer.png").status_code == 404


def test_where_transfers_are_not_taken_no_bank_details_show(tmp_path: Path) -> None:
    with running_house(tmp_path, methods={"transfer": {"at_most": "100"}}) as house:
        assert "GB33" not in house.browser().get(house.invoice("A-1", "119.00")).text
        assert "GB33" in house.browser().get(house.invoice("A-2", "99.00")).text
