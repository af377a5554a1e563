"""POST /pay: one hosted page however often somebody presses, and no clock started by a program."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.web.house import House, as_person, form_of
from worker.kernel.errors import OutcomeUnknown, PermanentError, TransientError


def press(
    house: House, path: str, browser: httpx.Client | None = None, **changes: str
) -> httpx.Response:
    """Look at the page for a moment and press the button."""
    browser = browser or house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/pay")) | changes
    house.wait(seconds=3)
    return browser.post(f"{path}/pay", data=fields)


def test_the_button_leads_to_the_hosted_page(house: House) -> None:
    path = house.invoice("A-1", "119.00")
    answer = press(house, path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://checkout.stripe.com/c/pay/")
    [(_, order)] = house.app.counting.orders
    assert (str(order.amount), order.title) == ("119.00 EUR", "Invoice A-1 · Acme")
    assert order.success_url == f"{house.lives_at}{path}/thanks"
    assert house.activity(path)[1:] == ["checkout_started", "human_open"]


def test_it_works_without_script_and_without_cookies(house: House) -> None:
    path = house.invoice()
    fields = form_of(house.browser().get(path).text, f"{path}/pay")
    house.wait(seconds=1)
    asked = house.browser().post(f"{path}/pay", data=fields)
    assert house.link(path).opened_at is None
    answer = house.browser().post(f"{path}/pay", data=typed(path, asked))
    assert answer.status_code == 303
    assert house.link(path).opened_at is not None


def typed(path: str, asked: httpx.Response) -> dict[str, str]:
    """The form of the page that asks once more, with the digits that a person reads on it."""
    shown = re.search(r"type (\d{4}) here", asked.text)
    assert shown is not None
    return form_of(asked.text, f"{path}/pay") | {"code": shown[1]}


def test_pressing_twice_opens_one_page(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    first, second = press(house, path, browser), press(house, path, browser)
    assert first.headers["location"] == second.headers["location"]
    assert len(house.app.counting.orders) == 1
    assert house.activity(path).count("checkout_started") == 1


def test_many_presses_at_once_use_one_key(house: House) -> None:
    path = house.invoice()
    fields = as_person(form_of(house.browser().get(path).text, f"{path}/pay"))
    house.wait(seconds=3)
    browsers = [house.browser() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda b: b.post(f"{path}/pay", data=fields), browsers))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(house.app.counting.keys) == 1


@pytest.mark.parametrize("failure", [TransientError("429"), OutcomeUnknown("timed out")], ids=str)
def test_when_nobody_answers_the_page_says_so_and_the_next_press_uses_the_same_key(
    house: House, failure: Exception
) -> None:
    path = house.invoice()
    house.app.counting.failures.append(failure)
    answer = press(house, path)
    assert answer.status_code == 502
    assert "Nothing was charged" in answer.text
    assert press(house, path).status_code == 303
    assert len(house.app.counting.orders) == 2
    assert len(house.app.counting.keys) == 1
    assert house.app.counting.orders[0] == house.app.counting.orders[1]


def test_a_refusal_of_the_gateway_is_explained_without_its_words(house: House) -> None:
    path = house.invoice()
    house.app.counting.failures.append(PermanentError("key sk_test_1 is of acct_2"))
    answer = press(house, path)
    assert answer.status_code == 502
    assert "sk_test" not in answer.text


def test_a_page_that_is_about_to_end_is_ended_before_the_next_opens(house: House) -> None:
    path = house.invoice("A-1", "119.00")
    press(house, path)
    house.wait(minutes=58)
    assert press(house, path).status_code == 303
    assert len(house.app.counting.keys) == 2
    kinds = house.activity(path)
    assert (kinds.count("checkout_started"), kinds.count("checkout_ended")) == (2, 1)


def test_a_page_that_never_answered_is_not_asked_for_when_it_is_nearly_given_up(
    house: House,
) -> None:
    path = house.invoice()
    house.app.counting.failures.append(OutcomeUnknown("timed out"))
    press(house, path)
    house.wait(minutes=8)
    answer = press(house, path)
    assert answer.status_code == 409
    assert "already under way" in answer.text
    assert len(house.app.counting.keys) == 1


def test_a_paid_invoice_opens_no_page(house: House) -> None:
    path = house.invoice()
    fields = as_person(form_of(house.browser().get(path).text, f"{path}/pay"))
    house.pay(path)
    answer = house.browser().post(f"{path}/pay", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert house.app.counting.orders == []


def test_an_ended_link_opens_no_page(house: House) -> None:
    path = house.invoice()
    fields = as_person(form_of(house.browser().get(path).text, f"{path}/pay"))
    house.wait(days=200)
    answer = house.browser().post(f"{path}/pay", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert house.app.counting.orders == []


@pytest.mark.parametrize(
    "program", [{"steered": "1"}, {"fax_line": "x"}], ids=["steered", "fills in every field"]
)
def test_a_program_is_asked_once_more_and_starts_no_clock(
    house: House, program: dict[str, str]
) -> None:
    path = house.invoice()
    answer = press(house, path, None, **program)
    assert answer.status_code == 200
    assert "One more press" in answer.text
    again = form_of(answer.text, f"{path}/pay")
    guesses = [
        house.browser().post(f"{path}/pay", data=again | {"code": c}) for c in ("", "1", "x")
    ]
    assert {guess.status_code for guess in guesses} == {200}
    assert house.activity(path)[1:] == ["machine_open"] * 4
    assert house.link(path).opened_at is None
    assert house.app.counting.orders == []


def test_a_person_who_pressed_too_soon_presses_once_more(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/pay"))
    asked = browser.post(f"{path}/pay", data=fields)
    assert "One more press" in asked.text
    house.wait(seconds=2)
    again = as_person(form_of(asked.text, f"{path}/pay"))
    assert browser.post(f"{path}/pay", data=again).status_code == 303


def test_who_is_wrongly_taken_for_a_program_can_still_pay(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    asked = press(house, path, browser, steered="1")
    again = typed(path, asked) | {"steered": "1"}
    assert browser.post(f"{path}/pay", data=again).status_code == 303
    assert house.activity(path)[1:] == ["checkout_started", "human_open", "machine_open"]


@pytest.mark.parametrize("form", ["", "abc", "0.0.0"])
def test_a_form_that_we_did_not_give_opens_no_page(house: House, form: str) -> None:
    path = house.invoice()
    answer = house.browser().post(f"{path}/pay", data=as_person({"form": form}))
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert house.app.counting.orders == []


def test_where_the_payer_comes_back_never_follows_the_host_header(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/pay"))
    house.wait(seconds=3)
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    browser.post(f"{path}/pay", data=fields, headers=evil)
    [(_, order)] = house.app.counting.orders
    assert order.success_url.startswith(house.lives_at)
    assert "evil" not in browser.get(path, headers=evil).text


def test_amounts_in_the_form_are_not_even_read(house: House) -> None:
    path = house.invoice("A-1", "119.00")
    press(house, path, amount="1.00", currency="JPY", amount_minor="1")
    [(_, order)] = house.app.counting.orders
    assert str(order.amount) == "119.00 EUR"
