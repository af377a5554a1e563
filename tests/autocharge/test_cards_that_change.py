"""Cards that networks replace and cards that expire: consents stay, and their owners are told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.autocharge.house import House
from tests.books import ACME
from tests.servers.stripe import StripeSandbox
from worker import autocharge, review
from worker.adapters import stripe_webhooks
from worker.autocharge import ChargeState, Mandate
from worker.kernel.events import CardChanged
from worker.store import tell

_CHANGED = (
    "payment_method.automatically_updated",
    "payment_method.card_automatically_updated",
    "payment_method.updated",
)


def _now(house: House, mandate: Mandate) -> Mandate:
    with house.reading() as s:
        found = autocharge.mandate(s, ACME, mandate.id)
        assert found is not None
        return found


def _change_card(house: House, facts: dict[str, str | int]) -> None:
    assert isinstance(house.sandbox, StripeSandbox)
    house.sandbox.control("cards", facts)


def _hear(house: House, mandate: Mandate) -> None:
    with house.transaction() as s:
        tell(s, CardChanged(ACME, mandate.stripe_method_id))
    house.work()


def test_a_card_that_the_network_replaced_keeps_its_consent_and_is_charged(house: House) -> None:
    customer = house.customer()
    mandate = house.card(customer)
    on = f"card {mandate.stripe_method_id}"
    house.sandbox.fail(on, "decline", decline_code="expired_card")
    item = house.invoice(customer)
    assert house.until_tried(item).state in (ChargeState.ENDING, ChargeState.NEEDS_CUSTOMER)
    house.tick()
    house.forward(timedelta(days=1))
    house.tick()
    assert len(house.charges(item)) == 1

    renewed: dict[str, str | int] = {
        "payment_method": mandate.stripe_method_id,
        "number": "5555555555554444",
    }
    _change_card(house, renewed | {"exp_year": 2040, "exp_month": 6})
    for _ in range(2):
        _hear(house, mandate)
    now = _now(house, mandate)
    assert (now.brand, now.last4, now.expires_on) == ("mastercard", "4444", date(2040, 6, 30))
    assert (now.revoked_at, now.consent) == (None, mandate.consent)
    for _ in range(9):
        house.forward(timedelta(days=1))
        house.tick()
    assert [c.state for c in house.charges(item)] == ["needs_customer", "settled"]
    assert len(house.taken()) == 1
    assert house.broken() == []


def test_a_card_that_replaced_the_declined_one_meanwhile_is_not_stopped(house: House) -> None:
    customer = house.customer()
    mandate = house.card(customer)
    on = f"card {mandate.stripe_method_id}"
    house.sandbox.fail(on, "decline", decline_code="stolen_card")
    house.sandbox.fail("POST /v1/payment_intents/*/confirm", "commit_then_drop")
    house.repeats = 1
    house.until_tried(house.invoice(customer))
    renewed: dict[str, str | int] = {
        "payment_method": mandate.stripe_method_id,
        "number": "5555555555554444",
    }
    _change_card(house, renewed | {"exp_year": 2040, "exp_month": 6})
    _hear(house, mandate)
    house.forward(timedelta(minutes=10))
    house.bring_again()
    [charge] = house.charges()
    assert "stolen_card" in (charge.because or "")
    assert _now(house, mandate).stopped_at is None


@pytest.mark.parametrize("where", ["portal", "stripe"])
def test_a_card_that_is_gone_on_the_day_is_not_charged(house: House, where: str) -> None:
    customer = house.customer()
    mandate, item = house.card(customer), house.invoice(customer)
    house.tick()
    charge = house.charge_of(item)
    assert charge.not_before is not None
    if where == "stripe":
        house.client.v1.payment_methods.detach(mandate.stripe_method_id)
    else:
        with house.transaction() as s:
            found = s.merge(mandate)
            autocharge.remove(s, found, by="pat", because="no more", at=house.at)
    house.forward(charge.not_before - house.at)
    house.tick()
    charge = house.charge_of(item)
    assert (charge.state, house.taken()) == (ChargeState.CANCELLED, [])
    with house.reading() as s:
        asked = review.open_of_kind(s, ACME, "charge")
    if where == "stripe":
        # Nobody here knew: a person is told what to do.
        assert f"tillmail charges resume {charge.id}" in asked[0].question
    else:
        assert (asked, charge.because) == ([], "The consent was revoked.")
    assert house.broken() == []


def test_who_stored_a_card_that_expires_is_told_once(house: House) -> None:
    owner = house.customer()
    # The same card twice, as for two contracts: still one mail.
    soon, again = house.card(owner), house.card(owner)
    never, other = house.card(house.customer()), house.card(house.customer())
    last = _month_ends(house.at.date())
    for mandate in (soon, again, other):
        with house.transaction() as s:
            s.merge(mandate).expires_on = last
    for mandate, year in ((soon, last.year), (again, last.year), (never, 2040), (other, 2040)):
        said: dict[str, str | int] = {"payment_method": mandate.stripe_method_id, "exp_year": year}
        _change_card(house, said | {"exp_month": last.month})
    _hear(house, soon)
    for _ in range(2):
        house.tick("cards.tell_of_expiring")
    [notice] = house.notices("card_expiring")
    assert notice.subject_id in (soon.id, again.id)
    assert notice.context["portal_link"]
    assert _now(house, other).expires_on != last


@pytest.mark.parametrize("type_", [*_CHANGED, "payment_method.detached"])
def test_events_about_cards_are_heard(type_: str) -> None:
    body = (
        f'{{"id": "evt_1", "type": "{type_}", "created": 1, "livemode": false, '
        '"data": {"object": {"id": "pm_1", "object": "payment_method"}}}'
    )
    event = stripe_webhooks.read(body.encode(), own_account=None)
    assert (event.method_id == "pm_1") == (type_ in _CHANGED)


def _month_ends(day: date) -> date:
    following = day.replace(day=28) + timedelta(days=4)
    return following.replace(day=1) - timedelta(days=1)
