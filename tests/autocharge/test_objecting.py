"""Whoever answers the notice of a charge is heard before anything is taken."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from tests.autocharge.house import House
from tests.books import ACME
from worker import autocharge, intake, payments
from worker.autocharge import ChargeState, Wish, wish_of
from worker.payments import Method, Registration

LOCALE = Path(__file__).parents[2] / "templates" / "locale"


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("STOP", Wish.STOP),
        ("stop please, this is wrong", Wish.STOP),
        ("„Stopp!“", Wish.STOP),
        ("Bitte stoppen", Wish.STOP),
        ("STOP ALL", Wish.STOP_ALL),
        ("DELAY", Wish.DELAY),
        ("Bitte verschieben", Wish.DELAY),
        ("Why do you stop by?", None),
        ("Thank you", None),
        ("", None),
    ],
)
def test_one_word_is_understood(text: str, wish: Wish | None) -> None:
    assert wish_of(text) is wish


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_words_that_a_notice_names_are_understood(language: str) -> None:
    wording = tomllib.loads((LOCALE / f"{language}.toml").read_text("utf-8"))["email"]
    named = {wish: wording[f"charge_notice.word.{wish.name.lower()}"] for wish in Wish}
    assert {wish: wish_of(word) for wish, word in named.items()} == {wish: wish for wish in Wish}


@pytest.mark.parametrize(
    ("text", "from_file", "state", "revoked"),
    [
        ("STOP", True, ChargeState.CANCELLED, False),
        ("STOP ALL", True, ChargeState.CANCELLED, True),
        ("STOP ALL", False, ChargeState.HELD, False),
        ("DELAY", False, ChargeState.NOTICED, False),
        ("I never agreed to that. What is this for?", True, ChargeState.HELD, False),
    ],
)
def test_an_answer_holds_at_once(
    house: House, text: str, *, from_file: bool, state: ChargeState, revoked: bool
) -> None:
    customer = house.customer()
    card = house.card(customer)
    item = house.invoice(customer)
    house.tick()
    [notice] = house.notices("charge_notice")
    was = house.charge_of(item).not_before
    sender = notice.recipient if from_file else "colleague@zoo.example"
    house.answer(notice, text, sender=sender)

    charge = house.charge_of(item)
    assert charge.state == state
    if state is ChargeState.NOTICED:
        assert was is not None
        assert charge.not_before is not None
        assert charge.not_before >= was + timedelta(days=7)
    with house.reading() as s:
        mandate = autocharge.mandate(s, ACME, card.id)
        assert mandate is not None
        assert (mandate.revoked_at is not None) is revoked
    house.forward(timedelta(days=5))
    house.tick()
    assert house.taken() == []


def test_nothing_is_taken_while_a_mailbox_is_unread(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    house.tick()
    charge = house.charge_of(item)
    assert charge.not_before is not None
    with house.transaction() as s:
        intake.went_well(s, ACME, "inbox", at=charge.not_before - timedelta(minutes=1))
    with house.reading() as s:
        # A mailbox that was never read, or one mail that nobody has sorted, counts as unread.
        assert intake.read_to(s, ACME, ["inbox", "another"], at=house.at) is None
    house.at = charge.not_before
    house.tick()
    assert house.taken() == []
    assert "unread" in (house.charge_of(item).because or "")
    house.forward(timedelta(minutes=10))
    house.tick()
    assert len(house.taken()) == 1


def test_what_was_paid_meanwhile_is_not_charged(house: House) -> None:
    customer = house.customer()
    house.card(customer, "pm_card_mastercard")
    item = house.invoice(customer)
    house.tick()
    came = Registration(item.total, Method.CASH, house.at.date(), "ann")
    with house.transaction() as s:
        payments.register(s, s.merge(customer), s.merge(item), came, at=house.at)
    house.forward(timedelta(days=4))
    house.tick()
    assert (house.charge_of(item).state, house.taken()) == (ChargeState.CANCELLED, [])
