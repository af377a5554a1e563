"""What staff type about stored cards, from the page on which one is stored to the charge's end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.autocharge.house import House
from tests.books import ACME
from tests.payments.test_settling import paid
from tests.servers.stripe import pay
from worker import customers, payments, review
from worker.autocharge import ChargeState
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.money import Money
from worker.payments import By, Wanted


def test_a_card_is_stored_charged_and_shown(house: House) -> None:
    customer = house.customer()
    other = house.customer()
    item, without = house.invoice(customer), house.invoice(other)
    page = house.type("customers", "card-link", customer.number or "", "--per-charge", "200")
    assert page.exit_code == 0, page.output
    assert "at most" in page.stderr
    assert pay(page.stdout.strip()).status_code == 303
    house.forward(timedelta(minutes=5))
    house.tick("autocharge.look_at_card_links")
    [mandate] = json.loads(house.type("customers", "mandate", "list", "--json").stdout)
    assert (mandate["given_where"], mandate["card"]) == ("checkout", "Visa •••• 4242")

    plan = json.loads(house.type("charges", "plan", "--json").stdout)
    said = {row["number"]: row["why_not"] for row in plan}
    assert said[item.number] is None
    assert "No stored card" in said[without.number]
    assert house.charges() == []

    charge = house.until_tried(item)
    assert charge.state == ChargeState.SETTLED
    shown = json.loads(house.type("charges", "show", item.number, "--json").stdout)
    what = [line["what"] for line in shown["time_line"]]
    assert what == ["planned", "charge_notice", "create", "confirm", "settled"]
    refused = house.type("charges", "stop", charge.id, "--reason", "too late")
    assert refused.exit_code == 1
    assert "settled" in refused.stderr


def test_staff_stop_delay_and_pause(house: House) -> None:
    items = []
    for _ in range(2):
        customer = house.customer()
        house.card(customer)
        items.append(house.invoice(customer))
    house.tick()
    assert house.type("charges", "stop", items[0].number, "--reason", "they called").exit_code == 0
    assert house.type("charges", "delay", items[1].number, "--days", "10").exit_code == 0
    assert house.type("charges", "pause").exit_code == 0
    house.forward(timedelta(days=15))
    house.tick()
    assert [c.state for i in items for c in house.charges(i)] == ["cancelled", "noticed"]
    assert house.type("charges", "resume").exit_code == 0
    house.forward(timedelta(days=1))
    house.tick()
    assert [c.state for i in items for c in house.charges(i)] == ["cancelled", "settled"]
    assert len(house.taken()) == 1
    assert house.type("charges", "list").exit_code == 0


def test_the_plan_shows_what_is_announced_and_what_keeps_it_from_being_charged(
    house: House,
) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    house.tick()
    charge = house.charge_of(item)
    [row] = json.loads(house.type("charges", "plan", "--json").stdout)
    assert (row["charge"], row["why_not"]) == ("noticed", None)
    assert (row["card"], row["charge_on"]) == ("Visa •••• 4242", charge.due_on.isoformat())
    # A dry run names what is done now: nothing today, and on its day the charge.
    dry = ("charges", "run", "--dry-run", "--json")
    assert json.loads(house.type(*dry).stdout) == []
    assert charge.not_before is not None
    house.forward(charge.not_before - house.at + timedelta(minutes=1))
    assert [one["number"] for one in json.loads(house.type(*dry).stdout)] == [item.number]

    late = house.type("charges", "plan", "--on", "2020-01-01")
    assert (late.exit_code, "in the past: give a day from" in late.stderr) == (1, True)
    house.type("charges", "pause")
    for words in (("plan",), ("run", "--dry-run"), ("run",)):
        assert "paused by Ann: tillmail charges resume" in house.type("charges", *words).stderr
    assert house.type("charges", "run").exit_code == 1
    house.type("charges", "resume")
    house.environment["TILLMAIL_ACME_STRIPE_KEY"] = ""
    for words in (("plan",), ("run",)):
        assert "set TILLMAIL_ACME_STRIPE_KEY" in house.type("charges", *words).stderr


def test_in_a_pause_nobody_is_told_of_a_charge(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    house.tick("autocharge.plan")
    house.type("charges", "pause")
    for _ in range(4):
        house.forward(timedelta(days=1))
        house.tick("autocharge.hand_out_due")
    assert (house.charge_of(item).state, house.notices("charge_notice")) == ("planned", [])
    with house.reading() as s:
        assert review.open_of_kind(s, ACME, "charge") == []
    house.type("charges", "resume")
    house.forward(timedelta(hours=1))
    house.tick("autocharge.hand_out_due")
    assert house.charge_of(item).state == ChargeState.NOTICED


def test_a_consent_is_written_down_with_its_evidence_and_ends(house: House) -> None:
    customer = house.customer()
    there = house.card(customer)
    given = ("--text", "Yes.", "--given-on", "2026-11-20", "--where", "letter", "--evidence", "F 7")
    twice = house.type(
        "customers", "mandate", "record", customer.number or "", "--method",
        there.stripe_method_id, *given,
    )  # fmt: skip
    assert twice.exit_code == 1
    assert there.id in twice.stderr
    ended = house.type("customers", "mandate", "revoke", there.id, "--reason", "they wrote")
    assert ended.exit_code == 0
    item = house.invoice(customer)
    house.tick()
    assert house.charges(item) == []
    alone = house.client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"},
        }
    )
    debit = house.client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": "DE89370400440532013000"},
            "billing_details": {"name": "Pat", "email": "pat@zoo.example"},
        }
    )
    no_card = house.type(
        "customers", "mandate", "record", customer.number or "", "--method", debit.id, *given
    )
    assert (no_card.exit_code, "only cards are charged" in no_card.stderr) == (1, True)
    unowned = house.type(
        "customers", "mandate", "record", customer.number or "", "--method", alone.id, *given
    )
    assert unowned.exit_code == 1


def test_a_consent_of_today_is_of_the_businesss_today(house: House) -> None:
    customer = house.customer()
    there = house.card(customer)
    house.type("customers", "mandate", "revoke", there.id, "--reason", "a new paper")
    late = house.at.replace(hour=23, minute=30)
    house.forward(late - house.at)
    today = day_in("Europe/Berlin", house.at)
    assert today != house.at.date()
    done = house.type(
        "customers", "mandate", "record", customer.number or "", "--method",
        there.stripe_method_id, "--text", "Yes.", "--given-on", today.isoformat(),
        "--where", "letter", "--evidence", "F 8",
    )  # fmt: skip
    assert done.exit_code == 0, done.output


def test_of_two_cards_the_one_whose_consent_is_in_the_currency_pays(house: House) -> None:
    customer = house.customer()
    euros = house.card(customer)
    house.forward(timedelta(minutes=1))
    dollars = house.card(customer)
    with house.transaction() as s:
        s.merge(dollars).currency = "USD"
    item = house.invoice(customer)
    house.tick("autocharge.plan")
    assert house.charge_of(item).mandate_id == euros.id
    assert house.type("credits", "draft", customer.number or "", "5.00").exit_code == 0


def test_staff_take_a_payment_from_a_stored_card_at_once(house: House) -> None:
    customer = house.customer()
    house.card(customer, per_charge=Money(20_000, "EUR"))
    item, large = house.invoice(customer), house.invoice(customer, "200.01")
    taken = house.type("payments", "take", item.number)
    assert taken.exit_code == 0, taken.output
    assert "Visa •••• 4242 is charged 119.00 EUR now" in taken.stderr
    assert house.type("payments", "take", item.number).exit_code == 1
    house.forward(timedelta(minutes=5))
    house.bring_again()
    charge = house.charge_of(item)
    assert (charge.state, charge.taken_by, charge.id) == ("settled", "Ann", taken.stdout.strip())
    refused = house.type("payments", "take", large.number)
    assert "above the 200.00 EUR" in refused.stderr
    assert "--page" in refused.stderr
    stranger = house.type("payments", "take", large.number, "--as", "mallory")
    assert "mallory is not staff" in stranger.stderr
    assert len(house.taken()) == 1
    at_a_bank = house.invoice(customer, "50.00")
    with house.transaction() as s:
        wanted = [Wanted(at_a_bank)]
        page = payments.begin_for(s, wanted, link_id="l", at=house.now(), by=By("sepa_debit"))
        facts = replace(paid(page), is_paid=False, is_processing=True)
        payments.settle(s, page, facts, livemode=False, at=house.now())
    refused = house.type("payments", "take", at_a_bank.number)
    assert (refused.exit_code, "bank debit" in refused.stderr) == (1, True)
    assert house.broken() == []


def test_a_card_that_is_declined_at_the_desk_is_not_tried_again_by_itself(house: House) -> None:
    customer = house.customer()
    house.card(customer, "pm_card_chargeCustomerFail")
    item = house.invoice(customer)
    assert house.type("payments", "take", item.number).exit_code == 0
    house.forward(timedelta(minutes=5))
    house.bring_again()
    assert house.charge_of(item).state == ChargeState.NEEDS_CUSTOMER
    assert house.broken() == []


def test_what_could_not_be_taken_at_the_desk_is_not_taken_later(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    first = [house.invoice(customer, "10.00") for _ in range(2)]
    third, while_away = house.invoice(customer, "30.00"), house.invoice(house.customer(), "40.00")
    for item in first:
        house.type("payments", "take", item.number)
        house.forward(timedelta(minutes=5))
        house.bring_again()
    # Their card was tried twice today: a third try would come when they have gone.
    assert house.type("payments", "take", third.number).exit_code == 0
    house.forward(timedelta(minutes=5))
    house.bring_again()
    assert house.charge_of(third).state == ChargeState.CANCELLED
    with house.reading() as s:
        owner = customers.by_id(s, ACME, while_away.customer_id or "")
    assert owner is not None
    house.card(owner)
    house.sandbox.fail("POST /v1/payment_intents", "error_429", times=9)
    assert house.type("payments", "take", while_away.number).exit_code == 0
    house.forward(timedelta(minutes=5))
    house.bring_again()
    house.sandbox.heal()
    house.forward(timedelta(hours=2))
    house.bring_again()
    house.tick("autocharge.hand_out_due")
    assert house.charge_of(while_away).state == ChargeState.CANCELLED
    assert sorted(one["amount"] for one in house.taken()) == [1000, 1000]
    assert house.broken() == []


def test_nobody_else_takes_the_money_while_the_outcome_is_unknown(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    house.sandbox.fail("POST /v1/payment_intents/*/confirm", "commit_then_drop")
    house.sandbox.fail("GET /v1/payment_intents/*", "error_500_before", times=99)
    assert house.until_tried(item).state == ChargeState.UNKNOWN
    for _ in range(8):
        house.forward(timedelta(hours=6))
        house.tick("autocharge.hand_out_due")
        house.bring_again()
    with house.transaction() as s, pytest.raises(Refused):
        payments.begin(s, s.merge(item), link_id="lnk_1", at=house.at)
    with house.reading() as s:
        [asked] = review.open_of_kind(s, ACME, "charge")
    assert "For a day Stripe has not said" in asked.question
    house.sandbox.heal()
    house.forward(timedelta(hours=1))
    house.tick("autocharge.hand_out_due")
    house.bring_again()
    assert (house.charge_of(item).state, len(house.taken())) == (ChargeState.SETTLED, 1)


def test_staff_open_a_payment_page_for_a_customer(house: House) -> None:
    item = house.invoice(house.customer())
    opened = house.type("payments", "take", item.number, "50.00", "--page")
    assert opened.exit_code == 0, opened.output
    assert pay(opened.stdout.strip()).status_code == 303
    house.forward(timedelta(minutes=5))
    house.tick("payments.look_up_due")
    assert [charge["amount"] for charge in house.taken()] == [5000]
    assert house.broken() == []
