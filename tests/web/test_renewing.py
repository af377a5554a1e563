"""POST /renew: a fresh link to a contact on file, so often a day, and one answer to everybody."""

from __future__ import annotations

import re

import httpx

from tests.web.house import KEY, House, form_of
from tests.web.test_pay_page import open_as_person
from worker import customers, paylinks


def ended(house: House, path: str) -> httpx.Response:
    """The page of a link whose time is over."""
    open_as_person(house, house.browser(), path)
    house.wait(hours=25)
    return house.browser().get(path)


def ask(house: House, path: str, **changes: str) -> httpx.Response:
    browser = house.browser()
    fields = form_of(browser.get(path).text, f"{path}/renew") | changes
    return browser.post(f"{path}/renew", data=fields)


def test_the_page_offers_the_contacts_on_file_by_masked_address(house: House) -> None:
    page = ended(house, house.invoice("A-1")).text
    offered = sorted(re.findall(r"\w•••@[\w.]+", page))
    assert offered == ["a•••@customer.example", "b•••@customer.example"]
    assert "anna" not in page


def test_asking_makes_one_fresh_link_and_keeps_the_old_one_dead(house: House) -> None:
    path = house.invoice()
    ended(house, path)
    assert "look in your mailbox" in ask(house, path).text
    assert house.activity(path)[-3:] == ["human_open", "renewal_asked", "renewed"]
    item = house.link(path).item_id
    assert item is not None
    with house.app.transaction() as session:
        links = paylinks.of_item(session, KEY, item)
        live = [link for link in links if link.revoked_at is None]
    assert (len(links), len(live)) == (2, 1)
    fresh = house.app.link_url(live[0]).removeprefix(house.lives_at)
    assert "Pay €" in house.browser().get(fresh).text
    assert "This link has ended" in house.browser().get(path).text


def test_the_request_says_which_link_goes_to_whom(house: House) -> None:
    path = house.invoice()
    ended(house, path)
    link = house.link(path)
    assert link.item_id is not None
    with house.app.transaction() as session:
        books = customers.billing_contacts(session, KEY, link.customer_id)[1]
    ask(house, path, contact=books.id)
    with house.app.transaction() as session:
        lines = paylinks.activity_of(session, KEY, link.item_id)
        [line] = [line for line in lines if line.kind == "renewal_asked"]
        renewal = paylinks.renewal(session, KEY, line.id)
        live = paylinks.live_link(session, KEY, link.item_id)
    assert renewal is not None
    assert live is not None
    assert (renewal.contact_id, renewal.link.id) == (books.id, live.id)


def test_a_link_that_still_lives_is_mailed_again_not_replaced(house: House) -> None:
    path = house.invoice()
    ended(house, path)
    ask(house, path)
    ask(house, path)
    assert house.activity(path).count("renewed") == 1
    assert house.activity(path).count("renewal_asked") == 2


def test_more_than_three_a_day_are_not_granted(house: House) -> None:
    path = house.invoice()
    ended(house, path)
    answers = {ask(house, path).content for _ in range(5)}
    assert len(answers) == 1
    assert house.activity(path).count("renewal_asked") == 3
    house.wait(hours=24, seconds=1)
    ask(house, path)
    assert house.activity(path).count("renewal_asked") == 4


def test_an_address_that_is_not_on_file_gets_nothing(house: House) -> None:
    path, other = house.invoice("A-1"), house.invoice("B-1")
    ended(house, path)
    customer = house.link(other).customer_id
    with house.app.transaction() as session:
        theirs = customers.billing_contacts(session, KEY, customer)[0]
    for contact in (theirs.id, "me@evil.example", ""):
        ask(house, path, contact=contact)
    assert "renewal_asked" not in house.activity(path)


def test_everybody_gets_the_same_answer(house: House) -> None:
    path, paid = house.invoice("A-1"), house.invoice("B-1")
    granted = form_of(ended(house, path).text, f"{path}/renew")
    house.pay(paid)
    tokens = [path, paid, "/l/" + "a" * 32, "/l/short"]
    answers = [house.browser().post(f"{one}/renew", data=granted) for one in tokens]
    answers.append(house.browser().post(f"{path}/renew", data={}))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert house.activity(path).count("renewal_asked") == 1
    assert "renewal_asked" not in house.activity(paid)


def test_a_program_that_fills_in_every_field_has_nothing_mailed(house: House) -> None:
    path = house.invoice()
    ended(house, path)
    ask(house, path, fax_line="1")
    assert "renewal_asked" not in house.activity(path)
