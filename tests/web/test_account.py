"""The page of a customer link: several items, parts of them, and one payment for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from tests.web.house import KEY, House, as_person, form_of, running_house
from tests.web.test_checking_out import press
from worker import customers, invoices, paylinks
from worker.kernel.errors import TransientError
from worker.web.choosing import read_amount


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose customers may pay parts, of 10.00 at least."""
    with running_house(tmp_path, links={"partial": True}) as house:
        yield house


class Page:
    """A customer with three invoices, and a browser at the page of them all."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.paths = [house.invoice(f"C-{n}", total, buyer="C") for n, total in _TOTALS.items()]
        self.items = [house.link(path).item_id or "" for path in self.paths]
        self.path = house.account(self.paths[0])
        self.browser = house.browser()

    def pay(self, ticked: list[int], **typed: str) -> httpx.Response:
        """Tick these, type these amounts, and press."""
        page = self.browser.get(self.path).text
        fields = as_person(form_of(page, f"{self.path}/pay"))
        fields = {name: value for name, value in fields.items() if not name.startswith("pay.")}
        fields |= {f"pay.{self.items[n]}": "1" for n in ticked}
        fields |= {f"amount.{self.items[int(n[1:])]}": text for n, text in typed.items()}
        self.house.wait(seconds=3)
        return self.browser.post(f"{self.path}/pay", data=fields)

    @property
    def ordered(self) -> list[str]:
        """The amounts that hosted pages were asked for."""
        return [str(order.amount) for _, order in self.house.app.counting.orders]


_TOTALS = {1: "119.00", 2: "50.00", 3: "1000.00"}


@pytest.fixture
def page(house: House) -> Page:
    """The page."""
    return Page(house)


def test_all_that_is_owed_shows_with_its_documents(page: Page) -> None:
    html = page.browser.get(page.path).text
    assert "€1,169.00" in html
    for item in page.items:
        assert page.browser.get(f"{page.path}/items/{item}/document").status_code == 200


def test_a_day_that_was_promised_shows_as_long_as_it_is_owed(page: Page, house: House) -> None:
    house.edit(page.paths[0], promised_on=date(2026, 11, 30))
    assert "promised for 30 Nov 2026" in page.browser.get(page.path).text
    assert "will be paid by 30 November 2026" in page.browser.get(page.paths[0]).text
    house.pay(page.paths[0])
    for path in (page.path, page.paths[0]):
        assert "30 Nov" not in page.browser.get(path).text


def test_what_is_ticked_is_paid_whole_or_in_part(page: Page) -> None:
    answer = page.pay([0, 2], a2="250.5")
    assert answer.status_code == 303
    assert page.ordered == ["369.50 EUR"]
    assert page.house.app.counting.orders[0][1].title == "2 invoices · Acme"
    assert page.house.link(page.path).opened_at is not None


MAY_NOT_BE = (
    "1e9 -1 ١٢ １２ 1,000 1.000 12.345 0 0.00 9.99 1000.01 10EUR 1_0 NaN 5555555555555 +50 0x20"
)


@pytest.mark.parametrize("typed", MAY_NOT_BE.split())
def test_an_amount_that_may_not_be_is_said_and_opens_no_page(page: Page, typed: str) -> None:
    answer = page.pay([2], a2=typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert page.ordered == []
    assert page.house.link(page.path).opened_at is None


@pytest.mark.parametrize(
    ("typed", "currency", "read"),
    [
        ("12", "EUR", "12.00 EUR"),
        ("12,5", "EUR", "12.50 EUR"),
        ("1000", "JPY", "1000 JPY"),
        ("1,000", "JPY", None),
        ("1.000", "EUR", None),
        ("1.234", "KWD", "1.234 KWD"),
        ("", "EUR", None),
    ],
)
def test_amounts_are_read_as_people_type_them(typed: str, currency: str, read: str | None) -> None:
    found = read_amount(typed, currency)
    assert (None if found is None else str(found)) == read


def test_a_small_invoice_is_paid_whole_below_the_least_part(page: Page) -> None:
    assert page.pay([1], a1="50.00").status_code == 303


def test_nothing_ticked_opens_no_page(page: Page) -> None:
    answer = page.pay([])
    assert (answer.status_code, "tick at least one" in answer.text) == (422, True)


def test_the_items_of_another_customer_cannot_be_ticked(page: Page, house: House) -> None:
    other = house.link(house.invoice("D-1")).item_id or ""
    page.items.append(other)
    assert page.pay([3]).status_code == 409
    assert page.browser.get(f"{page.path}/items/{other}/document").status_code == 404


def test_an_item_paid_meanwhile_is_said_and_nothing_is_charged(page: Page, house: House) -> None:
    html = page.browser.get(page.path).text
    fields = as_person(form_of(html, f"{page.path}/pay")) | {f"pay.{page.items[0]}": "1"}
    house.pay(page.paths[0])
    house.wait(seconds=3)
    answer = page.browser.post(f"{page.path}/pay", data=fields)
    assert (answer.status_code, "Something changed meanwhile" in answer.text) == (409, True)
    assert page.ordered == []
    assert "€1,050.00" in page.browser.get(page.path).text


def test_another_choice_ends_the_page_of_the_first(page: Page) -> None:
    assert page.pay([0, 1]).status_code == 303
    assert page.pay([1, 2]).status_code == 303
    assert page.ordered == ["169.00 EUR", "1050.00 EUR"]


def test_two_people_with_the_link_meet_on_one_page(page: Page, house: House) -> None:
    first = page.pay([0])
    page.browser = house.browser()
    assert page.pay([0]).headers["location"] == first.headers["location"]


@pytest.mark.parametrize("first", ["account", "item"])
def test_an_unanswered_call_is_made_again_in_the_same_words_from_another_page(
    page: Page, house: House, first: str
) -> None:
    house.app.counting.failures.append(TransientError("429"))
    for where in ("account", "item") if first == "account" else ("item", "account"):
        answer = page.pay([0]) if where == "account" else press(house, page.paths[0])
    assert answer.status_code == 303
    # The gateway refuses a key that comes back with another request.
    assert len({*house.app.counting.orders}) == 1


def test_a_program_is_asked_for_what_people_read(page: Page) -> None:
    fields = form_of(page.browser.get(page.path).text, f"{page.path}/pay")
    fields |= {f"pay.{page.items[0]}": "1"}
    asked = page.browser.post(f"{page.path}/pay", data=fields)
    assert page.house.link(page.path).opened_at is None
    shown = re.search(r"type (\d{4}) here", asked.text)
    assert shown is not None
    again = form_of(asked.text, f"{page.path}/pay") | {f"pay.{page.items[0]}": "1"}
    answer = page.browser.post(f"{page.path}/pay", data=again | {"code": shown[1]})
    assert answer.status_code == 303


def test_an_ended_link_shows_what_is_owed_to_who_opened_it(page: Page, house: House) -> None:
    page.pay([0])
    house.wait(hours=25)
    assert "C-2" in page.browser.get(page.path).text
    stranger = house.browser().get(page.path).text
    assert "C-2" not in stranger
    assert "a…@customer.example" in stranger or "Send" in stranger


def test_who_comes_back_sees_what_the_books_say(page: Page, house: House) -> None:
    for path in page.paths:
        house.pay(path)
    answer = page.browser.get(f"{page.path}/thanks?amount=0&paid=1", follow_redirects=True)
    html = answer.text
    assert "Nothing is left to pay" in html


def test_the_page_is_small_and_in_one_piece(page: Page, house: House) -> None:
    for number in range(60):
        house.invoice(f"C-1{number:03}", "12.00", buyer="C")
    html = page.browser.get(page.path).text
    assert len(html.encode()) < 50_000
    assert "More open invoices: 23" in html


def test_every_customer_has_a_page_of_its_own(page: Page, house: House) -> None:
    other = house.link(house.invoice("E-1")).customer_id
    with house.app.reading() as session:
        owed = invoices.open_of(session, KEY, other, "EUR")
        assert customers.by_id(session, KEY, other) is not None
    assert [item.number for item in owed] == ["E-1"]


def _ask(page: Page, path: str, *, is_person: bool = True) -> httpx.Response:
    html = page.browser.get(path).text
    fields = form_of(html, f"{path}/account")
    contact = re.search(r'name="contact" value="([^"]+)"', html)
    assert contact is not None
    page.house.wait(seconds=3)
    fields = as_person(fields) if is_person else fields
    return page.browser.post(f"{path}/account", data=fields | {"contact": contact[1]})


def _asked(page: Page) -> list[str]:
    customer_id = page.house.link(page.paths[0]).customer_id
    with page.house.app.reading() as session:
        lines = paylinks.activity_of_customer(session, KEY, customer_id)
    return [line.kind for line in lines if line.kind == "renewal_asked"]


def test_an_items_page_mails_the_link_for_all_to_a_contact_on_file(page: Page) -> None:
    assert "You have 2 more open invoices" in page.browser.get(page.paths[0]).text
    for _ in range(5):
        assert "look in your mailbox" in _ask(page, page.paths[0]).text
    assert len(_asked(page)) == 3


def test_a_program_that_sends_every_form_causes_no_mail(page: Page) -> None:
    assert "One more press" in _ask(page, page.paths[0], is_person=False).text
    assert _asked(page) == []


def test_the_link_for_all_goes_to_nobody_who_is_not_on_file(page: Page) -> None:
    path = page.paths[0]
    fields = as_person(form_of(page.browser.get(path).text, f"{path}/account"))
    page.house.wait(seconds=3)
    page.pay([0])
    page.browser.post(f"{path}/account", data=fields | {"contact": "thief@evil.example"})
    assert _asked(page) == []
    # Nor does asking in vain end the link that the customer uses.
    assert page.house.link(page.path).revoked_at is None


def test_every_items_page_mails_the_link_for_all_while_something_is_owed(house: House) -> None:
    path = house.invoice("F-1")
    assert f"{path}/account" in house.browser().get(path).text
    house.pay(path)
    assert "/account" not in house.browser().get(path).text


def test_the_page_of_a_paid_item_mails_the_link_for_the_others(page: Page, house: House) -> None:
    house.pay(page.paths[0])
    assert "You have 2 more open invoices" in page.browser.get(page.paths[0]).text
    assert "look in your mailbox" in _ask(page, page.paths[0]).text
    assert len(_asked(page)) == 1


@pytest.mark.parametrize("cut", ["a" * 31, "a" * 33, "A" * 32, "١" * 32, "%00" * 32])
def test_cut_and_foreign_tokens_are_answered_like_unknown_ones(house: House, cut: str) -> None:
    unknown = house.browser().get(f"/l/{'b' * 32}")
    answer = house.browser().get(f"/l/{cut}")
    assert (answer.status_code, answer.text) == (404, unknown.text)
