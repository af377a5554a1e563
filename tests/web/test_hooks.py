"""Webhooks: verified on raw bytes, kept once, answered; all else is refused without a trace."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.web.counting import signature
from tests.web.house import House, as_person, form_of, stripe_event

HOOK = "/hooks/stripe/acme"


def send(house: House, raw: bytes, *signatures: str) -> httpx.Response:
    headers = [("Stripe-Signature", one) for one in signatures]
    return house.browser().post(HOOK, content=raw, headers=headers)


def kept(house: House) -> list[str]:
    return house.rows()["webhook"]


def test_a_signed_event_is_kept_once(house: House) -> None:
    raw = stripe_event()
    assert send(house, raw, signature(raw)).status_code == 200
    again = send(house, raw, signature(raw))
    assert (again.status_code, again.text) == (200, "again")
    assert len(kept(house)) == 1


def test_the_same_event_a_hundred_times_at_once_is_kept_once(house: House) -> None:
    raw = stripe_event()
    signed = signature(raw)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(house, raw, signed).status_code, range(100)))
    assert set(answers) == {200}
    assert len(kept(house)) == 1


def test_an_event_of_our_checkout_is_heard(house: House) -> None:
    path = house.invoice()
    browser = house.browser()
    fields = as_person(form_of(browser.get(path).text, f"{path}/pay"))
    house.wait(seconds=3)
    browser.post(f"{path}/pay", data=fields)
    [key] = house.app.counting.keys
    page = house.app.counting.open_checkout(house.app.counting.orders[0][1], key=key)
    about = {"object": {"id": page.session_id, "object": "checkout.session"}}
    raw = stripe_event(data=about)
    assert send(house, raw, signature(raw)).text == "heard"


@pytest.mark.parametrize(
    ("kind", "ours"),
    [("payment_intent", "tillmail_charge"), ("checkout.session", "tillmail_card_link")],
)
def test_an_event_of_a_stored_card_is_heard(house: House, kind: str, ours: str) -> None:
    about = {"object": {"id": "x_1", "object": kind, "metadata": {ours: "ours_1"}}}
    raw = stripe_event(data=about)
    assert send(house, raw, signature(raw)).text == "heard"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "unknown_object"),
        ({"type": "payout.paid", "data": {"object": {"id": "po_1"}}}, "other_type"),
        ({"type": "never.heard.of", "data": {"object": {}}}, "other_type"),
    ],
    ids=str,
)
def test_what_we_do_not_know_is_kept_and_answered(
    house: House, change: dict[str, object], outcome: str
) -> None:
    raw = stripe_event(**change)
    answer = send(house, raw, signature(raw))
    assert (answer.status_code, answer.text) == (200, outcome)


def test_a_bad_signature_touches_no_row(house: House) -> None:
    raw = stripe_event()
    now = datetime.now(UTC)
    good = signature(raw)
    before = house.rows()
    bad: list[tuple[bytes, list[str]]] = [
        (raw, []),
        (raw, [good, good]),
        (raw, ["t=1,v1=00"]),
        (raw, ["nonsense"]),
        (raw + b" ", [good]),
        (raw, [signature(raw, secret="whsec_other")]),
        (raw, [signature(raw, at=now - timedelta(minutes=6))]),
        (raw, [signature(raw, at=now + timedelta(minutes=6))]),
        (b"[]", [signature(b"[]")]),
        (b"\xff\xfe", [signature(b"\xff\xfe")]),
    ]
    assert {send(house, body, *signed).status_code for body, signed in bad} == {400}
    assert house.rows() == before


@pytest.mark.parametrize("change", [{"account": "acct_other"}, {"livemode": True}], ids=str)
def test_an_event_of_another_account_or_mode_is_refused(
    house: House, change: dict[str, object]
) -> None:
    raw = stripe_event(**change)
    assert send(house, raw, signature(raw)).status_code == 400
    assert kept(house) == []


def test_another_business_is_not_found(house: House) -> None:
    raw = stripe_event()
    headers = {"Stripe-Signature": signature(raw)}
    answer = house.browser().post("/hooks/stripe/other", content=raw, headers=headers)
    assert answer.status_code == 404


def test_more_than_an_event_can_be_is_refused_unread(house: House) -> None:
    raw = b"x" * 1_000_000
    assert send(house, raw, signature(raw)).status_code == 413


def test_without_a_database_the_gateway_is_asked_to_send_again(house: House) -> None:
    with house.app.engine.begin() as connection:
        connection.execute(text("ALTER TABLE webhook RENAME TO away"))
    raw = stripe_event()
    assert send(house, raw, signature(raw)).status_code == 503
    with house.app.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO webhook"))
    assert send(house, raw, signature(raw)).status_code == 200
    assert len(kept(house)) == 1


def test_a_demo_whose_days_pass_quickly_still_hears_the_gateway(house: House) -> None:
    house.wait(days=3)
    raw = stripe_event()
    assert send(house, raw, signature(raw)).status_code == 200
