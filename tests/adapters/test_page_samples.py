"""Samples of web pages: each page has one, and a page that cannot be filled in is found by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.adapters.disk_templates import collect, write_out
from worker.adapters.page_samples import samples
from worker.adapters.web_pages import try_pages
from worker.businesses import Rules
from worker.kernel.errors import PermanentError
from worker.settings import PROJECT

SHIPPED = PROJECT / "templates"
ACME = Rules.model_validate(
    {"key": "acme", "name": "Acme", "mail": {"from_address": "invoices@acme.example"}}
)


def test_every_page_of_a_business_is_tried_and_what_is_shipped_passes() -> None:
    pages = {f.name for kind in ("html", "txt") for f in (SHIPPED / "web").glob(f"[!_]*.{kind}")}
    # That page is nobody's: it is made from what is shipped alone.
    assert {page for page, _ in samples(ACME)} == pages - {"message.html"}
    try_pages(str(SHIPPED), ACME)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("thanks.html", "{{ recepit.amount|money }}"),
        ("pay.html", "{% if item.is_overdue %}{{ item.due_no|day }}{% endif %}"),
        ("_bank.html", "{{ t('web.no_such_words') }}"),
    ],
)
def test_a_page_that_cannot_be_filled_in_is_found_before_it_is_published(
    tmp_path: Path, page: str, text: str
) -> None:
    own = tmp_path / "own"
    (own / "web").mkdir(parents=True)
    (own / "web" / page).write_text(text, "utf-8")
    write_out(collect(SHIPPED, own, None), tmp_path / "set")
    with pytest.raises(PermanentError, match=page):
        try_pages(str(tmp_path / "set"), ACME)
