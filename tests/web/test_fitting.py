"""Every page and email on a small phone, filled with the longest names and amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.web.house import rules
from worker.adapters import page_samples, web_pages
from worker.adapters.mjml_words import WordsPress
from worker.adapters.templating import TemplateSet
from worker.delivery import samples as email_samples

TEMPLATES = str(Path(__file__).parents[2] / "templates")
SMALL = {"width": 360, "height": 740}
LONG = {
    "Sample & Sons <Ltd>": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbau mbH & Co. KG",
    "SAMPLE-1": "RE-2026-0004711-ABTEILUNG-NORD/000000123456789",
    "a•••@example.com": "b•••@rechnungswesen.donaudampfschifffahrtsgesellschaft.example",
    "C-1": "VERTRAG-2026-000000000000000000123456789",
}
# Apple's and Google's rule for a thumb; links inside a sentence are text.
SMALLER_THAN_A_THUMB = """
() => [...document.querySelectorAll('main :is(a, button, summary, label:has(input))')]
  .filter((it) => it.checkVisibility() && !it.closest('.trap'))
  .filter((it) => it.getBoundingClientRect().height < 43.9)
  .map((it) => it.textContent.trim())
"""
WIDER = "document.documentElement.scrollWidth > window.innerWidth"
# A word, or an amount, that goes on in the next line.
BROKEN = """
() => [...document.querySelectorAll('.label, td[style*="nowrap"]')].flatMap((it) => {
  const range = document.createRange(), text = it.firstChild;
  if (!text || text.nodeType !== 3) return [];
  return [...text.data.matchAll(/\\S+/g)].filter((word) => {
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map((word) => word[0]);
})
"""


def stretched(value: Any) -> Any:
    """The value with every name long and every amount large."""
    if isinstance(value, Mapping):
        if set(value) == {"minor", "currency"} and value["minor"]:
            return dict(value) | {"minor": 123_456_789}
        return {name: stretched(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [stretched(one) for one in value]
    if isinstance(value, str) and not value.startswith(("http", "/")):
        for short, long in LONG.items():
            value = value.replace(short, long)
    return value


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A small phone."""
    context = browser.new_context(viewport=SMALL)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_no_page_is_wider_than_a_small_phone_and_a_thumb_hits_every_button(page: Page) -> None:
    found = []
    for name, context in page_samples.samples(rules()):
        if not name.endswith(".html"):
            continue
        filled = {k: v if k == "business" else stretched(v) for k, v in context.items()}
        page.set_content(web_pages.render(TEMPLATES, name, "de", filled).html)
        if page.evaluate(WIDER):
            found.append(f"{name} is wider than the phone")
        found += [f"{name}: {small!r} is small" for small in page.evaluate(SMALLER_THAN_A_THUMB)]
    assert found == []


def test_no_email_is_wider_than_a_small_phone_or_breaks_a_word_or_an_amount(page: Page) -> None:
    press, found = WordsPress(TemplateSet(TEMPLATES)), []
    for order in email_samples(rules(), TEMPLATES, "sample"):
        if order.language == "de":
            _, html, _ = press.compose(
                order.template, stretched(order.context) | {"language": "de"}
            )
            page.set_content(html)
            if page.evaluate(WIDER):
                found.append(f"{order.template} is wider than the phone")
            found += [f"{order.template} breaks {word!r}" for word in page.evaluate(BROKEN)]
    assert found == []
