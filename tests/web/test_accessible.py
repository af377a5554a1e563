"""Every page that customers see, walked by axe-core: WCAG 2.2 AA and its makers' best practice.

On a phone in the light with every rule; then in the dark and on a desktop with those that look at
colours and sizes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from tests.web.house import KEY, PERSON, House, running_house
from tests.web.test_in_browser import HOSTED, PHONE, UNSTEERED
from tests.web.test_portal import Owner
from tests.web.test_receipt_page import receipt_below
from tests.web.test_thanks import gateway_says
from tests.web.test_ways import METHODS, _bank_is_at_it, give_balance
from worker.adapters.page_samples import samples

DESKTOP: ViewportSize = {"width": 1200, "height": 900}
LAWS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SEEN = ["color-contrast", "target-size", "link-in-text-block"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house with all that pages can show."""
    rules: dict[str, Any] = {"autocharge": {"enabled": True}, "methods": METHODS}
    rules["links"] = {"partial": True, "burst_links": 32}
    with running_house(tmp_path, sandboxed=True, **rules) as house:
        yield house


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A person's phone."""
    context = browser.new_context(user_agent=PERSON, viewport=PHONE, base_url=house.lives_at)
    context.add_init_script(UNSTEERED)
    yield context.new_page()
    context.close()


def test_every_page_is_clean(house: House, page: Page) -> None:
    walk = Walk(house, page)
    walk.pays_by_debit()
    walk.pays()
    walk.owns_a_portal()
    walk.comes_late()
    walk.is_lost()
    assert walk.found == {}
    assert len(walk.seen) == 20
    # What publishing tries a set of templates with is what these pages were filled with.
    real, tried = _names(house.app.filled), _names(samples(house.app.rules(KEY)))
    assert real - tried == set()
    top = {name for name in real if name.count(".") == 2}
    seen = tuple({name.rpartition(".")[0] for name in top})
    assert {n for n in tried if n.count(".") == 2 and n.startswith(seen)} - top == set()
    # What would hide a text from some eyes is found: the walk does look.
    page.evaluate("document.querySelector('h1').style.color = 'color-mix(in srgb, white, silver)'")
    walk.look("pale")
    assert list(walk.found) == ["pale", "pale, light, 1200"]


def _names(pages: Iterable[tuple[str, Mapping[str, object]]]) -> set[str]:
    """Every value that pages are filled with, by its way below the page's name."""

    def below(where: str, value: object) -> Iterator[str]:
        if isinstance(value, list | tuple):
            for one in value:
                yield from below(where, one)
        elif isinstance(value, Mapping) and not where.endswith(_OPEN_NAMES):
            for name, one in value.items():
                yield f"{where}.{name}"
                yield from below(f"{where}.{name}", one)

    return {name for page, context in pages for name in below(page, context)}


# Named by the items on a page, or the same on each of them.
_OPEN_NAMES = (".problems", ".typed", ".wished", ".business")


class Walk:
    """Through the pages, as different customers come to them."""

    def __init__(self, house: House, page: Page) -> None:
        self.house, self.page, self.axe = house, page, Axe()
        self.found: dict[str, list[str]] = {}
        self.seen: list[str] = []

    def pays(self) -> None:
        """An item, others beside it, back from the gateway, and paid."""
        paths = [self.house.invoice(f"A-{n}", "50.00", buyer="A") for n in (1, 2)]
        give_balance(self.house, paths[0], 2000)
        self.look("an item", paths[0])
        self.look("waiting for the gateway", f"{paths[0]}/thanks")
        account = self.house.account(paths[0])
        self.look("a customer", account)
        self.page.locator(".pay input.typed").first.fill("1,000")
        self.page.locator(".pay button[type=submit]").click()
        self.page.wait_for_selector("[role=alert]")
        self.look("an amount that may be two")
        self.look("a customer who comes back", f"{account}/thanks")
        self.page.goto(account)
        self.page.locator(".pay input.typed").first.fill("10.00")
        self.presses_to_pay()
        gateway_says(self.house, account, "paid")
        self.look("several paid, and one of them in part", f"{account}/thanks")
        self.house.pay(paths[0])
        self.look("paid", f"{paths[0]}/thanks")
        self.look("a receipt", paths[0] + receipt_below(self.house, paths[0]))

    def pays_by_debit(self) -> None:
        """A bank debit under way; and an invoice that was withdrawn meanwhile."""
        path = self.house.invoice("D-1")
        self.page.goto(path)
        self.page.get_by_label("SEPA").check()
        self.presses_to_pay()
        _bank_is_at_it(self.house)
        self.look("a debit under way", f"{path}/thanks")
        other = self.house.invoice("D-2")
        self.house.edit(other, voided_at=self.house.app.at)
        self.look("withdrawn", other)

    def presses_to_pay(self) -> None:
        """After a look at the page, as far as the hosted one."""
        self.house.wait(seconds=3)
        self.page.locator(".pay button[type=submit]").click()
        self.page.wait_for_url(HOSTED)

    def owns_a_portal(self) -> None:
        """The tabs, a wish, and a wrong code."""
        owner = Owner(self.house)
        card = owner.card()
        self.look("a portal's invoices", owner.path)
        self.look("a portal's contracts", f"{owner.path}/contracts")
        self.look("what a card pays is changed", f"{owner.path}/cards?card={card.id}")
        self.page.goto(f"{owner.path}/cards")
        for summary in self.page.locator("summary").all():
            summary.click()
        self.look("a portal's cards")
        self.house.wait(seconds=3)
        self.page.get_by_role("button", name="Store a card").click()
        self.page.wait_for_url("**/code?*")
        self.look("a code is asked for")
        self.page.fill("#code", "no code")
        self.page.locator(".pay button[type=submit]").click()
        self.page.wait_for_selector("#wrong")
        self.look("a wrong code")

    def comes_late(self) -> None:
        """A link that has ended."""
        path = self.house.invoice("L-1")
        self.house.wait(days=200)
        self.look("an ended link", path)

    def is_lost(self) -> None:
        """Signing in, and an address that is not ours."""
        self.look("signing in", "/sign-in/acme")
        self.page.fill("#email", "anna@customer.example")
        self.page.locator(".pay button[type=submit]").click()
        self.page.wait_for_selector("[role=status]")
        self.look("signed in")
        self.look("nothing there", "/l/" + "b" * 32)

    def look(self, name: str, path: str | None = None) -> None:
        """What axe finds on a page, in the light and in the dark, small and large."""
        if path is not None:
            self.page.goto(path)
        self.seen.append(name)
        everything = {"type": "tag", "values": LAWS}
        self._note(name, self.axe.run(self.page, options=_only(everything)).response)
        lights: tuple[tuple[ViewportSize, Literal["dark", "light"]], ...]
        lights = ((PHONE, "dark"), (DESKTOP, "light"))
        for size, scheme in lights:
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size(size)
            said = self.page.evaluate(f"axe.run({json.dumps(_only(SEEN))})")
            self._note(f"{name}, {scheme}, {size['width']}", said)
        self.page.set_viewport_size(PHONE)

    def _note(self, where: str, said: dict[str, Any]) -> None:
        for one in said["violations"]:
            at = [" ".join(map(str, node["target"])) for node in one["nodes"]]
            self.found.setdefault(where, []).append(f"{one['id']}: {at}")


def _only(rules: object) -> dict[str, object]:
    return {"resultTypes": ["violations"], "runOnly": rules}
