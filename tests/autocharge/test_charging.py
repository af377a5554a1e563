"""A stored card is charged after notice and delay, once, whatever happens meanwhile."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from tests.autocharge.house import House, euro
from tests.books import ACME
from worker import autocharge, review
from worker.autocharge import ChargeState, foresee, terms_of
from worker.autocharge.invariants import no_month_takes_more_than_its_consent
from worker.autocharge.model import ChargeRun
from worker.businesses.model import AutochargeRules
from worker.kernel.clock import day_in
from worker.settings import load


def test_a_due_invoice_is_announced_and_charged_once(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    charge = house.until_tried(item)

    assert charge.state == ChargeState.SETTLED, charge.because
    assert [one["amount"] for one in house.taken()] == [11900]
    assert house.booked() == ({charge.stripe_intent_id: 11900}, 11900)
    assert [n.context["amount"]["minor"] for n in house.notices("charge_notice")] == [11900]
    assert house.broken() == []


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_a_retry_is_made_when_its_customer_and_the_desk_were_told(
    house: House, zone: str | None
) -> None:
    customer = house.customer(time_zone=zone)
    mandate = house.card(customer)
    item = house.invoice(customer)
    on = f"card {mandate.stripe_method_id}"
    house.sandbox.fail(on, "decline", decline_code="insufficient_funds")
    charge = house.until_tried(item)
    due_at = charge.due_at

    assert due_at is not None
    assert charge.state == ChargeState.DECLINED
    assert timedelta(days=2) <= due_at - house.at <= timedelta(days=9)
    told = next(one for one in house.notices("charge_failed") if one.subject_id == charge.id)
    assert told.context["again_on"] == day_in(zone or "Europe/Berlin", due_at).isoformat()
    shown = json.loads(house.type("charges", "show", charge.id, "--json").output)
    assert datetime.fromisoformat(shown["next_at"]) == due_at
    [*_, planned] = shown["time_line"]
    assert (datetime.fromisoformat(planned["at"]), planned["what"]) == (due_at, "next try")
    with house.reading() as s:
        [coming] = foresee(s, ACME, customer.id, terms_of(house.rules(ACME)), at=house.at)
    # The portal, and the month whose limit it uses.
    assert [coming.day.isoformat(), f"{charge.due_on}"] == [told.context["again_on"]] * 2
    for wait, state in (
        (due_at - house.at - timedelta(seconds=1), ChargeState.DECLINED),
        (timedelta(seconds=1), ChargeState.SETTLED),
    ):
        house.forward(wait)
        house.tick(*["autocharge.hand_out_due"] * 3)
        assert house.charge_of(item).state == state
    assert house.broken() == []


def test_a_retry_that_was_held_up_for_too_long_goes_to_a_person(house: House) -> None:
    customer = house.customer()
    mandate = house.card(customer)
    item = house.invoice(customer)
    on = f"card {mandate.stripe_method_id}"
    house.sandbox.fail(on, "decline", decline_code="insufficient_funds")
    assert house.until_tried(item).state == ChargeState.DECLINED
    with house.transaction() as s:
        autocharge.pause_all(s, ACME, by="ann", because="The bank moves.", at=house.at)
    house.forward(timedelta(days=20))
    house.tick()
    with house.transaction() as s:
        autocharge.resume_all(s, ACME)
    house.forward(timedelta(days=1))
    house.tick(*["autocharge.hand_out_due"] * 3)

    charge = house.charge_of(item)
    assert (charge.state, charge.because) == (
        ChargeState.NEEDS_CUSTOMER,
        "It could not be taken within 14 days.",
    )
    with house.reading() as s:
        [asked] = [one for one in review.open_for(s, ACME, charge.id) if one.kind == "charge"]
    assert "not tried again" in asked.question
    assert house.taken() == []
    assert house.broken() == []


def test_paydays_are_the_businesss_own_and_may_be_none(house: House) -> None:
    rules = house.rules(ACME)
    for own, paydays in (
        ((1, 15, "last"), (1, 15, 31)),
        (("last",), (31,)),
        ((), ()),
    ):
        changed = rules.autocharge.model_copy(update={"paydays": own})
        terms = terms_of(rules.model_copy(update={"autocharge": changed}))
        assert terms.caps.paydays == paydays


def test_a_retry_counts_for_the_month_in_which_it_is_made(house: House) -> None:
    customer = house.customer()
    mandate = house.card(customer, per_month=euro("200.00"))
    on = f"card {mandate.stripe_method_id}"
    house.sandbox.fail(on, "decline", decline_code="insufficient_funds")
    item = house.invoice(customer, "150.00")
    declined = house.until_tried(item)
    assert declined.due_at is not None
    with house.transaction() as s:
        # As if the first try had been in the month before.
        s.merge(declined).due_on = declined.due_at.date().replace(day=1) - timedelta(days=1)
    house.forward(declined.due_at - house.at)
    house.tick(*["autocharge.hand_out_due"] * 3)
    paid = house.charge_of(item)
    assert (paid.state, paid.due_on) == (ChargeState.SETTLED, house.at.date())
    with house.transaction() as s:
        assert not no_month_takes_more_than_its_consent(s)
        s.merge(mandate).per_month_minor = 14_999
        s.flush()
        assert no_month_takes_more_than_its_consent(s)
        s.rollback()


@pytest.mark.parametrize(("token", "is_final"), [("pm_card_visa", True), ("pm_card_amex", False)])
def test_a_reason_of_visa_that_means_never_is_obeyed_for_visa(
    house: House, token: str, *, is_final: bool
) -> None:
    customer = house.customer()
    mandate = house.card(customer, token)
    said = {"decline_code": "insufficient_funds", "network_decline_code": "46"}
    house.sandbox.fail(f"card {mandate.stripe_method_id}", "decline", **said)
    item = house.invoice(customer)
    tried = house.until_tried(item)
    house.tick()
    assert house.charge_of(item).state == ("needs_customer" if is_final else "declined")
    [told] = house.notices("charge_failed")
    assert (told.context["again_on"] is None) is is_final
    shown = json.loads(house.type("charges", "show", tried.id, "--json").stdout)
    [line] = [one["detail"] for one in shown["time_line"] if one["what"] == "confirm"]
    assert line == "declined insufficient_funds, try_again_later" + (
        ", Visa 46" if is_final else ""
    )


def test_the_pace_is_set_by_what_stripe_takes_of_an_account() -> None:
    calls_each, takes_per_second = 4, 100
    AutochargeRules(per_minute=takes_per_second * 60 // calls_each)
    with pytest.raises(ValidationError):
        AutochargeRules(per_minute=takes_per_second * 60 // calls_each + 1)
    assert AutochargeRules().per_minute / 60 * calls_each < takes_per_second / 2


def test_a_missed_run_is_caught_up_and_a_day_is_one_row_however_many_clocks_tick(
    house: House,
) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    # A working day goes by on which no clock ticks.
    house.forward(timedelta(days=2))
    for _ in range(3):
        house.tick("autocharge.plan")
    assert house.charge_of(item).planned_at == house.at
    later = house.invoice(customer, "20.00")
    house.tick("autocharge.plan")
    assert house.charges(later) == []
    house.forward(timedelta(days=1))
    house.tick("autocharge.plan")
    with house.reading() as s:
        runs = s.scalars(select(ChargeRun).order_by(ChargeRun.day)).all()
    assert [(run.planned, run.ended_at is not None) for run in runs] == [(1, True), (1, True)]
    assert len(house.charges(item)) == 1


def test_without_a_key_nobody_is_told_of_a_charge(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    customer = house.customer()
    house.card(customer)
    house.invoice(customer)
    home, with_key = Path(house.environment["TILLMAIL_HOME"]), house.settings
    house.settings = load(home, house.environment | {"TILLMAIL_ACME_STRIPE_KEY": ""})
    house.tick("autocharge.plan")
    assert house.charges() == []
    assert "set TILLMAIL_ACME_STRIPE_KEY" in caplog.text
    house.settings = with_key
    house.tick("autocharge.plan")
    assert len(house.charges()) == 1
