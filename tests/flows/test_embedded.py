"""The flow on embedded defaults: SQLite, our own queue server, Maildirs, the sandbox."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
import redis
import requests

from bench import chaos
from tests.flows.house import BUSINESS, House
from tests.flows.papers import Forward, Paper, bounce, forward, stranger, words_of
from tests.readers.samples import pdf_with
from worker import delivery
from worker.commands.demo_customer import go_to_checkout, pay
from worker.delivery import Notice
from worker.intake import Disposition, Mail
from worker.invoices import Hold, Invoice
from worker.payments import Checkout, Refund
from worker.review import WorkItem


def test_a_forwarded_invoice_is_sent_opened_paid_and_receipted(house: House) -> None:
    paper = Paper(net=Decimal("250.00"))
    house.send_in(forward(paper))
    invoice, email = house.await_issued(paper.number)
    assert email["To"] == "accounts@brightwater.example"
    assert [a.get_filename() for a in email.iter_attachments()] == [f"{paper.number}.pdf"]
    assert house.pay_url(invoice) in words_of(email)

    assert pay(house.pay_url(invoice))

    payment = house.await_payment(29750)
    receipt = house.email(house.await_notice("receipt", payment.id).message_id)
    assert "297.50" in words_of(receipt)
    assert f"/receipt/{payment.id}" in words_of(receipt)
    assert house.activity(invoice) == [
        "created", "sent", "machine_open", "delivered", "human_open", "checkout_started",
        "payment_made", "receipt_sent",
    ]  # fmt: skip


def test_the_same_mail_twice_is_one_invoice(house: House) -> None:
    mail = forward(Paper(number="TWICE-1")).raw()
    house.send_in(mail)
    house.await_issued("TWICE-1")
    house.send_in(mail)
    house.await_that(lambda: [m for m in house.all_of(Mail) if m.disposition == "duplicate"])
    assert len([i for i in house.all_of(Invoice) if i.number == "TWICE-1"]) == 1


def test_pdf_and_xml_of_one_invoice_in_one_mail_are_one_invoice(house: House) -> None:
    paper = Paper(number="BOTH-1")
    picture = pdf_with({"invoice.xml": paper.xml()}, level=None)
    house.send_in(Forward({"BOTH-1.pdf": picture, "BOTH-1.xml": paper.xml()}))
    invoice, email = house.await_issued("BOTH-1")
    assert len([i for i in house.all_of(Invoice) if i.number == "BOTH-1"]) == 1
    names = [a.get_filename() for a in email.iter_attachments()]
    assert names == ["BOTH-1.pdf", "BOTH-1-original.xml", "BOTH-1-original.pdf"]
    assert invoice.pdf_sha256 is not None


def test_two_invoices_in_one_mail_go_to_their_two_customers(house: House) -> None:
    one = Paper(number="PAIR-1")
    two = Paper(
        number="PAIR-2",
        buyer="Atelier Fontaine SARL",
        buyer_number="K-1002",
        buyer_vat_id="FR40303265045",
    )
    house.send_in(Forward({"one.xml": one.xml(), "two.xml": two.xml()}))
    assert house.await_issued("PAIR-1")[1]["To"] == "accounts@brightwater.example"
    assert house.await_issued("PAIR-2")[1]["To"] == "compta@atelier-fontaine.example"


def test_a_changed_resend_waits_and_replaces_the_first_by_a_yes(house: House) -> None:
    first = Paper(number="CHANGED-1")
    house.send_in(forward(first))
    before, _ = house.await_issued("CHANGED-1")
    house.send_in(forward(first.but(net=Decimal("120.00"))))
    held = house.await_held("CHANGED-1", Hold.CHANGED)
    assert held.issued_at is None

    house.run("invoices", "release", held.id)

    house.await_notice("invoice", held.id)
    assert house.pay_url(held) != ""
    with house.app.reading() as session:
        assert session.get_one(Invoice, (before.business, before.id)).corrected_at is not None


def test_an_unknown_customer_waits_and_is_put_on_file_by_a_yes(house: House) -> None:
    house.send_in(forward(stranger(number="NEW-1")))
    held = house.await_held("NEW-1", Hold.NO_CUSTOMER)
    [question] = [w for w in house.all_of(WorkItem) if w.subject == held.id]
    asked = house.email(house.await_notice("question", question.id).message_id)
    assert asked["To"] == "mara@northlight.example"

    house.run("invoices", "release", "NEW-1")

    _, email = house.await_issued("NEW-1")
    assert email["To"] == "rechnung@hafenkontor.example"


def test_an_instruction_alone_does_not_open_a_new_address(house: House) -> None:
    note = "send to: elsewhere@brightwater.example"
    house.send_in(forward(Paper(number="TOLD-1"), note=note))
    held = house.await_held("TOLD-1", Hold.NEW_ADDRESS)
    assert held.recipient == "elsewhere@brightwater.example"


def test_sums_that_do_not_add_up_wait_for_a_person(house: House) -> None:
    house.send_in(forward(Paper(number="SUMS-1", wrong_by=Decimal("5.00"))))
    assert "BR-CO-15" in (house.await_held("SUMS-1", Hold.SUMS).hold_because or "")


def test_an_unreadable_attachment_is_parked_and_whoever_sent_it_is_asked(house: House) -> None:
    hostile = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    )
    house.send_in(Forward({"evil.xml": hostile}))
    mail = house.await_mail("evil.xml")
    assert mail.disposition == Disposition.ERROR_PARKED
    [item] = [w for w in house.all_of(WorkItem) if w.subject == mail.id]
    asked = house.email(house.await_notice("question", item.id).message_id)
    assert asked["To"] == "mara@northlight.example"


def test_a_broken_template_is_never_published(house: House) -> None:
    own = "config/businesses/northlight/templates/email/invoice/subject.txt"
    house.edit(own, lambda _: "{{ nubmer }} from us")
    house.await_that(lambda: [w for w in house.all_of(WorkItem) if w.kind == "template_broken"])
    house.send_in(forward(Paper(number="STILL-1")))
    house.await_issued("STILL-1")

    house.edit(own, lambda _: "{{ number }}, with our thanks")
    house.await_that(
        lambda: [w for w in house.all_of(WorkItem) if w.kind == "template_broken" and w.resolved_at]
    )
    house.send_in(forward(Paper(number="BETTER-1")))
    assert house.await_issued("BETTER-1")[1]["Subject"] == "BETTER-1, with our thanks"


@pytest.mark.parametrize("by", ["address", "message_id"])
def test_a_bounce_is_traced_to_its_notice_and_a_person_is_told(house: House, by: str) -> None:
    paper = stranger(
        number=f"BOUNCE-{by}",
        buyer=f"{by} KG",
        buyer_number=by,
        buyer_email=f"{by}@gone.example",
        buyer_vat_id=f"DE{len(by):09}",
    )
    house.send_in(forward(paper))
    house.await_held(paper.number, Hold.NO_CUSTOMER)
    house.run("invoices", "release", paper.number)
    invoice, email = house.await_issued(paper.number)
    notice = house.await_notice("invoice", invoice.id)
    verp = delivery.envelope_from(notice.id, house.app.rules(BUSINESS).mail, house.app.mail_secret)
    to = verp if by == "address" else "invoices@northlight.example"
    house.send_in(bounce(to, email["Message-ID"], paper.buyer_email))
    house.await_notice("invoice", invoice.id, "bounced")
    assert [w for w in house.all_of(WorkItem) if w.subject == notice.id]


def test_a_credit_note_lowers_what_the_link_asks_for_until_nothing_is_left(house: House) -> None:
    house.send_in(forward(Paper(number="CREDITED-1", net=Decimal("200.00"))))
    invoice, _ = house.await_issued("CREDITED-1")
    url = house.pay_url(invoice)
    part = Paper(number="CN-1", net=Decimal("50.00"), credits="CREDITED-1")
    house.send_in(forward(part))
    note = house.await_invoice("CN-1")
    email = house.email(house.await_notice("credit_note", note.id).message_id)
    words = words_of(email)
    assert "59.50" in words
    assert "178.50" in words
    assert [a.get_filename() for a in email.iter_attachments()] == ["CN-1.pdf"]
    assert "178.50" in requests.get(url, timeout=20).text

    house.send_in(forward(part.but(number="CN-2", net=Decimal("150.00"))))
    house.await_notice("credit_note", house.await_invoice("CN-2").id)
    assert "Nothing is left to pay" in requests.get(url, timeout=20).text


def test_a_credit_on_a_paid_invoice_is_balance_and_goes_back_when_staff_say_so(
    house: House,
) -> None:
    house.send_in(forward(Paper(number="CREDITED-2", net=Decimal("71.00"))))
    invoice, _ = house.await_issued("CREDITED-2")
    pay(house.pay_url(invoice))
    payment = house.await_payment(8449)
    house.send_in(forward(Paper(number="CN-3", net=Decimal("71.00"), credits="CREDITED-2")))
    note = house.await_invoice("CN-3")
    house.await_notice("credit_note", note.id)
    [item] = [w for w in house.all_of(WorkItem) if w.subject == note.id]
    assert f"tillmail payments refund {payment.id} 84.49" in item.choices

    house.run("payments", "refund", payment.id, "84.49", "--as", "mara lindqvist")
    house.await_that(lambda: [r for r in house.all_of(Refund) if r.booked_at])
    assert [line["amount"] for line in json.loads(house.run("credits", "list", "--json"))] == []
    house.verify()


def test_money_at_the_desk_ends_the_open_page_first(house: House) -> None:
    house.send_in(forward(Paper(number="DESK-1", net=Decimal("33.00"))))
    invoice, _ = house.await_issued("DESK-1")
    with requests.Session() as browser:
        go_to_checkout(browser, house.pay_url(invoice))
    register = ("payments", "register", "--invoice", "DESK-1", "--amount", "39.27")
    house.run(*register, "--method", "cash", "--as", "mara@northlight.example")
    [page] = [c for c in house.all_of(Checkout) if c.item_id == invoice.id]
    assert page.state == "expired"
    house.await_notice("receipt", house.await_payment(3927).id)
    house.verify()


def test_a_payment_that_no_webhook_told_of_is_found(house: House) -> None:
    assert house.sandbox is not None
    house.send_in(forward(Paper(number="SILENT-1", net=Decimal("64.00"))))
    invoice, _ = house.await_issued("SILENT-1")
    house.sandbox.fail("webhook *", "omit", times=20)
    pay(house.pay_url(invoice))
    house.move_clock(timedelta(minutes=2))
    house.await_payment(7616)
    house.sandbox.heal()


def _is_sent(house: House, invoice: Invoice) -> bool:
    return "sent" in house.activity(invoice)


def test_an_emptied_queue_changes_nothing_but_time(house: House) -> None:
    numbers = [f"EMPTIED-{n}" for n in range(6)]
    queue = redis.Redis.from_url(house.queue_url())
    for number in numbers:
        house.send_in(forward(Paper(number=number)))
        queue.flushall()
    house.await_that(lambda: all(house.invoice(number) for number in numbers), minutes_pass=True)
    queue.flushall()
    for number in numbers:
        invoice = house.await_invoice(number)
        house.await_that(partial(_is_sent, house, invoice), minutes_pass=True)
    queue.close()


def test_killed_processes_change_nothing_but_time(house: House) -> None:
    assert chaos.run(house, kills=2, seed=7, say=False) == []


def test_no_notice_was_sent_twice(house: House) -> None:
    house.await_quiet()
    ids = [mail["Message-ID"] for mail in house.emails()]
    left = [notice for notice in house.all_of(Notice) if notice.state in ("sent", "bounced")]
    assert len(ids) == len(set(ids)) == len(left)
