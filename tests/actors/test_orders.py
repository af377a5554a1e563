"""Orders of staff by mail: what a word does, what waits for a yes, and what is never done."""

from __future__ import annotations

import pytest

from tests.actors.desk import BOB, MARA, Desk, issued, letter
from tests.flows.papers import Paper, bounce, forward
from worker import delivery, payments
from worker.credits import CreditRequest
from worker.delivery import Notice
from worker.intake import Disposition
from worker.invoices import Invoice
from worker.store.outbox import Job

# What a mail program puts below an answer to our report; its words are those of a bounce.
QUOTED_BOUNCE = """On Mon, 2 Nov 2026 at 09:00, Northlight <invoices@northlight.example> wrote:
> An email could not be delivered
> reason: 5.1.1 smtp; 550 5.1.1 no such user
"""


@pytest.mark.parametrize(
    ("words", "title", "text"),
    [
        ("status {number}", "Invoice {number}", "This is how it stands."),
        ("link {number}", "The pay link of invoice {number}", "It takes 119.00 EUR"),
        ("hold {number}", "Done", "until you answer release"),
        ("release {number}", "That could not be done", "does not wait for anything"),
        ("help", "What you can write", "status NUMBER"),
        ("send {number} to new@b.example", "That could not be done", "is not on file"),
        ("refund {number}", "That is not done by mail", "would move money"),
        ("status NONE-1", "What you can write", "status NUMBER"),
    ],
)
def test_an_order_in_a_mail_of_its_own(desk: Desk, words: str, title: str, text: str) -> None:
    invoice, _ = issued(desk)
    mail = desk.take(letter(words.format(number=invoice.number)))
    said = desk.last_said()
    if words.startswith("refund"):
        assert (mail.disposition, desk.said()) == (
            Disposition.ACCEPTED,
            ["That is not done by mail"],
        )
    assert said["title"] == title.format(number=invoice.number)
    assert text in said["text"]


def test_an_order_may_stand_in_the_subject_alone(desk: Desk) -> None:
    invoice, _ = issued(desk)
    desk.take(letter("", subject=f"status {invoice.number}"))
    assert desk.said() == [f"Invoice {invoice.number}"]


def test_an_invoice_at_rest_goes_nowhere_until_it_is_released(desk: Desk) -> None:
    invoice, _ = issued(desk)
    desk.take(letter(f"hold {invoice.number}"))
    desk.take(letter(f"resend {invoice.number}"))
    desk.take(letter(f"hold {invoice.number}"))
    assert desk.invoice(invoice.number).rests_by == "mara@northlight.example"
    desk.take(letter(f"release {invoice.number}"))
    assert desk.invoice(invoice.number).rests_since is None
    assert desk.said() == ["Done", "That could not be done", "Done", "Done"]


def test_an_order_of_a_customer_is_a_letter_to_a_person(desk: Desk) -> None:
    invoice, _ = issued(desk)
    desk.take(letter(f"hold {invoice.number}", sender="Ann <accounts@brightwater.example>"))
    assert desk.invoice(invoice.number).rests_since is None
    assert desk.said() == []
    assert desk.asked("customer_mail").evidence["customer"] == "Brightwater Interiors GmbH"


def test_a_program_that_is_told_to_send_a_pdf_may_send_it_in_answer(desk: Desk) -> None:
    erp = "Erp <erp@shop.example>"
    desk.take(letter("Nothing in here.", sender=erp))
    to = delivery.reply_to(
        desk.one(Notice, kind="answer").id, desk.rules.mail, desk.app.mail_secret
    )
    raw = forward(Paper(), sender=erp).raw()
    taken = desk.take(raw.replace(b"invoices@northlight.example", (to or "").encode()))
    assert (taken.disposition, len(desk.all(Invoice))) == (Disposition.ACCEPTED, 1)


def test_a_page_that_stands_in_an_answers_way_is_ended_for_the_next(desk: Desk) -> None:
    invoice, _ = issued(desk)
    words = f"We have paid invoice {invoice.number} today: {invoice.total} by bank transfer."
    desk.take(letter(words, sender="Ann <accounts@brightwater.example>", subject="Payment"))
    with desk.app.transaction() as s:
        payments.begin(s, s.merge(invoice), link_id="lnk", at=desk.app.now())
    desk.answer(desk.question("remittance_received"), "received")
    assert desk.said()[-1] == "That could not be done"
    assert desk.one(Job, actor="payments.end_checkout")


@pytest.mark.parametrize(
    ("words", "to"),
    [("send to new@b.example", "new@b.example"), ("resend", "accounts@brightwater.example")],
)
def test_a_bounced_invoice_is_sent_again_by_a_word(desk: Desk, words: str, to: str) -> None:
    invoice, _ = issued(desk)
    first = desk.deliver(invoice)
    verp = delivery.envelope_from(first.id, desk.rules.mail, desk.app.mail_secret)
    desk.take(bounce(verp, first.message_id, first.recipient))
    question = desk.question("notice_undelivered")
    facts = {fact["label"]: fact["value"] for fact in question.context["facts"]}
    assert facts["customer"] == "Brightwater Interiors GmbH"
    assert facts["address"] == "accounts@brightwater.example"

    desk.answer(question, f"{words}\n\n{QUOTED_BOUNCE}")
    assert desk.said() == ["Done"]
    again = desk.all(Notice, kind="invoice")[-1]
    assert (again.recipient, again.id != first.id) == (to, True)
    with desk.app.reading() as s:
        assert delivery.obstacle(s, again) is None


@pytest.mark.parametrize("is_forward", [False, True])
def test_a_credit_request_by_mail_waits_for_a_yes(desk: Desk, is_forward: bool) -> None:
    order = "credit request 500 EUR for Brightwater Interiors GmbH"
    if is_forward:
        inner = "Please send us a request for the deposit.\n\nRegards, Lee"
        order += (
            "\n\n---------- Forwarded message ---------\nFrom: Lee <lee@brightwater.example>\n"
            f"Date: Mon, 2 Nov 2026 at 09:00\nSubject: Deposit\nTo: Mara\n\n{inner}"
        )
    desk.take(letter(order, subject="Fwd: Deposit" if is_forward else "Deposit"))
    question = desk.question("credit_request")
    facts = {fact["label"]: fact["value"] for fact in question.context["facts"]}
    assert facts["total"] == "500.00 EUR"
    assert "northlight has no Stripe key" in facts["reason"]
    assert desk.all(Invoice) == []
    desk.answer(question, "yes")
    [item] = desk.all(Invoice)
    assert (item.number, item.doc_type, item.total_minor) == ("CR-00001", "credit_request", 50000)
    assert desk.said() == ["Done"]
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("text", "sender", "says"),
    [
        ("credit request 500 EUR for Nobody Inc", MARA, "Nobody on file is called Nobody Inc"),
        ("credit request 500 EUR for K-1003", BOB, "Only a colleague in finance"),
        ("credit request 0.001 EUR for K-1003", MARA, "0.001"),
    ],
)
def test_a_credit_request_by_mail_is_refused_with_a_reason(
    desk: Desk, text: str, sender: str, says: str
) -> None:
    desk.take(letter(text, sender=sender))
    assert says in desk.last_said()["text"]
    assert desk.all(CreditRequest) == []
