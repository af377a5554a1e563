"""POST /open: a person starts the clock, a machine is only noted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.house import House, as_person, form_of
from worker.delivery import Notice


def seen(house: House, path: str, *, dwell_s: float = 5, **changes: str) -> tuple[int, list[str]]:
    """Open the page, wait, post the open; gives the status and what was noted of it."""
    browser = house.browser(**({"User-Agent": changes.pop("agent")} if "agent" in changes else {}))
    fields = as_person(form_of(browser.get(path).text, f"{path}/open")) | changes
    house.wait(seconds=dwell_s)
    status = browser.post(f"{path}/open", data=fields).status_code
    return status, house.activity(path)[1:]


def test_a_person_starts_the_clock_once(house: House) -> None:
    path = house.invoice()
    assert seen(house, path) == (204, ["human_open"])
    ends_at = house.link(path).expires_at
    assert ends_at == house.app.now() + timedelta(hours=24)
    assert seen(house, path) == (204, ["human_open"])
    assert house.link(path).expires_at == ends_at


@pytest.mark.parametrize(
    "machine",
    [
        {"script": ""},
        {"trusted": ""},
        {"steered": "1"},
        {"fax_line": "+49 40 1234"},
        {"dwell_s": 1.2},
        {"agent": "Mozilla/5.0 (compatible; SafeLinks scanner)"},
        {"agent": "python-requests/2.34"},
        {"agent": ""},
    ],
    ids=str,
)
def test_a_machine_is_noted_and_starts_no_clock(house: House, machine: dict[str, str]) -> None:
    path = house.invoice()
    assert seen(house, path, **machine) == (204, ["machine_open"])  # type: ignore[arg-type]
    assert house.link(path).opened_at is None
    assert "Pay €" in house.browser().get(path).text


def test_a_thousand_machines_fill_no_books(house: House) -> None:
    path = house.invoice()
    for _ in range(25):
        seen(house, path, steered="1")
    assert house.activity(path).count("machine_open") == 20


def test_moments_after_the_mail_a_browser_without_cookies_is_not_believed(house: House) -> None:
    path = house.invoice()
    _mark_sent(house, path)
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/open"))
    house.wait(seconds=5)
    house.browser().post(f"{path}/open", data=fields)
    assert house.activity(path)[1:] == ["sent", "delivered", "machine_open"]
    house.wait(seconds=1)
    browser.post(f"{path}/open", data=fields)
    assert house.activity(path)[-1] == "human_open"


@pytest.mark.parametrize("form", ["", "1.2.3", "f" * 80])
def test_a_form_that_we_did_not_give_is_refused(house: House, form: str) -> None:
    path = house.invoice()
    before = house.rows()
    answer = house.browser().post(f"{path}/open", data=as_person({"form": form}))
    assert answer.status_code == 403
    assert house.rows() == before


def test_the_form_of_another_link_is_refused(house: House) -> None:
    mine, other = house.invoice("A-1"), house.invoice("B-1")
    browser = house.browser()
    fields = as_person(form_of(browser.get(other).text, f"{other}/open"))
    house.wait(seconds=5)
    assert browser.post(f"{mine}/open", data=fields).status_code == 403
    assert house.activity(mine)[1:] == []


def test_a_form_sent_by_another_site_is_refused(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/open"))
    house.wait(seconds=5)
    crossing = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post(f"{path}/open", data=fields, headers=crossing).status_code == 403
    assert house.link(path).opened_at is None


def test_a_field_sent_twice_counts_as_absent(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/open"))
    house.wait(seconds=5)
    body = "&".join([*(f"{k}={v}" for k, v in fields.items()), "trusted=1"])
    header = {"Content-Type": "application/x-www-form-urlencoded"}
    browser.post(f"{path}/open", content=body, headers=header)
    assert house.activity(path)[1:] == ["machine_open"]


def test_an_ended_link_is_not_opened_again(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/open"))
    seen(house, path)
    ends_at = house.link(path).expires_at
    house.wait(hours=24)
    browser.post(f"{path}/open", data=fields)
    assert house.link(path).expires_at == ends_at
    assert house.activity(path).count("human_open") == 1


def _mark_sent(house: House, path: str) -> None:
    link = house.link(path)
    with house.app.transaction() as session:
        session.add(
            Notice(
                business=link.business,
                id="ntc_1",
                kind="invoice",
                subject_id=link.item_id,
                recipient="anna@customer.example",
                language="en",
                template_set="t",
                context={},
                message_id="<1@acme.example>",
                state="sent",
                queued_at=house.app.now(),
                sent_at=house.app.now(),
            )
        )
