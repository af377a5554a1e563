"""Questions answered by mail: who may, in which words, once; and what is never done by mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.actors.desk import MARA, NORTHLIGHT, Desk, letter, opened
from tests.flows.papers import Forward, Paper, bounce, forward, stranger
from tests.readers.samples import FILES, pdf_of
from worker import delivery, invoices, payments
from worker.credits import CreditRequest
from worker.delivery import Notice
from worker.intake import Disposition
from worker.invoices import Invoice
from worker.review import WorkItem
from worker.store.outbox import Job

PLAIN = (FILES / "plain" / "german_window.txt").read_text()
# What a mail program puts below an answer to our report; its words are those of a bounce.
QUOTED_BOUNCE = """On Mon, 2 Nov 2026 at 09:00, Northlight <invoices@northlight.example> wrote:
> An email could not be delivered
> reason: 5.1.1 smtp; 550 5.1.1 no such user
"""
COMPTA = "compta@atelier-fontaine.example"
BRIGHTWATER = "Ann <accounts@brightwater.example>"
BOB = "Bob Berg <bob@northlight.example>"
_BOB = """[[staff]]
name = "Bob Berg"
address = "bob@northlight.example"
roles = ["cashier"]
"""


@pytest.fixture(scope="module")
def kept_desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("desk")
    with opened(home, migrated_file, lambda rules: rules + _BOB) as there:
        yield there


@pytest.fixture
def desk(kept_desk: Desk) -> Desk:
    """The same desk for each test, with the books as they were at first."""
    kept_desk.start_over()
    return kept_desk


def plain(text: str = PLAIN, **how: str) -> bytes:
    """A forward of an invoice as a page."""
    return Forward({"invoice.pdf": pdf_of(text)}, **how).raw()


def held(desk: Desk, raw: bytes) -> Notice:
    """The question about the one invoice in a mail."""
    desk.take(raw)
    return desk.question("invoice_held")


# -- what an answer does ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paper", "words", "expected"),
    [
        (stranger(), "Yes please.", {"recipient": "rechnung@hafenkontor.example"}),
        (stranger(), "ja", {"recipient": "rechnung@hafenkontor.example"}),
        (stranger(), "send to a@b.example", {"recipient": "a@b.example"}),
        (stranger(), "customer K-1001", {"recipient": "buchhaltung@moebelwerk-elbtal.example"}),
        (
            stranger(),
            "Kunde: Atelier Fontaine SARL",
            {"recipient": "compta@atelier-fontaine.example"},
        ),
        (stranger(), "release", {"recipient": "rechnung@hafenkontor.example"}),
        (stranger(), "no", {"recipient": "rechnung@hafenkontor.example", "is_void": True}),
    ],
)
def test_a_held_invoice_is_answered_in_a_word(
    desk: Desk, paper: Paper, words: str, expected: dict[str, object]
) -> None:
    question = held(desk, forward(paper).raw())
    assert question.recipient == "mara@northlight.example"
    answer = desk.answer(question, words)

    invoice = desk.invoice(paper.number)
    is_void = bool(expected.get("is_void"))
    assert (invoice.recipient, invoice.voided_at is not None) == (expected["recipient"], is_void)
    assert (invoice.issued_at is None) is is_void
    assert answer.disposition == Disposition.ACCEPTED
    item = desk.one(WorkItem, id=question.subject_id)
    by = (item.resolved_by, item.resolved_from)
    assert by == ("mara@northlight.example", answer.id) or words == "release"
    assert desk.said() == ["Done"]


def test_a_page_that_was_read_goes_out_after_one_yes(desk: Desk) -> None:
    question = held(desk, plain())
    context = question.context
    assert context["has_file"]
    facts = {fact["label"]: fact["value"] for fact in context["facts"]}
    assert facts["total"].startswith("130.90 EUR (page 1: “")
    desk.answer(question, "send to ida@fischer.example")

    invoice = desk.invoice("LH-2026-0120")
    assert (str(invoice.total), invoice.recipient) == ("130.90 EUR", "ida@fischer.example")
    assert invoice.pdf_sha256 is not None


@pytest.mark.parametrize(
    ("words", "number", "total"),
    [
        ("total 131.90\nsend to a@b.example", "LH-2026-0120", "131.90 EUR"),
        ("total 1.131,90 EUR, thanks", "LH-2026-0120", "1131.90 EUR"),
        ("number LH-9\nsend to a@b.example", "LH-9", "130.90 EUR"),
    ],
)
def test_what_was_read_wrongly_is_put_right_in_the_answer(
    desk: Desk, words: str, number: str, total: str
) -> None:
    desk.answer(held(desk, plain()), words)
    invoice = desk.invoice(number)
    assert str(invoice.total) == total
    assert invoice.reading["evidence"]["told"]["by"] == "mara@northlight.example"
    assert (invoice.issued_at is not None) is ("send to" in words)


@pytest.mark.parametrize("words", ["total 131.90", "number LH-9"])
def test_whose_invoice_it_is_or_where_it_goes_is_not_said_by_another_word(
    desk: Desk, words: str
) -> None:
    unclear = "send to a@b.example, c@d.example"
    desk.answer(held(desk, plain(note=unclear)), words)
    assert (desk.one(Invoice).issued_at, desk.said()) == (None, ["That could not be done"])
    desk.answer(desk.question("invoice_held"), f"{words}\nsend to c@d.example")
    assert [i.recipient for i in desk.all(Invoice) if i.issued_at] == ["c@d.example"]


def test_a_total_that_no_invoice_can_have_is_said(desk: Desk) -> None:
    desk.answer(held(desk, plain()), "total 120.50 JPY")
    assert desk.said() == ["That could not be done"]
    assert "smallest unit of JPY" in desk.last_said()["text"]
    assert desk.one(Invoice).voided_at is None


def test_what_cannot_be_done_is_not_half_done(desk: Desk) -> None:
    question = held(desk, plain())
    desk.answer(question, "total 131.90\ncustomer Nobody AG")
    assert desk.said() == ["That could not be done"]
    assert "No customer on file is called Nobody AG." in desk.last_said()["text"]
    invoice = desk.one(Invoice)
    assert (str(invoice.total), invoice.voided_at) == ("130.90 EUR", None)
    assert desk.asked("invoice_held").id == question.subject_id
    assert len(desk.all(Notice, kind="question")) == 1


def test_what_a_document_lacks_is_asked_for_each_on_its_own(desk: Desk) -> None:
    other = (FILES / "plain" / "british.txt").read_text()
    files = {"one.pdf": pdf_of(PLAIN.replace(" Nr. LH-2026-0120", "")), "two.pdf": pdf_of(other)}
    desk.take(Forward(files).raw())
    incomplete = desk.question("document_incomplete")
    assert desk.question("invoice_held").id != incomplete.id

    desk.answer(incomplete, "customer Brightwater Interiors GmbH")
    assert desk.asked("document_incomplete").evidence["told"] == {
        "customer": "Brightwater Interiors GmbH"
    }
    desk.answer(incomplete, "number X-1")
    invoice = desk.invoice("X-1")
    assert invoice.recipient == "accounts@brightwater.example"
    assert invoice.issued_at is not None
    assert desk.one(WorkItem, kind="document_incomplete").resolved_at is not None


@pytest.mark.parametrize(("word", "state"), [("send as corrected", "issued"), ("refuse", "void")])
def test_a_changed_resend_is_answered_in_its_own_words(desk: Desk, word: str, state: str) -> None:
    first = Paper()
    desk.take(forward(first).raw())
    question = held(desk, forward(first.but(net=first.net + 5)).raw())
    assert "yes" not in {choice["text"] for choice in question.context["words"]}
    desk.answer(question, "yes")
    assert desk.said() == ["I did not understand"]
    desk.answer(question, word)
    invoice = desk.invoice(first.number)
    assert (invoice.issued_at is not None) is (state == "issued")
    assert (invoice.voided_at is not None) is (state == "void")
    assert desk.broken() == []


@pytest.mark.parametrize(("word", "is_taken"), [("yes", True), ("no", False)])
def test_a_yes_takes_one_mail_of_a_stranger_and_adds_no_sender(
    tmp_path: Path, migrated_file: Path, word: str, *, is_taken: bool
) -> None:
    passed = "mx.northlight.example; dmarc=pass header.from="
    signed = {"Authentication-Results": f"{passed}evil.example"}
    with opened(tmp_path, migrated_file, authenticated) as desk:
        mara = {
            "authentication_results": signed["Authentication-Results"].replace("evil", "northlight")
        }
        paper = Paper()
        raw = forward(paper, sender="Eve <eve@evil.example>", headers=signed).raw()
        desk.take(raw)
        desk.answer(desk.question("mail_from_stranger"), word, **mara)
        assert bool(desk.all(Invoice)) is is_taken
        desk.take(forward(Paper(), sender="Eve <eve@evil.example>", headers=signed).raw())
        assert desk.asked("mail_from_stranger")


def authenticated(rules: str) -> str:
    """The rules with a mailbox that believes its receiving host instead of the disk."""
    return rules.replace('trust = "local"', 'authserv_id = "mx.northlight.example"')


# -- unclear, again, too late, not allowed ---------------------------------------------------------


def test_an_unclear_answer_is_asked_about_twice_and_then_left_open(desk: Desk) -> None:
    question = held(desk, forward(stranger()).raw())
    for words in ("hm", "yes, but not to Bob", "who knows", "maybe"):
        desk.answer(question, words)
    assert desk.said() == ["I did not understand"] * 2
    item = desk.asked("invoice_held")
    assert item.asked_again == 2
    assert len(desk.all(WorkItem)) == 1


def test_the_second_answer_changes_nothing_and_hears_who_was_first(desk: Desk) -> None:
    paper = stranger()
    question = held(desk, forward(paper).raw())
    desk.answer(question, "yes")
    before = desk.invoice(paper.number)
    desk.answer(question, "no")

    assert desk.invoice(paper.number).voided_at is None
    assert desk.invoice(paper.number).issued_at == before.issued_at
    assert "mara@northlight.example answered “yes” on" in desk.last_said()["text"]


@pytest.mark.parametrize(
    ("sender", "mail_ends"),
    [(BOB, Disposition.ACCEPTED), ("Eve <eve@evil.example>", Disposition.QUARANTINED)],
    ids=["a colleague without the role", "a stranger with the token"],
)
def test_who_may_not_answer_changes_nothing_and_staff_are_told(
    desk: Desk, sender: str, mail_ends: Disposition
) -> None:
    paper = stranger()
    question = held(desk, forward(paper).raw())
    answer = desk.answer(question, "yes", sender=sender)

    assert desk.invoice(paper.number).issued_at is None
    assert answer.disposition == mail_ends
    assert desk.question("answer_not_taken").recipient == "mara@northlight.example"
    assert desk.said() == []


def test_a_reply_without_the_key_answers_nothing(desk: Desk) -> None:
    paper = stranger()
    question = held(desk, forward(paper).raw())
    to = "r-" + "a" * 26 + "-" + "0" * 16 + "@reply.northlight.example"
    for address in (to, "invoices@northlight.example"):
        raw = letter("yes", to=address, subject="Re: it", in_reply_to=question.message_id)
        desk.take(raw)
    assert desk.invoice(paper.number).issued_at is None


def test_words_quoted_below_an_answer_never_count(desk: Desk) -> None:
    paper = stranger()
    question = held(desk, forward(paper).raw())
    desk.answer(question, "I will look at it.\n\n> yes\n> Answer with one of these words: yes")
    assert desk.invoice(paper.number).issued_at is None


# -- orders ----------------------------------------------------------------------------------------


def issued(desk: Desk) -> tuple[Invoice, Paper]:
    """An invoice to a customer on file, as if its email had gone out."""
    paper = Paper()
    desk.take(forward(paper).raw())
    return desk.invoice(paper.number), paper


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


# -- letters of customers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Could you tell me what line 3 of invoice {number} is?", "customer_question"),
        ("The amount on {number} is wrong, we dispute it.", "customer_dispute"),
        ("We will pay invoice {number} next Friday.", "customer_promise"),
        ("Please note our new bank details and pay to this new IBAN.", "mail_suspicious"),
    ],
)
def test_a_letter_becomes_a_question_with_the_customers_own_words(
    desk: Desk, text: str, kind: str
) -> None:
    invoice, _ = issued(desk)
    words = text.format(number=invoice.number)
    desk.take(letter(words, sender="Ann <accounts@brightwater.example>"))
    evidence = desk.asked(kind).evidence
    assert evidence["they_write"] == words
    assert evidence["customer"] == "Brightwater Interiors GmbH"
    assert evidence["invoice"] == (invoice.number if "{number}" in text else "")
    desk.answer(desk.question(kind), "done")
    assert desk.one(WorkItem, kind=kind).resolution == "done"


def test_a_thank_you_is_filed(desk: Desk) -> None:
    mail = desk.take(letter("Thank you, received.", sender="Ann <accounts@brightwater.example>"))
    assert (mail.kind, mail.disposition) == ("acknowledgement", Disposition.ACCEPTED)
    assert desk.all(WorkItem) == []


@pytest.mark.parametrize(
    ("sender", "copies"),
    [("Ann <accounts@brightwater.example>", 1), ("Eve <eve@evil.example>", 0)],
)
def test_a_copy_goes_to_whoever_is_on_file_and_once_a_day(
    desk: Desk, sender: str, copies: int
) -> None:
    invoice, _ = issued(desk)
    for _ in range(3):
        desk.take(letter(f"Please send us a copy of invoice {invoice.number}.", sender=sender))
    sent = desk.all(Notice, kind="invoice")
    assert [n.recipient for n in sent] == ["accounts@brightwater.example"] * copies
    assert len(desk.all(WorkItem, kind="customer_copy_request")) == 3 - copies


def test_a_copy_asked_for_in_the_same_words_a_week_later_goes_out_too(desk: Desk) -> None:
    invoice, _ = issued(desk)
    for days in (0, 7):
        (desk.app.settings.var / "clock.ahead").write_text(str(days * 86_400))
        text = f"Please send us a copy of invoice {invoice.number}."
        desk.take(letter(text, sender="Ann <accounts@brightwater.example>"))
    (desk.app.settings.var / "clock.ahead").write_text("0")
    assert len(desk.all(Notice, kind="invoice")) == 2


# -- loops -----------------------------------------------------------------------------------------


def test_ten_automatic_mails_get_no_answer(desk: Desk) -> None:
    question = held(desk, forward(stranger()).raw())
    for headers in (
        {"auto_submitted": "auto-replied"},
        {"return_path": "<>"},
        {"list_id": "<news.b.example>"},
        {"precedence": "auto_reply"},
        {"x_auto_response_suppress": "All"},
    ):
        desk.answer(question, "help", **headers)
        desk.take(letter("help", **headers))
    assert desk.said() == []


def test_ten_broken_mails_about_one_subject_get_one_answer(desk: Desk) -> None:
    for number in range(10):
        sender, subject = "Erp <erp@shop.example>", f"Invoice run {number}"
        desk.take(letter("Nothing in here.", sender=sender, subject=subject))
    assert desk.said() == ["Your mail could not be used"]


@pytest.mark.parametrize("own", ["invoices@northlight.example", "r-x@reply.northlight.example"])
def test_we_do_not_answer_ourselves(desk: Desk, own: str) -> None:
    desk.take(letter("Nothing in here.", sender=f"Us <{own}>"))
    assert desk.said() == []


def test_two_that_answer_each_other_come_to_an_end(desk: Desk) -> None:
    """The other side is a program that hides it and answers every answer of ours."""
    text = "Nothing in here."
    for round_ in range(20):
        answers = desk.all(Notice, kind="answer")
        if len(answers) < round_:
            break
        headers = {"in_reply_to": answers[-1].message_id} if answers else {}
        desk.take(letter(text, subject=f"Re: case {round_}", **headers))
    assert len(desk.said()) <= 5


# -- bounces ---------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("words", "promised"),
    [
        ("We will pay invoice F-9001 on 9 November 2026.", "2026-11-09"),
        ("We will pay F-9001 by Friday.", "2026-11-06"),
        ("Wir zahlen die Rechnung F-9001 bis zum 09.11.2026.", "2026-11-09"),
        ("We will pay F-9001 as soon as we can.", None),
        ("We will pay F-9001 on 9 November 2026 or on 16 November 2026.", None),
    ],
)
def test_a_promised_day_is_kept_and_staff_hear_when_it_is_over(
    desk: Desk, words: str, promised: str | None
) -> None:
    desk.take(forward(Paper(number="F-9001")).raw())
    for sender in ("Eve <eve@evil.example>", BRIGHTWATER):
        mail = desk.take(letter(words, sender=sender))
        assert mail.kind == "promise"
    invoice = desk.invoice("F-9001")
    assert (invoice.promised_on and invoice.promised_on.isoformat()) == promised
    assert invoices.may_be_urged(invoice, date(2026, 11, 3)) is (promised is None)
    for day, questions in ((9, 0), (10, 1), (11, 1)):
        with desk.app.transaction() as s:
            invoices.ask_about_broken(s, NORTHLIGHT, on=date(2026, 11, day), at=desk.app.now())
        if promised == "2026-11-09":
            assert len(desk.all(WorkItem, kind="promise_broken")) == questions
    assert desk.broken() == []
