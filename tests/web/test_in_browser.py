"""The pay page in a real browser: who counts as a person, the keyboard, and what it loads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.web.house import PERSON, House, running_house
from tests.web.test_ways import METHODS, make_business, ordered

PHONE: ViewportSize = {"width": 390, "height": 844}
# Playwright says that it steers the browser; a person's browser says that nobody does.
UNSTEERED = "Object.defineProperty(navigator, 'webdriver', { get: () => false })"
HOSTED = "**/health?page=*"
Opened = Callable[..., Page]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose payment service is another origin on this machine."""
    with running_house(tmp_path, sandboxed=True, links={"partial": True}) as house:
        yield house


@pytest.fixture
def open_page(browser: Browser, house: House) -> Iterator[Opened]:
    """Opens a page on a phone, in a context of its own."""
    contexts: list[BrowserContext] = []

    def open_(path: str, *, steered: bool = False, **options: Any) -> Page:
        settings = {"user_agent": PERSON, "viewport": PHONE, "base_url": house.lives_at} | options
        context = browser.new_context(**settings)
        contexts.append(context)
        if not steered:
            context.add_init_script(UNSTEERED)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


def test_a_person_who_touches_the_page_starts_the_clock(house: House, open_page: Opened) -> None:
    path = house.invoice()
    page = open_page(path)
    assert house.activity(path)[1:] == []
    house.wait(seconds=5)
    with page.expect_response("**/open") as told:
        page.mouse.click(40, 400)
    assert told.value.status == 204
    assert house.activity(path)[1:] == ["human_open"]
    page.reload()
    assert "This link works until" in page.inner_text("main")


def test_a_steered_browser_starts_no_clock(house: House, open_page: Opened) -> None:
    path = house.invoice()
    page = open_page(path, steered=True)
    house.wait(seconds=5)
    with page.expect_response("**/open"):
        page.mouse.click(40, 400)
    assert house.activity(path)[1:] == ["machine_open"]


def test_a_script_that_presses_everything_starts_no_clock(house: House, open_page: Opened) -> None:
    path = house.invoice()
    page = open_page(path, steered=True)
    house.wait(seconds=5)
    page.evaluate("document.querySelectorAll('button').forEach((each) => each.click())")
    # Whichever of its presses came last: to pay, or to mail the link for all.
    page.wait_for_url(re.compile(rf"{path}/(pay|account)$"))
    assert "One more press" in page.inner_text("h1")
    assert house.link(path).opened_at is None
    assert house.app.counting.orders == []


def test_the_keyboard_alone_is_enough_to_pay(house: House, open_page: Opened) -> None:
    path = house.invoice("A-1", "119.00")
    page = open_page(path)
    house.wait(seconds=5)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Pay €119.00"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(HOSTED)
    assert page.url.startswith("http://localhost:")


def test_a_double_click_opens_one_page(house: House, open_page: Opened) -> None:
    page = open_page(house.invoice())
    house.wait(seconds=5)
    page.dblclick("button[type=submit]")
    page.wait_for_url(HOSTED)
    assert len(house.app.counting.keys) == 1


def test_two_tabs_meet_on_one_page(house: House, open_page: Opened) -> None:
    path = house.invoice()
    addresses = set()
    for page in (open_page(path), open_page(path)):
        # A tab behind another draws seldom, and a press waits for that.
        page.bring_to_front()
        house.wait(seconds=5)
        page.click("button[type=submit]")
        page.wait_for_url(HOSTED)
        addresses.add(page.url)
    assert len(addresses) == 1


def test_without_script_everything_but_judging_works(house: House, open_page: Opened) -> None:
    path = house.invoice()
    page = open_page(path, java_script_enabled=False)
    house.wait(seconds=1)
    assert page.locator("button.copy").count() > 0
    assert page.locator("button.copy:visible").count() == 0
    page.click("button[type=submit]")
    page.wait_for_url(f"**{path}/pay")
    page.fill("#code", re.findall(r"\b\d{4}\b", page.inner_text("label[for=code]"))[0])
    page.click("button[type=submit]")
    page.wait_for_url(HOSTED)
    kinds = house.activity(path)[1:]
    assert kinds == ["checkout_started", "human_open", "machine_open"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_comes_in_one_piece_and_breaks_none_of_its_rules(
    house: House, open_page: Opened, scheme: str
) -> None:
    path = house.invoice()
    page = open_page("/health", color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: said.append(line.text))
    page.goto(path)
    assert asked == [house.lives_at + path]
    assert said == []
    wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert wider is False


CONTRAST = """
() => {
  const parse = (c) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(style.color)), light(behind(e))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
    const wanted = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < wanted) poor.push(e.textContent.trim());
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("below", ["", "/thanks"])
def test_every_text_can_be_read(house: House, open_page: Opened, scheme: str, below: str) -> None:
    """WCAG 2.2, success criterion 1.4.3."""
    page = open_page(house.invoice() + below, color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_a_wrong_amount_is_tied_to_its_field(house: House, open_page: Opened) -> None:
    """WCAG 2.2, success criteria 1.3.1, 1.4.10, 2.4.3, 3.1.1, 3.3.1 and 3.3.2."""
    paths = [house.invoice(number, "50.00", buyer="C") for number in ("2026-0139", "2026-0140")]
    paths += [house.invoice("2026-0141", "50.00", buyer="C")]
    page = open_page(house.account(paths[0]))
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == page.locator("h1").count() == 1
    wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert wider is False
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "checkbox"
    page.locator(".pay input.typed").first.fill("1,000")
    page.locator(".pay button[type=submit]").click()
    page.wait_for_selector("[role=alert]")
    wrong = page.locator("input[aria-invalid=true]")
    assert wrong.count() == 1
    said = page.locator(f"#{wrong.get_attribute('aria-describedby')}")
    assert "plain digits" in said.inner_text()
    named = "document.querySelector('[aria-invalid=true]').labels.length"
    assert page.evaluate(named) == 1


def test_every_control_has_a_name_and_is_large_enough_to_touch(
    house: House, open_page: Opened
) -> None:
    """WCAG 2.2, success criteria 4.1.2 and 2.5.8."""
    page = open_page(house.invoice())
    for control in page.locator("main a:visible, main button:visible").all():
        assert control.inner_text().strip()
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24


@pytest.fixture
def charging(tmp_path: Path) -> Iterator[House]:
    """A house that adds a fee for cards and takes bank debits."""
    with running_house(tmp_path, sandboxed=True, methods=METHODS) as house:
        yield house


@pytest.mark.parametrize("view", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
def test_choosing_a_way_shows_its_fee_at_once_and_only_that_is_charged(
    charging: House, browser: Browser, view: ViewportSize
) -> None:
    path = charging.invoice()
    make_business(charging, path)
    context = browser.new_context(user_agent=PERSON, viewport=view, base_url=charging.lives_at)
    context.add_init_script(UNSTEERED)
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(path)
        assert page.inner_text("button[type=submit]") == "Pay €121.04"
    first.bring_to_front()
    first.check("input[value=debit]")
    assert first.inner_text("button[type=submit]") == "Pay €119.00"
    assert not first.is_visible("[data-sums]")
    first.check("input[value=card]")
    assert first.inner_text("[data-whole]") == "€121.04"
    charging.wait(seconds=5)
    first.click("button[type=submit]")
    first.wait_for_url(HOSTED)
    second.bring_to_front()
    second.check("input[value=debit]")
    second.click("button[type=submit]")
    second.wait_for_url(HOSTED)
    assert ordered(charging) == [("card", "119.00", "2.04"), ("sepa_debit", "119.00", "")]
    assert charging.activity(path).count("checkout_ended") == 1
    context.close()


def test_without_script_the_fee_is_seen_before_it_is_charged(
    charging: House, browser: Browser
) -> None:
    path = charging.invoice()
    context = browser.new_context(
        user_agent=PERSON, viewport=PHONE, base_url=charging.lives_at, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(path)
    charging.wait(seconds=5)
    page.click("button[type=submit]")
    assert "€119.10" in page.inner_text("main")
    shown = re.search(r"type (\d{4}) here", page.inner_text("main"))
    assert shown is not None
    page.fill("#code", shown[1])
    page.click("button[type=submit]")
    page.wait_for_url(HOSTED)
    assert ordered(charging) == [("card", "119.00", "0.10")]
    context.close()
