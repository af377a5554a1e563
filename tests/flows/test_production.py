"""The same flow on PostgreSQL, Redis, Dovecot and SMTP, opened by a real browser."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import httpx
import requests
from playwright.sync_api import Browser

from tests.flows.conftest import BANK_ADDRESS
from tests.flows.house import BUSINESS, House
from tests.flows.papers import Forward, Paper, bounce, forward, reply, words_of
from tests.readers.bank_samples import CLOSING, OPENING, balance, camt_of, entry, statement
from tests.readers.samples import FILES, pdf_of
from tests.remittance import papers
from tests.servers.dovecot import DovecotServer
from worker import customers, delivery, invoices
from worker.commands.demo_customer import go_to_checkout, pay
from worker.delivery import Notice
from worker.intake import Disposition, Mail
from worker.invoices import Hold
from worker.payments import GAP
from worker.remittance import Advice
from worker.review import WorkItem

AUTHENTIC = {
    "Authentication-Results": "mx.northlight.example; dmarc=pass header.from=northlight.example"
}
TO_THE_BANK = {"Delivered-To": BANK_ADDRESS} | AUTHENTIC


def authentic(paper: Paper) -> Forward:
    """A forward that our receiving host vouches for."""
    return forward(paper, headers=AUTHENTIC)


def test_an_invoice_mailed_in_is_opened_in_a_browser_paid_and_receipted(
    office: House, browser: Browser
) -> None:
    paper = Paper(number="OFFICE-1", net=Decimal("80.00"))
    office.send_in(authentic(paper))
    invoice, email = office.await_issued("OFFICE-1")
    assert email["From"] == "Northlight <invoices@northlight.example>"
    assert email["Reply-To"].endswith("@reply.northlight.example")

    page = browser.new_page()
    page.goto(office.pay_url(invoice))
    page.wait_for_timeout(1600)
    page.mouse.move(200, 300)
    page.mouse.click(5, 5)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Pay").click()
    # A steered browser is taken for a program; it types what the page shows, and may pay.
    page.fill("#code", re.findall(r"\b\d{4}\b", page.inner_text("label[for=code]"))[0])
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/c/pay/**")
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Name").fill("Bea Payer")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/thanks**")
    page.close()

    payment = office.await_payment(9520)
    office.await_notice("receipt", payment.id)
    assert "human_open" in office.activity(invoice)


def test_a_mail_is_filed_after_its_end(office: House) -> None:
    office.send_in(authentic(Paper(number="FILED-1")))
    office.await_issued("FILED-1")
    mailbox = office.app.rules(BUSINESS).mailboxes[0]
    processed = mailbox.model_copy(update={"folder": mailbox.processed})
    there = office.app.mailbox(BUSINESS, processed)

    def is_filed() -> bool:
        return any(b"FILED-1" in (a.raw or b"") for a in there.arrivals(limit=100))

    office.await_that(is_filed)
    there.close()


def test_a_stranger_is_put_aside(office: House) -> None:
    mail = forward(Paper(number="EVIL-1"), sender="Mara <mara@evil.example>", headers=AUTHENTIC)
    office.send_in(mail)
    assert office.await_mail("EVIL-1").disposition == Disposition.QUARANTINED
    assert office.invoice("EVIL-1") is None


def test_a_mail_that_nobody_vouches_for_is_put_aside(office: House) -> None:
    office.send_in(forward(Paper(number="NOBODY-1")))
    mail = office.await_mail("NOBODY-1")
    assert (mail.disposition, mail.trust) == (Disposition.QUARANTINED, "A0")


def test_a_server_that_is_busy_gets_the_mail_later(office: House) -> None:
    assert office.smtp is not None
    office.smtp.answer("RCPT", "451 4.3.0 busy, come again")
    office.send_in(authentic(Paper(number="LATER-1")))
    invoice = office.await_invoice("LATER-1")
    office.await_that(lambda: "sent" in office.activity(invoice))


def test_a_refused_recipient_is_suppressed_and_a_person_is_told(office: House) -> None:
    assert office.smtp is not None
    office.await_quiet()
    paper = Paper(
        number="GONE-1",
        buyer="Möbelwerk Elbtal GmbH",
        buyer_number="K-1001",
        buyer_vat_id="DE811907980",
    )
    office.smtp.answer("RCPT", "550 5.1.1 no such user")
    office.send_in(authentic(paper))
    notice = office.await_notice("invoice", office.await_invoice("GONE-1").id, "refused")
    office.await_that(lambda: [w for w in office.all_of(WorkItem) if w.subject == notice.id])
    with office.app.reading() as session:
        customer = customers.by_number(session, BUSINESS, "K-1001")
        assert customer is not None
        assert customers.billing_contacts(session, BUSINESS, customer.id) == []


def test_a_mailbox_that_goes_away_comes_back_and_nothing_is_lost(
    office: House, dovecot: DovecotServer
) -> None:
    office.send_in(authentic(Paper(number="BEFORE-1")))
    dovecot.stop()
    dovecot.start()
    office.send_in(authentic(Paper(number="AFTER-1")))
    office.await_issued("BEFORE-1")
    office.await_issued("AFTER-1")


def test_a_strangers_layout_goes_out_after_one_yes_and_its_bounce_is_one_clear_email(
    office: House,
) -> None:
    page = pdf_of((FILES / "plain" / "german_window.txt").read_text())
    office.send_in(Forward({"rechnung.pdf": page}, headers=AUTHENTIC))
    held = office.await_held("LH-2026-0120", Hold.NO_ADDRESS)
    question = office.email(asked_about(office, held.id).message_id)
    assert question["To"] == "mara@northlight.example"
    assert [a.get_content() for a in question.iter_attachments()] == [page]
    assert "130.90 EUR" in words_of(question)

    answer = "Yes, send it to ida@fischer.example please.\n\nBest regards\nMara"
    office.send_in(reply(question, answer, headers=AUTHENTIC))

    invoice, email = office.await_issued("LH-2026-0120")
    assert email["To"] == "ida@fischer.example"
    [sheet] = [a.get_content() for a in email.iter_attachments()]
    assert sheet.startswith(b"%PDF")
    assert len(sheet) > len(page)
    office.await_quiet()
    assert [a["Auto-Submitted"] for a in office.emails() if a["Subject"].startswith("Re: ")] == [
        "auto-replied"
    ]

    notice = office.await_notice("invoice", invoice.id)
    verp = delivery.envelope_from(
        notice.id, office.app.rules(BUSINESS).mail, office.app.mail_secret
    )
    office.send_in(bounce(verp, email["Message-ID"], "ida@fischer.example"))
    told = office.email(asked_about(office, notice.id).message_id)
    said = words_of(told)
    for word in (
        "LH-2026-0120",
        "Frau Ida Fischer",
        "ida@fischer.example",
        "no such user",
        "send to",
    ):
        assert word in said

    office.send_in(reply(told, "send to frau.fischer@fischer.example", headers=AUTHENTIC))
    again = office.await_that(
        lambda: [e for e in office.emails() if e["To"] == "frau.fischer@fischer.example"]
    )
    assert "LH-2026-0120" in again[0]["Subject"]


def asked_about(house: House, subject: str) -> Notice:
    """The email with the question about a subject, once it is out."""
    [item] = house.await_that(lambda: [w for w in house.all_of(WorkItem) if w.subject == subject])
    return house.await_notice("question", item.id)


def test_a_customers_advice_is_noted_and_settled_by_a_word_of_finance(office: House) -> None:
    office.send_in(authentic(Paper(number="REMIT-1", net=Decimal("1000.00"))))
    invoice, email = office.await_issued("REMIT-1")
    office.send_in(with_advice(email, "REMIT-1", "1190.00"))

    payment = office.await_payment(119000)
    [advice] = [a for a in office.all_of(Advice) if a.payment_id == payment.id]
    assert (advice.state, payment.state, still_to_pay(office, "REMIT-1")) == (
        "announced",
        "announced",
        119000,
    )
    noted = office.email(office.await_notice("remittance_noted", payment.id).message_id)
    assert noted["To"] == invoice.recipient
    assert "REMIT-1" in words_of(noted)

    question = office.email(asked_about(office, advice.id).message_id)
    office.send_in(reply(question, "received", headers=AUTHENTIC))
    receipt = office.email(office.await_notice("receipt", payment.id).message_id)
    assert "REMIT-1" in words_of(receipt)
    assert still_to_pay(office, "REMIT-1") == 0


def with_advice(email: EmailMessage, number: str, amount: str) -> bytes:
    """A customer's answer to our email with a payment run's PDF."""
    entry = papers.Entry(number, "02/11/2026", amount, "0.00", amount)
    advice = papers.Paper(
        payer="Brightwater Interiors GmbH",
        seller="Northlight Lampen GmbH",
        words=papers.words("en"),
        reference="PR-2211",
        day="02/11/2026",
        currency="EUR",
        entries=[entry],
        total=amount,
    )
    sender = "Accounts <accounts@brightwater.example>"
    text = "Please find our remittance advice attached."
    message = message_from_bytes(reply(email, text, sender=sender), policy=SMTP)
    assert isinstance(message, EmailMessage)
    message.add_attachment(papers.sap(advice), "application", "pdf", filename="advice.pdf")
    return message.as_bytes()


def test_a_bank_file_settles_by_mail_at_its_secret_address_alone_and_only_without_a_gap(
    office: House,
) -> None:
    for number, net in (("BANK-1", "300.00"), ("BANK-2", "400.00")):
        office.send_in(authentic(Paper(number=number, net=Decimal(net))))
        office.await_issued(number)
    first = office.home / "first.xml"
    first.write_bytes(bank_file("0.00", "12.00", "nothing that is known"))
    office.run("payments", "import", str(first), "--as", "Mara Lindqvist")

    to_us = Forward({"s.xml": bank_file("12.00", "357.00", "BANK-1")}, headers=AUTHENTIC)
    office.send_in(to_us)
    gap = bank_file("369.00", "476.00", "BANK-2")
    office.send_in(Forward({"later.xml": gap}, headers=TO_THE_BANK))
    [asked] = office.await_that(lambda: [w for w in office.all_of(WorkItem) if w.kind == GAP])
    assert "entries between them are missing" in asked.question
    assert (still_to_pay(office, "BANK-1"), still_to_pay(office, "BANK-2")) == (35700, 47600)

    # What was missing comes, and the mail that waited for it is booked by itself.
    office.send_in(Forward(to_us.files, note="Again.", headers=TO_THE_BANK))
    office.await_payment(35700)
    office.await_payment(47600)
    office.await_quiet()
    assert (still_to_pay(office, "BANK-1"), still_to_pay(office, "BANK-2")) == (0, 0)


def bank_file(opening: str, amount: str, text: str) -> bytes:
    """A statement of the business's account with one payment."""
    closing = str(Decimal(opening) + Decimal(amount))
    inside = f"<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>"
    balances = [balance(OPENING, opening), balance(CLOSING, closing)]
    parts = [*balances, entry(amount, inside=inside)]
    return camt_of([statement(*parts, iban="DE89370400440532013000")])


def still_to_pay(office: House, number: str) -> int:
    """What is owed of an invoice, in minor units."""
    with office.app.reading() as session:
        return invoices.still_to_pay(session, invoices.called(session, BUSINESS, number)[0]).minor


def test_two_tabs_meet_on_one_page_and_pay_once(office: House) -> None:
    office.send_in(authentic(Paper(number="TABS-1", net=Decimal("90.00"))))
    invoice, _ = office.await_issued("TABS-1")
    url = office.pay_url(invoice)
    with ThreadPoolExecutor(2) as tabs:
        pages = list(tabs.map(start_paying, [url, url]))
    assert len(set(pages)) == 1

    assert pay(url)
    office.await_payment(10710)
    assert '/pay"' not in httpx.get(url).text


def start_paying(url: str) -> str:
    """Where the pay button of a tab of its own leads to."""
    with requests.Session() as tab:
        return go_to_checkout(tab, url).url


def test_a_forged_webhook_changes_nothing(office: House) -> None:
    port = office.environment["TILLMAIL_WEB_PORT"]
    answer = httpx.post(
        f"http://127.0.0.1:{port}/hooks/stripe/{BUSINESS}",
        content=b'{"id": "evt_1", "object": "event"}',
        headers={"Stripe-Signature": "t=1,v1=00"},
    )
    assert answer.status_code == 400


def test_every_mail_came_to_one_end(office: House) -> None:
    office.await_quiet()
    assert all(mail.disposition for mail in office.all_of(Mail))
