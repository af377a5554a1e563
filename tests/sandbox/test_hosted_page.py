"""The hosted Checkout page: what a payer sees and does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import pytest
import stripe
from playwright.sync_api import Browser, expect

from tests.sandbox.orders import line, order
from tests.servers.stripe import ASKS, DECLINED, HTTP, NO_FUNDS, PAYS, StripeSandbox, pay
from worker.sandbox.wording import ENGLISH, GERMAN


def page_of(client: stripe.StripeClient, **changed: object) -> tuple[str, str]:
    """A fresh session's id and page."""
    session = client.v1.checkout.sessions.create(order(**changed))
    assert session.url
    return session.id, session.url


def taken(sandbox: StripeSandbox, session_id: str) -> list[int]:
    return [one["amount"] for one in sandbox.charges() if one["session"] == session_id]


def test_paying_returns_to_the_seller_with_the_session_filled_in(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    session_id, url = page_of(client)
    answer = pay(url)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://127.0.0.1:9/thanks?session={session_id}"
    assert taken(sandbox, session_id) == [124050]
    session = client.v1.checkout.sessions.retrieve(session_id)
    assert (session.status, session.payment_status) == ("complete", "paid")


def test_pressing_twice_pays_once(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    session_id, url = page_of(client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(pay, [url] * 8))
    assert {one.status_code for one in answers} == {303}
    assert taken(sandbox, session_id) == [124050]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(DECLINED, "The card was declined"), (NO_FUNDS, "insufficient funds")],
)
def test_a_declined_card_may_be_followed_by_a_good_one(
    client: stripe.StripeClient, sandbox: StripeSandbox, number: str, sentence: str
) -> None:
    session_id, url = page_of(client)
    answer = pay(url, number)
    assert answer.status_code == 402
    assert sentence in answer.text
    assert taken(sandbox, session_id) == []
    assert pay(url).status_code == 303
    assert taken(sandbox, session_id) == [124050]
    intents = client.v1.payment_intents.list().data
    assert [one.status for one in intents] == ["succeeded"], "one intent for both tries"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"number": "4242424242424241"}, "not a card number"),
        ({"number": "4111111111111111"}, "only the test cards"),
        ({"expiry": "12 / 20"}, "date in the future"),
        ({"expiry": "13 / 34"}, "date in the future"),
        ({"cvc": "12"}, "three digits"),
        ({"name": " "}, "Enter the name"),
        ({"email": "nobody"}, "Enter an email"),
    ],
)
def test_a_form_with_a_mistake_says_which_and_takes_nothing(
    client: stripe.StripeClient,
    sandbox: StripeSandbox,
    changed: dict[str, str],
    sentence: str,
) -> None:
    session_id, url = page_of(client)
    answer = pay(url, **changed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert taken(sandbox, session_id) == []


@pytest.mark.parametrize(("answer", "amounts"), [("yes", [124050]), ("no", [])])
def test_the_bank_asks_and_its_answer_counts(
    client: stripe.StripeClient, sandbox: StripeSandbox, answer: str, amounts: list[int]
) -> None:
    session_id, url = page_of(client)
    asked = urljoin(url, pay(url, ASKS).headers["location"])
    assert "are you making this payment" in HTTP.get(asked).text
    assert taken(sandbox, session_id) == []
    back = HTTP.post(asked, data={"answer": answer})
    assert back.status_code == 303
    assert taken(sandbox, session_id) == amounts
    if answer == "yes":
        assert back.headers["location"].endswith(session_id)
        HTTP.post(asked, data={"answer": "yes"})
        assert taken(sandbox, session_id) == amounts
    else:
        assert "was not confirmed" in HTTP.get(urljoin(url, back.headers["location"])).text
        assert pay(url).status_code == 303


def test_an_expired_page_takes_nothing(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    session_id, url = page_of(client)
    asked = urljoin(url, pay(url, ASKS).headers["location"])
    client.v1.checkout.sessions.expire(session_id)
    assert HTTP.get(url).status_code == 410
    assert pay(url).status_code == 410
    assert HTTP.post(asked, data={"answer": "yes"}).status_code == 303
    assert taken(sandbox, session_id) == []


def test_a_page_that_never_was_is_not_found(sandbox: StripeSandbox) -> None:
    assert HTTP.get(f"{sandbox.url}/c/pay/cs_test_x").status_code == 404
    assert pay(f"{sandbox.url}/c/pay/cs_test_x").status_code == 404


def test_the_page_says_that_it_is_a_sandbox_and_runs_no_scripts(
    client: stripe.StripeClient,
) -> None:
    _, url = page_of(client, line_items=[line(name="<script>alert(1)</script>")])
    answer = HTTP.get(url)
    assert "no real money" in answer.text
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "currency", "amount", "written"),
    [
        ("de", "eur", 124050, "1.240,50\u00a0€"),
        ("en", "eur", 124050, "€1,240.50"),
        ("en", "jpy", 5000, "¥5,000"),
        ("en", "kwd", 5120, "KWD\u00a05.120"),
    ],
)
def test_the_amount_is_written_in_the_payers_way(
    client: stripe.StripeClient, language: str, currency: str, amount: int, written: str
) -> None:
    _, url = page_of(client, locale=language, line_items=[line(amount, currency)])
    assert written in HTTP.get(url).text


def test_a_phone_pays_with_the_keyboard_and_without_javascript(
    client: stripe.StripeClient, browser: Browser, sandbox: StripeSandbox
) -> None:
    success = f"{sandbox.url}/_sandbox/health?session={{CHECKOUT_SESSION_ID}}"
    session_id, url = page_of(client, success_url=success, customer_email="pat@example.org")
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 375, "height": 700}, color_scheme="dark"
    )
    with context:
        page = context.new_page()
        page.goto(url)
        width = page.locator("html").bounding_box()
        assert width is not None
        assert width["width"] <= 375
        page.get_by_label("Card number").focus()
        for typed in (PAYS, "12/34", "123", "Pat Payer"):
            page.keyboard.type(typed)
            page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Pay €1,240.50")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/_sandbox/health?session={session_id}")
    assert taken(sandbox, session_id) == [124050]


def test_both_languages_say_the_same_things() -> None:
    assert ENGLISH.keys() == GERMAN.keys()


@pytest.mark.parametrize("language", ["de-AT,de;q=0.9", "en-GB", "fr"])
def test_without_a_language_the_browsers_counts(client: stripe.StripeClient, language: str) -> None:
    _, url = page_of(client, locale="auto")
    shown = HTTP.get(url, headers={"Accept-Language": language}).text
    assert ("kein echtes Geld" in shown) is language.startswith("de")


def test_a_test_card_can_be_chosen_to_fill_the_form(client: stripe.StripeClient) -> None:
    _, url = page_of(client)
    assert 'value="4000 0025 0000 3155"' in HTTP.get(f"{url}?card={ASKS}").text
    assert "4111" not in HTTP.get(f"{url}?card=4111111111111111").text
