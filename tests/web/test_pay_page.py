"""The page behind a pay link: what it shows to whom, and that reading it changes nothing."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.web.house import NOON, PERSON, House, as_person, form_of
from worker.invoices import State
from worker.paylinks import LinkState
from worker.web.standing import Face, face_of


def open_as_person(house: House, browser: httpx.Client, path: str) -> httpx.Response:
    """Look at the page for a while, then touch it."""
    fields = as_person(form_of(browser.get(path).text, f"{path}/open"))
    house.wait(seconds=5)
    return browser.post(f"{path}/open", data=fields)


def test_the_page_says_what_is_to_be_paid_and_offers_a_button(house: House) -> None:
    path = house.invoice("A-1", "119.00")
    page = house.browser().get(path)
    assert page.status_code == 200
    assert "Pay €119.00" in page.text
    assert "GB33 BUKB 2020 1555 5555 55" in page.text
    assert f'action="{path}/pay"' in page.text
    assert f'href="{path}/document"' in page.text
    assert len(page.content) < 50_000
    assert "Test mode" in page.text


def test_the_page_speaks_the_customers_language(house: House) -> None:
    page = house.browser().get(house.invoice("A-2", "1240.50", language="de"))
    assert '<html lang="de">' in page.text
    assert "1.240,50\xa0€ bezahlen" in page.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("below", ["", "/thanks", "/thanks?look=3", "/document"])
def test_reading_changes_no_row(house: House, method: str, below: str) -> None:
    path = house.invoice()
    before = house.rows()
    assert house.browser().request(method, path + below).status_code == 200
    assert house.rows() == before


@pytest.mark.parametrize("below", ["", "/pay", "/open", "/renew", "/document", "/thanks"])
def test_options_changes_no_row(house: House, below: str) -> None:
    path = house.invoice()
    before = house.rows()
    assert house.browser().request("OPTIONS", path + below).status_code == 405
    assert house.rows() == before


@pytest.mark.parametrize("below", ["", "/document", "/thanks"])
def test_every_wrong_token_gets_the_same_answer(house: House, below: str) -> None:
    token = house.invoice().removeprefix("/l/")
    wrong = [token[:-1], token[:16], "a" * 32, token.upper(), token + "a", "%00", "..%2f", "é"]
    answers = [house.browser().get(f"/l/{one}{below}") for one in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "Acme" not in answers[0].text


def test_the_frozen_pdf_is_shown_as_it_is(house: House) -> None:
    path = house.invoice("RE 7/2026")
    answer = house.browser().get(f"{path}/document")
    assert answer.content.startswith(b"%PDF-1.7 of inv_")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="RE-7-2026.pdf"'


STATES = [
    # item, link, whether this browser opened it, face
    (State.OPEN, LinkState.WAITING, False, Face.PAY),
    (State.PART_PAID, LinkState.OPENED, False, Face.PAY),
    (State.OPEN, LinkState.EXPIRED, False, Face.ENDED),
    (State.OPEN, LinkState.EXPIRED, True, Face.ENDED),
    (State.OPEN, LinkState.REVOKED, True, Face.ENDED),
    (State.PAID, LinkState.OPENED, False, Face.PAID),
    (State.PAID, LinkState.EXPIRED, True, Face.PAID),
    (State.PAID, LinkState.EXPIRED, False, Face.SETTLED),
    (State.PAID, LinkState.REVOKED, False, Face.SETTLED),
    (State.VOID, LinkState.OPENED, True, Face.VOID),
    (State.HELD, LinkState.WAITING, False, Face.VOID),
    (State.CORRECTED, LinkState.REVOKED, False, Face.CORRECTED),
]


@pytest.mark.parametrize(("item", "link", "is_known", "face"), STATES)
def test_the_face_follows_from_item_link_and_browser(
    item: State, link: LinkState, is_known: bool, face: Face
) -> None:
    assert face_of(item, link, is_known=is_known) is face


def test_an_expired_link_keeps_its_item_from_strangers(house: House) -> None:
    path = house.invoice("A-1", "119.00")
    opener = house.browser()
    assert open_as_person(house, opener, path).status_code == 204
    house.wait(hours=24)
    stranger = house.browser().get(path)
    assert "This link has ended" in stranger.text
    for secret in ("119.00", "A-1", "BUKB", "Customer of"):
        assert secret not in stranger.text
    assert house.browser().get(f"{path}/document").status_code == 404
    known = opener.get(path)
    assert "€119.00" in known.text
    assert "GB33 BUKB" in known.text
    assert f"{path}/pay" not in known.text
    assert opener.get(f"{path}/document").status_code == 200


def test_a_forged_cookie_opens_nothing(house: House) -> None:
    path = house.invoice()
    assert open_as_person(house, house.browser(), path).status_code == 204
    house.wait(hours=25)
    answer = house.browser(Cookie=f"tillmail_opened={'a' * 32}").get(f"{path}/document")
    assert answer.status_code == 404


def test_the_cookie_of_one_link_is_no_good_for_another(house: House) -> None:
    mine, other = house.invoice("A-1"), house.invoice("B-1")
    browser = house.browser()
    assert open_as_person(house, browser, mine).status_code == 204
    assert open_as_person(house, house.browser(), other).status_code == 204
    proof = browser.cookies.get("tillmail_opened")
    house.wait(hours=25)
    answer = house.browser(Cookie=f"tillmail_opened={proof}").get(f"{other}/document")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("fact", "words"),
    [("voided_at", "no longer valid"), ("corrected_at", "was replaced")],
)
def test_a_withdrawn_invoice_says_so_and_offers_no_button(
    house: House, fact: str, words: str
) -> None:
    path = house.invoice()
    house.edit(path, **{fact: NOON})
    page = house.browser().get(path)
    assert words in page.text
    assert "<form" not in page.text


def test_a_paid_invoice_says_so(house: House) -> None:
    path = house.invoice()
    house.pay(path)
    page = house.browser().get(path)
    assert "This invoice is paid" in page.text
    assert "<form" not in page.text


def test_coming_back_forged_says_that_we_wait_for_the_confirmation(house: House) -> None:
    path = house.invoice()
    page = house.browser().get(f"{path}/thanks?session_id=cs_1&paid=true&look=0")
    assert "Waiting for the confirmation" in page.text
    assert f"url={path}/thanks?look=1" in page.text


@pytest.mark.parametrize("look", ["6", "99", "-1", "x", "١", "00000"])
def test_the_waiting_page_stops_looking_again(house: House, look: str) -> None:
    page = house.browser().get(f"{house.invoice()}/thanks", params={"look": look})
    assert page.status_code == 200
    assert "http-equiv" not in page.text


def test_coming_back_paid_says_thank_you(house: House) -> None:
    path = house.invoice()
    house.pay(path)
    assert "Thank you, your payment has arrived" in house.browser().get(f"{path}/thanks").text


def test_values_of_the_books_are_never_read_as_markup(house: House) -> None:
    path = house.invoice("</title><script>alert(1)</script>{{ 7*7 }}")
    text = house.browser().get(path).text
    assert "<script>alert" not in text
    assert "{{ 7*7 }}" in text


def test_the_page_names_its_browser_once_and_keeps_no_record(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    first = browser.get(path).headers["set-cookie"]
    assert "HttpOnly" in first
    assert "SameSite=lax" in first
    name = browser.cookies["tillmail_browser"]
    browser.get(path)
    assert browser.cookies["tillmail_browser"] == name
    assert name not in repr(house.rows())


def test_a_link_never_opened_ends_at_its_cap(house: House) -> None:
    path = house.invoice()
    house.app.at = house.link(path).cap_at - timedelta(seconds=1)
    assert "Pay €" in house.browser().get(path).text
    house.wait(seconds=1)
    assert "This link has ended" in house.browser(**{"User-Agent": PERSON}).get(path).text


def test_what_was_credited_is_told_apart_from_what_was_paid(house: House) -> None:
    path = house.invoice("A-1", "119.00")
    house.credit(path, "19.00")
    page = house.browser().get(path).text
    assert "Pay €100.00" in page
    assert "<dt>Credited</dt><dd>€19.00</dd>" in page
    assert "<dt>Paid</dt><dd>€0.00</dd>" in page
