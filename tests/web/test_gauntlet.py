"""The scanner gauntlet: whatever a mail scanner does to a fresh link, no clock starts.

Five vendors' manners, by name and timing; each is let loose on a link of its own, moments after its
mail went out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError

from tests.web.house import House, form_of, running_house
from tests.web.test_in_browser import UNSTEERED
from worker.delivery import Notice

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/118.0.0.0 Safari/537.36"
)


@dataclass(frozen=True)
class Scanner:
    """What it calls itself, how long after the mail it comes, how long it stays on a page."""

    vendor: str
    agent: str
    after_s: float
    stays_s: float


FETCHING = [
    Scanner("Microsoft SafeLinks", CHROME + " Edg/118.0.2088.76", 4, 0.5),
    Scanner("Proofpoint URL Defense", "Mozilla/5.0 (compatible; Proofpoint URL Defense)", 3, 0),
    Scanner("Mimecast", CHROME, 12, 2),
    Scanner("Barracuda", "Barracuda Sentinel (EE)", 12, 8),
    Scanner("Cisco Secure Email", "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0)", 40, 4),
    Scanner("one that comes back the next day", CHROME, 86_400, 5),
]
BROWSING = [
    Scanner("Microsoft detonation", CHROME + " Edg/118.0.2088.76", 25, 6),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all: each scanner has a link of its own."""
    folder: Path = tmp_path_factory.mktemp("gauntlet")
    with running_house(folder, sandboxed=True) as house:
        yield house


def mailed(house: House, number: str) -> str:
    """A link whose mail has just gone out."""
    path = house.invoice(number)
    link = house.link(path)
    with house.app.transaction() as session:
        session.add(
            Notice(
                business=link.business,
                id=f"ntc_{number}",
                kind="invoice",
                subject_id=link.item_id,
                recipient="anna@customer.example",
                language="en",
                template_set="t",
                context={},
                message_id=f"<{number}@acme.example>",
                state="sent",
                queued_at=house.app.now(),
                sent_at=house.app.now(),
            )
        )
    return path


def all_forms(answer: httpx.Response) -> list[str]:
    """Where the forms of a page are sent to."""
    return re.findall(r'<form[^>]*action="([^"]+)"', answer.text)


@pytest.mark.parametrize("scanner", FETCHING, ids=lambda s: s.vendor)
def test_fetching_and_sending_every_form_starts_no_clock(house: House, scanner: Scanner) -> None:
    path = mailed(house, f"F-{FETCHING.index(scanner)}")
    house.wait(seconds=scanner.after_s)
    browser = house.browser(**{"User-Agent": scanner.agent})
    browser.follow_redirects = True
    for method in ("HEAD", "GET", "OPTIONS"):
        browser.request(method, path)
    page = browser.get(path, headers={"Sec-Purpose": "prefetch"})
    house.wait(seconds=scanner.stays_s)
    for _ in range(3):  # What comes after a form is pressed through as well.
        for action in all_forms(page):
            sent = browser.post(action, data=form_of(page.text, action))
            house.wait(seconds=scanner.stays_s)
        page = sent if all_forms(sent) else page
    assert house.link(path).opened_at is None
    assert "checkout_started" not in house.activity(path)
    assert "Pay €" in house.browser().get(path).text


@pytest.mark.parametrize("steered", [True, False], ids=["steered", "hides that it is steered"])
@pytest.mark.parametrize("scanner", BROWSING, ids=lambda s: s.vendor)
def test_a_headless_browser_that_presses_everything_starts_no_clock(
    house: House, browser: Browser, scanner: Scanner, *, steered: bool
) -> None:
    path = mailed(house, f"B-{BROWSING.index(scanner)}-{steered}")
    context = browser.new_context(user_agent=scanner.agent, base_url=house.lives_at)
    if not steered:
        context.add_init_script(UNSTEERED)
    house.wait(seconds=scanner.after_s)
    page = context.new_page()
    page.goto(path)
    house.wait(seconds=scanner.stays_s)
    _press_everything(page, house, scanner)
    context.close()
    assert house.link(path).opened_at is None
    assert "checkout_started" not in house.activity(path)
    assert house.app.now() - house.link(path).created_at < timedelta(days=1)


def _press_everything(page: Page, house: House, scanner: Scanner) -> None:
    page.mouse.wheel(0, 400)
    page.mouse.click(20, 20)
    page.keyboard.press("Tab")
    page.evaluate("document.querySelectorAll('a, button').forEach((each) => each.click())")
    for _ in range(2):
        page.wait_for_load_state()
        house.wait(seconds=scanner.stays_s)
        try:
            page.locator("main button[type=submit]").first.click(timeout=300)
        except BrowserError:
            return  # Nothing left to press.
