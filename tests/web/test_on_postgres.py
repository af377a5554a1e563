"""What many do at once, on the database that lets them: one effect, and nobody turned away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import books
from tests.servers.postgres import PostgresServer
from tests.web.counting import signature
from tests.web.house import House, as_person, form_of, running_house, stripe_event
from tests.web.test_renewing import ended


@pytest.fixture
def house(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[House]:
    """A house on PostgreSQL."""
    template = postgres_server.add_template("books", books.build)
    with (
        postgres_server.database(template=template) as url,
        running_house(tmp_path, database=url) as house,
    ):
        yield house


def test_the_same_event_many_times_at_once_is_kept_once(house: House) -> None:
    raw = stripe_event()
    headers = {"Stripe-Signature": signature(raw)}
    browser = house.browser()
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda _: browser.post("/hooks/stripe/acme", content=raw, headers=headers),
                range(60),
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.text for answer in answers)[:2] == ["again", "again"]
    assert len(house.rows()["webhook"]) == 1


def test_many_presses_at_once_open_one_page(house: House) -> None:
    path = house.invoice()
    fields = as_person(form_of(house.browser().get(path).text, f"{path}/pay"))
    house.wait(seconds=3)
    browser = house.browser()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: browser.post(f"{path}/pay", data=fields), range(12)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(house.app.counting.keys) == 1
    assert len(house.rows()["checkout"]) == 1


def test_two_devices_that_open_at_once_set_the_clock_once(house: House) -> None:
    path = house.invoice()
    browsers = [house.browser() for _ in range(8)]
    forms = [as_person(form_of(b.get(path).text, f"{path}/open")) for b in browsers]
    house.wait(seconds=5)
    with ThreadPoolExecutor(8) as pool:
        pairs = zip(browsers, forms, strict=True)
        answers = list(pool.map(lambda pair: pair[0].post(f"{path}/open", data=pair[1]), pairs))
    assert {answer.status_code for answer in answers} == {204}
    assert house.activity(path).count("human_open") == 1


def test_many_requests_for_a_fresh_link_at_once_make_one_link(house: House) -> None:
    path = house.invoice()
    fields = form_of(ended(house, path).text, f"{path}/renew")
    browser = house.browser()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser.post(f"{path}/renew", data=fields), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    kinds = house.activity(path)
    assert (kinds.count("renewed"), kinds.count("renewal_asked")) == (1, 3)


def test_reading_changes_no_row_here_either(house: House) -> None:
    path = house.invoice()
    before = house.rows()
    for below in ("", "/thanks", "/document"):
        assert house.browser().get(path + below).status_code == 200
    assert house.rows() == before
