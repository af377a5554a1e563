"""Whole ways through the pay page and the portal in Chromium, as people see them.

Each on a phone, and on a desktop without script. No page is wider than its window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize

from tests.web.house import KEY, PERSON, House, running_house
from tests.web.test_in_browser import HOSTED, PHONE, UNSTEERED
from tests.web.test_portal import Owner
from tests.web.test_thanks import gateway_says
from tests.web.test_ways import METHODS, give_balance, ordered
from worker import paylinks

DESK: ViewportSize = {"width": 1280, "height": 900}
SUBMIT = ".pay button[type=submit]"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house with every way to pay, parts, stored cards, and an account for transfers."""
    bank = {"iban": "DE89370400440532013000", "name": "Example Bank"}
    links, charging = {"partial": True, "burst_links": 32}, {"enabled": True}
    with running_house(
        tmp_path, sandboxed=True, bank=bank, links=links, methods=METHODS, autocharge=charging
    ) as house:
        yield house


@dataclass
class Visitor:
    """A person with a browser, which may have several tabs."""

    house: House
    context: BrowserContext
    has_script: bool

    def __post_init__(self) -> None:
        self.page: Page = self.context.new_page()

    def sees(self, *words: str) -> None:
        """The page says so, and nobody has to scroll sideways."""
        said = self.page.inner_text("main").replace("\xa0", " ")
        for one in words:
            assert one in said, said
        wider = "document.documentElement.scrollWidth > window.innerWidth"
        assert self.page.evaluate(wider) is False, self.page.url

    def visits(self, path: str, *words: str) -> None:
        """Opens a page in this tab."""
        self.page.goto(path)
        self.sees(*words)

    def follows(self, link: str, *words: str) -> None:
        """Presses what leads to another page."""
        self._press(self.page.get_by_role("link", name=link))
        self.sees(*words)

    def presses(self, button: str = "", *words: str) -> None:
        """Sends a form after a look at it; without script, with the digits that it then asks for.

        No name: the button to pay.
        """
        self.house.wait(seconds=3)
        named = self.page.get_by_role("button", name=button)
        self._press(named if button else self.page.locator(SUBMIT))
        shown = self.page.locator("label", has_text=re.compile(r"type \d{4} here"))
        if not self.has_script and shown.count():
            digits = re.findall(r"type (\d{4}) here", shown.inner_text())
            self.page.fill("#code, #digits", digits[0])
            self._press(self.page.locator(SUBMIT))
        if words:
            self.sees(*words)

    def types_code(self, owner: Owner, *words: str) -> None:
        """Types the code that was mailed."""
        self.page.fill("#code", owner.mailed())
        self._press(self.page.locator(SUBMIT))
        if words:
            self.sees(*words)

    def _press(self, what: Locator) -> None:
        with self.page.expect_navigation():
            what.click()


@pytest.fixture(params=["phone", "desk without script"])
def visitor(request: pytest.FixtureRequest, browser: Browser, house: House) -> Iterator[Visitor]:
    """A person at a phone or a desk."""
    has_script = request.param == "phone"
    context = browser.new_context(
        user_agent=PERSON,
        viewport=PHONE if has_script else DESK,
        base_url=house.lives_at,
        java_script_enabled=has_script,
        permissions=["clipboard-write"],
    )
    context.add_init_script(UNSTEERED)
    yield Visitor(house, context, has_script)
    context.close()


def test_parts_of_several_are_paid_at_once_with_a_receipt_to_print(
    house: House, visitor: Visitor
) -> None:
    for number, total in {"A-1": "119.00", "A-2": "50.00", "A-3": "1000.00"}.items():
        path = house.invoice(number, total, buyer="A")
    account = house.account(path)
    other = visitor.context.new_page()
    other.goto(account)
    visitor.page.bring_to_front()
    visitor.visits(account, "€1,169.00")
    visitor.page.get_by_role("checkbox", name="A-2").uncheck()
    visitor.page.locator(".item", has_text="A-3").locator(".typed").fill("250.50")
    if visitor.has_script:
        visitor.sees("€369.50", "€369.60")
        assert visitor.page.inner_text(SUBMIT) == "Pay €369.60"
    visitor.presses()
    assert visitor.page.url.startswith("http://localhost:")
    visitor.visits(f"{account}/thanks", "Waiting for the confirmation")
    gateway_says(house, account, "paid")
    left = ("€749.50 still to pay", "€799.50 is still to pay.")
    visitor.visits(f"{account}/thanks", "Thank you", "We received €369.60", *left)
    visitor.follows("Print this receipt", "€369.60", "A-1", "A-3", "€0.10")
    prints = visitor.page.get_by_role("button", name="Print")
    assert prints.is_visible() is visitor.has_script
    visitor.page.emulate_media(media="print")
    visitor.sees("Receipt", "€369.60", "€749.50 still to pay")
    assert not prints.is_visible()
    # The tab that was open all the while asks for nothing that is paid.
    visitor.page = other
    other.bring_to_front()
    visitor.presses("", "Something changed meanwhile", "€799.50")
    assert ordered(house) == [("card", "369.50", "0.10")]


def test_the_balance_pays_a_part_and_a_debit_that_comes_back_opens_the_rest(
    house: House, visitor: Visitor
) -> None:
    path = house.invoice()
    give_balance(house, path, 5000)
    visitor.visits(path, "€50.00 of it is used")
    visitor.page.get_by_label("From your balance").check()
    visitor.presses("", "€50.00 were paid from your balance", "€69.00 is still to pay")
    visitor.follows("See what is still to pay", "€69.00")
    visitor.page.get_by_label("SEPA").check()
    visitor.presses()
    visitor.page.wait_for_url(HOSTED)
    gateway_says(house, path, "processing")
    under_way = ("Your bank debit is under way", "up to 5 working days", "€69.00")
    visitor.visits(f"{path}/thanks", *under_way)
    visitor.visits(path, *under_way)
    assert visitor.page.locator(SUBMIT).count() == 0
    gateway_says(house, path, "failed")
    visitor.visits(path, "€69.00", "SEPA direct debit")
    visitor.presses()
    visitor.page.wait_for_url(HOSTED)
    assert ordered(house) == [("sepa_debit", "69.00", ""), ("card", "69.00", "0.10")]


def test_bank_details_the_link_for_all_and_a_fresh_link(house: House, visitor: Visitor) -> None:
    path, _ = house.invoice("A-1", buyer="A"), house.invoice("A-2", buyer="A")
    visitor.visits(path, "DE89 3704 0044 0532 0130 00", "A-1")
    page, picture = visitor.page, visitor.page.locator("details.code img")
    assert not picture.is_visible()
    page.locator("details.code summary").click()
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("async (it) => { await it.decode(); return it.naturalWidth }") > 100
    copies = page.get_by_role("button", name="Copy: IBAN")
    assert copies.is_visible() is visitor.has_script
    if visitor.has_script:
        copies.click()
        page.get_by_text("Copied").wait_for()
    visitor.presses("a•••@customer.example", "look in your mailbox")
    stale = visitor.context.new_page()
    stale.goto(path)
    # What shows who may see the item once it has ended: this browser opened it before.
    visitor.visits(path)
    visitor.presses()
    visitor.page.wait_for_url(HOSTED)
    house.wait(hours=25)
    visitor.visits(path, "This link has ended", "DE89 3704", "A-1", "€119.00")
    visitor.page = stale
    stale.bring_to_front()
    visitor.presses("", "This link has ended")
    visitor.page.get_by_label("b•••@customer.example").check()
    visitor.presses("", "look in your mailbox")
    with house.app.reading() as session:
        item = house.link(path).item_id
        assert item is not None
        fresh = paylinks.live_link(session, KEY, item)
    assert fresh is not None
    visitor.visits(house.app.link_url(fresh), "€119.00")
    assert house.activity(path).count("renewed") == 1


def test_a_card_is_stored_assigned_and_removed_with_mailed_codes(
    house: House, visitor: Visitor
) -> None:
    owner, page = Owner(house), visitor.page
    visitor.visits(owner.path, "€169.00")
    visitor.follows("Cards", "No card is stored")
    page.get_by_label("Only these:").check()
    page.get_by_label("Lamps").check()
    visitor.presses("Store a card", "This is for: V-1.", "a•••@customer.example")
    visitor.types_code(owner)
    page.wait_for_url(HOSTED)
    owner.card(contracts=["V-1"])
    visitor.visits(f"{owner.path}/cards?said=stored", "Thank you", "Pays: V-1")
    visitor.follows("Change what this card pays", "What shall this card pay?")
    page.get_by_label("V-2").check()
    visitor.presses("Change it", "This is for: V-1, V-2.")
    page.fill("#code", "no code")
    page.locator(SUBMIT).click()
    page.locator("#wrong").wait_for()
    visitor.types_code(owner, "Done.", "Pays: V-1, V-2")
    visitor.follows("Contracts", "Paid by Visa •••• 4242")
    visitor.follows("Change which card pays what", "What will be charged")
    visitor.presses("Remove Visa", "You want to remove Visa •••• 4242.")
    visitor.types_code(owner, "The card is removed", "No card is stored")
    assert owner.cards() == []
