"""Credit requests from draft to balance, and the cards that pay them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.autocharge.house import House, euro
from tests.books import ACME
from worker import autocharge, credits, invoices, payments, review
from worker.autocharge import ChargeState
from worker.credits import read_list
from worker.invoices import Invoice, State
from worker.kernel.errors import Refused
from worker.kernel.events import DocumentStored
from worker.store import tell


def _state(house: House, item: Invoice) -> State:
    with house.reading() as s:
        now = invoices.by_id(s, ACME, item.id)
        assert now is not None
        return invoices.state_of(now, invoices.still_to_pay(s, now))


def _payment(house: House, item: Invoice) -> str:
    with house.reading() as s:
        [one] = payments.ever_allocated_to(s, ACME, item.id)
        return one.payment_id or ""


def test_a_stored_card_pays_a_request_and_the_balance_pays_invoices(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    first, second = house.request(customer), house.request(customer, "20.00")
    assert (first.number, second.number) == ("CR-00001", "CR-00002")
    charge = house.until_tried(first)
    assert (charge.state, charge.item_kind) == (ChargeState.SETTLED, "credit_request")
    assert (_state(house, first), house.balance(customer)) == (State.PAID, euro("520.00"))

    item = house.invoice(customer, "119.00")
    assert house.type("credits", "apply", item.number).exit_code == 0
    assert house.balance(customer) == euro("401.00")
    refused = house.type("credits", "apply", first.number)
    assert (refused.exit_code, "cannot be paid with credit" in refused.stderr) == (1, True)
    assert sum(one["amount"] for one in house.taken()) == 52000
    assert house.broken() == []


def test_what_was_not_used_of_a_request_goes_back(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    request = house.request(customer)
    house.until_tried(request)
    item = house.invoice(customer, "119.00")
    house.type("credits", "apply", item.number)
    payment = _payment(house, request)
    too_much = house.type("payments", "refund", payment, "--reason", "moving away")
    assert too_much.exit_code == 1
    assert "119.00 EUR of it was used" in too_much.stderr
    back = house.type("payments", "refund", payment, "381.00", "--reason", "moving away")
    assert back.exit_code == 0, back.output
    house.forward(timedelta(minutes=10))
    house.bring_again()
    assert house.balance(customer) == euro("0.00")
    # Nobody is asked, or charged, a second time for what was given back.
    assert (_state(house, request), _state(house, item)) == (State.PAID, State.PAID)
    assert house.broken() == []


def test_a_lost_dispute_takes_the_balance_and_what_it_had_paid(house: House) -> None:
    customer = house.customer()
    house.card(customer, "pm_card_createDispute")
    request = house.request(customer)
    house.until_tried(request)
    item = house.invoice(customer, "119.00")
    house.type("credits", "apply", item.number)
    payment = _payment(house, request)
    [dispute] = house.client.v1.disputes.list().data
    house.client.v1.disputes.close(dispute.id)
    house.forward(timedelta(minutes=5))
    house.tick("payments.compare_listing")
    assert (_state(house, request), _state(house, item)) == (State.PAID, State.OPEN)
    assert house.balance(customer) == euro("0.00")
    with house.reading() as s:
        [lost] = payments.disputes_of(s, ACME, payment)
        assert lost.status == "lost"
    house.forward(timedelta(days=1))
    house.tick()
    assert len(house.charges(request)) == 1
    assert house.broken() == []


def test_what_a_dispute_opened_again_is_not_charged_again(house: House) -> None:
    customer = house.customer()
    house.card(customer, "pm_card_createDispute")
    item = house.invoice(customer, "119.00")
    house.until_tried(item)
    [dispute] = house.client.v1.disputes.list().data
    house.client.v1.disputes.close(dispute.id)
    house.forward(timedelta(minutes=5))
    house.tick("payments.compare_listing")
    assert _state(house, item) == State.OPEN
    house.forward(timedelta(days=1))
    house.tick()
    [row] = json.loads(house.type("charges", "plan", "--json").stdout)
    assert "money for it went back" in row["why_not"]
    assert len(house.charges(item)) == 1


def test_a_request_ends_and_what_was_paid_stays(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    paid, never = house.request(customer), house.request(customer, "30.00")
    house.until_tried(paid)
    unpaid = house.request(customer, "70.00", by_card=False)
    house.tick()
    for item, words in ((paid, "500.00 EUR stays"), (unpaid, "asks for nothing any more.\n")):
        said = house.type("credits", "void", item.number, "--reason", "changed their mind")
        assert said.exit_code == 0, said.output
        assert words in said.stderr
    again = house.type("credits", "void", paid.number)
    assert (again.exit_code, "ended before" in again.stderr) == (1, True)
    assert house.balance(customer) == euro("530.00")
    assert (_state(house, unpaid), _state(house, never)) == (State.VOID, State.PAID)
    rows = json.loads(house.type("credits", "list", "--json").stdout)
    states = {row["number"]: row["state"] for row in rows}
    assert states == {"CR-00001": "deleted", "CR-00002": "paid", "CR-00003": "void"}
    assert house.broken() == []


def test_a_request_does_not_end_while_its_card_is_charged(house: House) -> None:
    item = house.request(house.customer(), by_card=False)
    until = house.at + timedelta(hours=1)
    with house.transaction() as s:
        payments.take_lane(s, ACME, item.id, holder="chg_1", until=until, at=house.at)
    refused = house.type("credits", "void", item.number)
    assert (refused.exit_code, "card is being charged" in refused.stderr) == (1, True)
    assert _state(house, item) == State.OPEN


def test_one_mail_asks_for_credit_and_announces_its_charge(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    item, late = house.request(customer), house.request(customer, "20.00")
    for one in (item, late):
        with house.transaction() as s:
            tell(s, DocumentStored(ACME, one.id))
        if one is item:
            house.work()
    house.slips.clear()
    told, waits = house.notices("credit_request")
    charge = house.charge_of(item)
    assert (charge.state, told.context["charge_id"]) == (ChargeState.NOTICED, charge.id)
    assert told.context["charge_on"] == charge.due_on.isoformat()
    # The mail of the other one waits for its server: it is not announced twice.
    house.forward(timedelta(hours=2))
    house.tick()
    assert house.charge_of(late).state == ChargeState.PLANNED
    assert house.notices("charge_notice") == []
    house.bring_again()
    assert house.charge_of(late).state == ChargeState.NOTICED
    house.answer(waits, "STOP", sender=waits.recipient)
    not_before = house.charge_of(item).not_before
    assert not_before is not None
    assert not_before >= told.queued_at + timedelta(days=3)
    house.forward(not_before - house.at)
    house.tick()
    assert [house.charge_of(one).state for one in (item, late)] == ["settled", "cancelled"]
    assert house.notices("charge_notice") == []
    assert house.broken() == []


def test_a_request_by_link_is_never_charged(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    house.request(customer, by_card=False)
    house.tick()
    assert house.charges() == []
    [row] = json.loads(house.type("charges", "plan", "--json").stdout)
    assert "by link" in row["why_not"]


def test_a_file_is_drafted_whole_or_not_at_all(house: House, tmp_path: Path) -> None:
    good, bare, limited, monthly = (house.customer() for _ in range(4))
    house.card(good)
    house.card(limited, per_charge=euro("50.00"))
    house.card(monthly, per_month=euro("100.00"))
    file = tmp_path / "requests.csv"
    head = "customer,amount,currency,due_on,pay_by,title\n"
    late = house.at.date() - timedelta(days=1)
    bad = [
        (f"{good.number},100.00,USD,,,", "Line 3: .*The consent is for EUR"),
        (f"{limited.number},60.00,,,,", "Line 4: .*above the 50.00 EUR"),
        (f"{bare.number},60.00,,,,", "Line 5: .*No stored card"),
        (f"{good.number},40.00,,,,", "Line 6: .*the same as line 2"),
        (f"{good.number},-5.00,,,,", "Line 7: .*more than nothing"),
        (f"{good.number},5.00,,{late},,", "Line 8: .*in the past"),
        ("nobody,5.00,,,,", "Line 9: There is no customer nobody"),
        (f"{good.number},many,,,,", "Line 10: "),
        (f"{good.number},6.00,,,cash,", "Line 11: .*card or link"),
        (f"{good.number},6.00,,31.12.2026,,", "Line 12: .*is not a day"),
        (f"{good.id},40.00,,,,", "Line 13: .*the same as line 2"),
        (f"{good.number},1,000.00,,,,", "Line 14: .*more cells.*like 1000.00"),
        # Each of the two is allowed; together they are more than the consent gives in a month.
        (f"{monthly.number},60.00,,,,one\n{monthly.number},60.00,,,,two", "Line 16: .*the month"),
    ]
    fine = f"{good.number},40.00,,,,\n"
    file.write_text(head + fine + "\n".join(line for line, _ in bad) + "\n")
    refused = house.type("credits", "draft", "--file", str(file))
    assert refused.exit_code == 1
    lines = [line for line in refused.stderr.splitlines() if line.strip()]
    for _, words in bad:
        assert any(re.search(words, line) for line in lines), (words, lines)
    assert not any(line.startswith("Line 15") for line in lines), lines
    assert json.loads(house.type("credits", "list", "--json").stdout) == []

    file.write_text(head + fine + f"{bare.number},60.00,,,link,Deposit\n")
    for _ in range(2):
        again = house.type("credits", "draft", "--file", str(file), "--confirm")
        assert again.exit_code == 0, again.output
    rows = json.loads(house.type("credits", "list", "--json").stdout)
    assert sorted((row["number"], row["pay_by"]) for row in rows) == [
        ("CR-00001", "card"),
        ("CR-00002", "link"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("customer,amount\nC-1,1,000.00\n", "Line 2: .*more cells"),
        ("customer,amount,amount\nC-1,5.00,6.00\n", "names amount twice"),
        ("customer;amount\nC-1;5.00\n", "no column customer.*commas"),
        ("customer,amount\n", "no lines below"),
    ],
)
def test_a_file_that_could_mean_another_amount_is_refused(text: str, words: str) -> None:
    try:
        said = [f"Line {one.number}: {one.problem}" for one in read_list(text, currency="EUR")]
    except Refused as e:
        said = [str(e)]
    assert any(re.search(words, line) for line in said), said


def test_without_a_key_no_card_is_promised(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    house.environment["TILLMAIL_ACME_STRIPE_KEY"] = ""
    refused = house.type("credits", "draft", customer.number or "", "50.00")
    assert refused.exit_code == 1
    assert "acme has no Stripe key" in refused.stderr
    assert (
        house.type("credits", "draft", customer.number or "", "50.00", "--by-link").exit_code == 0
    )


def _early_in_a_month(house: House) -> None:
    """So that the days of the story are of one month, whatever day today is."""
    while house.at.day > 20:
        house.forward(timedelta(days=1))


def test_standing_orders_ask_once_a_day_and_keep_the_month(house: House) -> None:
    _early_in_a_month(house)
    low, monthly = house.customer(), house.customer()
    house.card(low)
    number, other = low.number or "", monthly.number or ""
    below = ("--below", "100.00", "--per-month", "100.00")
    assert house.type("credits", "plan", "add", number, "50.00", *below).exit_code == 0
    day = ("--day", str((house.at + timedelta(days=1)).day))
    assert house.type("credits", "plan", "add", other, "75.00", *day).exit_code == 0
    wrong = house.type("credits", "plan", "add", number, "50.00")
    assert (wrong.exit_code, "Say either" in wrong.stderr) == (1, True)
    never = house.type("credits", "plan", "add", number, "50.00", "--below", "0", *below[2:])
    assert (never.exit_code, "No balance is ever below" in never.stderr) == (1, True)
    for _ in range(4):
        for _ in range(2):
            house.tick("credits.draft_planned")
        house.forward(timedelta(days=1))
    rows = json.loads(house.type("credits", "list", "--json").stdout)
    asked = sorted((row["customer"], row["amount"]["amount"], row["pay_by"]) for row in rows)
    assert asked == sorted(
        [
            (low.name, "50.00", "card"),
            (low.name, "50.00", "card"),
            (monthly.name, "75.00", "link"),
        ]
    )
    assert house.broken() == []


def test_what_was_paid_counts_for_the_month_though_its_request_was_ended(house: House) -> None:
    _early_in_a_month(house)
    customer = house.customer()
    house.card(customer)
    limits = ("--below", "900.00", "--per-month", "100.00")
    added = house.type("credits", "plan", "add", customer.number or "", "100.00", *limits)
    assert added.exit_code == 0, added.output
    house.tick("credits.draft_planned")
    with house.reading() as s:
        [request] = credits.newest(s, ACME, limit=9)
        item = invoices.by_id(s, ACME, request.item_id or "")
    assert item is not None
    with house.transaction() as s:
        paid = payments.Collected(customer.id, "pi_1", euro("100.00"), item.id, house.at)
        payments.collect(s, ACME, paid, at=house.at)
    assert house.type("credits", "void", item.number).exit_code == 0
    house.forward(timedelta(days=1))
    house.tick("credits.draft_planned")
    with house.reading() as s:
        assert len(credits.newest(s, ACME, limit=9)) == 1
    assert house.broken() == []


def test_a_request_that_was_ended_and_unpaid_again_keeps_no_plan_from_asking(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    limits = ("--below", "100.00", "--per-month", "500.00")
    house.type("credits", "plan", "add", customer.number or "", "100.00", *limits)
    house.tick("credits.draft_planned")
    [row] = json.loads(house.type("credits", "list", "--json").stdout)
    said = ("--customer", customer.number or "", "--invoice", row["number"])
    cash = house.type("payments", "register", *said, "--amount", "100.00", "--method", "cash")
    assert house.type("credits", "void", row["number"]).exit_code == 0
    undone = house.type("payments", "undo", cash.stdout.strip(), "--reason", "a slip")
    assert undone.exit_code == 0, undone.output
    house.forward(timedelta(days=1))
    house.tick("credits.draft_planned")
    rows = json.loads(house.type("credits", "list", "--json").stdout)
    assert sorted(row["state"] for row in rows) == ["pending", "void"]
    assert house.broken() == []


def test_a_number_that_is_taken_keeps_no_other_plan_from_asking(house: House) -> None:
    customer = house.customer()
    house.invoice(customer, number="CR-00001")
    day = ("--day", str(house.at.day))
    house.type("credits", "plan", "add", customer.number or "", "75.00", *day)
    house.tick("credits.draft_planned")
    with house.reading() as s:
        [asked] = review.open_of_kind(s, ACME, "credit_request")
        assert "CR-00001 is the number of an invoice" in asked.evidence["reason"]
        [waits] = credits.drafts(s, ACME)
        assert (waits.id, waits.number) == (asked.subject, None)
    stranger = house.type("review", "resolve", asked.id, "no", "--as", "Bob")
    assert stranger.exit_code == 1
    with house.reading() as s:
        assert [one.id for one in credits.drafts(s, ACME)] == [waits.id]
    assert house.type("review", "resolve", asked.id, "no", "--as", "Ann").exit_code == 0
    assert house.broken() == []


@pytest.mark.parametrize("word", ["invoices", "credit_requests"])
def test_a_business_may_charge_requests_alone(house: House, word: str) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer) if word == "invoices" else house.request(customer)
    terms = autocharge.terms_of(
        house.rules(ACME).model_copy(
            update={
                "autocharge": house.rules(ACME).autocharge.model_copy(update={"invoices": False})
            }
        )
    )
    with house.reading() as s:
        [planned] = autocharge.preview(s, ACME, terms, at=house.at)
    assert (planned.why_not is None) == (word == "credit_requests"), item.number


def test_a_part_paid_otherwise_leaves_the_rest_to_the_card(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    request = house.request(customer)
    house.tick()
    said = ("--customer", customer.number or "", "--invoice", request.number)
    paid = house.type("payments", "register", *said, "--amount", "200.00", "--method", "cash")
    assert paid.exit_code == 0, paid.output
    [row] = json.loads(house.type("credits", "list", "--json").stdout)
    assert (row["state"], row["paid"]["amount"]) == ("part_paid", "200.00")
    assert house.balance(customer) == euro("200.00")
    for _ in range(10):
        house.forward(timedelta(days=1))
        house.tick()
    assert [(c.state, c.amount) for c in house.charges(request)] == [
        (ChargeState.CANCELLED, euro("500.00")),
        (ChargeState.SETTLED, euro("300.00")),
    ]
    assert house.balance(customer) == euro("500.00")
    assert house.broken() == []


def test_money_in_advance_asks_for_its_invoice_and_the_receipt_is_none(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    request = house.request(customer)
    house.until_tried(request)
    with house.reading() as s:
        [item] = review.open_of_kind(s, ACME, "advance_invoice")
    assert "500.00 EUR came for credit request CR-00001" in item.question
    [receipt] = house.notices("receipt")
    assert receipt.context["is_prepaid"] is True
    assert receipt.context["items"][0]["kind"] == "credit_request"


def test_money_that_is_found_to_be_in_advance_asks_for_its_invoice_too(house: House) -> None:
    customer = house.customer()
    request = house.request(customer, by_card=False)
    said = ("--customer", customer.number or "", "--amount", "500.00", "--method", "cash")
    came = house.type("payments", "register", *said)
    assert came.exit_code == 0, came.output
    with house.reading() as s:
        assert review.open_of_kind(s, ACME, "advance_invoice") == []
    applied = house.type("payments", "allocate", came.stdout.strip(), request.number)
    assert applied.exit_code == 0, applied.output
    with house.reading() as s:
        [item] = review.open_of_kind(s, ACME, "advance_invoice")
    assert "500.00 EUR came for credit request CR-00001" in item.question
