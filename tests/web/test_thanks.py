"""The page after paying: what was paid, what happens next, and a receipt on every success."""

from __future__ import annotations

import re

import pytest

from tests.web.house import KEY, House
from tests.web.test_account import Page, house
from tests.web.test_checking_out import press
from worker import invoices, payments
from worker.payments import By, Checkout, CheckoutFacts, Wanted

__all__ = ["house"]


@pytest.fixture
def page(house: House) -> Page:
    return Page(house)


def begin_debit(page: Page) -> None:
    """A debit of the first two items, with a fee, at the gateway's page."""
    house, link = page.house, page.house.link(page.path)
    house.wait(seconds=1)
    with house.app.transaction() as session:
        items = [invoices.by_id(session, KEY, one) for one in page.items[:2]]
        wanted = [Wanted(one) for one in items if one is not None]
        by = By("sepa_debit", 150)
        begun = payments.begin_for(session, wanted, link_id=link.id, at=house.app.at, by=by)
        begun.state, begun.session_id = "open", f"cs_{begun.id}"


def gateway_says(house: House, path: str, what: str) -> Checkout:
    """The gateway's word on the page that was begun last at a link: paid, processing or failed."""
    link = house.link(path)
    with house.app.transaction() as session:
        checkout = payments.newest_checkout(session, KEY, link.customer_id, link.id)
        assert checkout is not None
        facts = CheckoutFacts(
            checkout.session_id or "", "complete", what == "paid", checkout.whole,
            f"pi_{checkout.id}", checkout.id, KEY, False, None, None, checkout.method,
            is_processing=what == "processing", failure="No" if what == "failed" else None,
        )  # fmt: skip
        payments.settle(session, checkout, facts, livemode=False, at=house.app.at)
    return checkout


def thanks(page: Page, path: str = "") -> str:
    return page.browser.get(f"{path or page.path}/thanks", follow_redirects=True).text


def test_parts_of_several_items_are_thanked_for_with_one_receipt(page: Page, house: House) -> None:
    assert page.pay([0, 2], a2="250.50").status_code == 303
    waiting = thanks(page)
    assert "Waiting for the confirmation" in waiting
    assert f"url={page.path}/thanks?look=1" in waiting
    gateway_says(house, page.path, "paid")
    html = thanks(page)
    for said in (
        "Thank you, your payment has arrived",
        "We received €369.50 on 22 November 2026.",
        "€749.50 still to pay",
        "€799.50 is still to pay.",
        "The receipt is also on its way to ",
    ):
        assert said in html, html
    [receipt] = re.findall(r'href="([^"]+/receipt/[^"]+)"', html)
    assert "€369.50" in page.browser.get(receipt).text
    # Nobody else's browser gets more than whoever has the link, and no other customer's link.
    other = house.invoice("D-1")
    below = receipt.rpartition("/")[2]
    assert house.browser().get(f"{other}/thanks?paid={below}").text.count("/receipt/") == 0


def test_a_debit_is_pending_on_return_and_never_paid(page: Page, house: House) -> None:
    begin_debit(page)
    gateway_says(house, page.path, "processing")
    html = thanks(page)
    for said in ("Your bank debit is under way", "up to 5 working days", "€170.50", "C-1", "C-2"):
        assert said in html, html
    assert "Thank you" not in html
    assert "up to 5 working days" in page.browser.get(page.paths[0]).text
    gateway_says(house, page.path, "failed")
    assert "What would you like to pay?" in thanks(page)
    begin_debit(page)
    gateway_says(house, page.path, "processing")
    gateway_says(house, page.path, "paid")
    assert "€1.50" in (html := thanks(page))
    assert html.count("/receipt/pay_") == 1


@pytest.mark.parametrize("fact", ["voided_at", "corrected_at"])
def test_money_for_what_was_withdrawn_meanwhile_has_its_receipt(house: House, fact: str) -> None:
    path = house.invoice("A-1")
    browser = house.browser()
    press(house, path, browser)
    house.edit(path, **{fact: house.app.at})
    assert "€119.00" not in browser.get(f"{path}/thanks", follow_redirects=True).text
    gateway_says(house, path, "paid")
    html = browser.get(f"{path}/thanks").text
    assert "Credited to your balance" in html
    [receipt] = re.findall(r'href="([^"]+/receipt/[^"]+)"', html)
    assert "Credited to your balance" in browser.get(receipt).text
    house.wait(hours=25)
    assert "€119.00" in browser.get(f"{path}/thanks", follow_redirects=True).text
    assert "€119.00" not in house.browser().get(f"{path}/thanks", follow_redirects=True).text
