"""Letters of customers become questions in their words; mails that answer mails come to an end."""

from __future__ import annotations

from datetime import date

import pytest

from tests.actors.desk import BRIGHTWATER, NORTHLIGHT, Desk, held, issued, letter
from tests.flows.papers import Paper, forward, stranger
from worker import invoices
from worker.delivery import Notice
from worker.intake import Disposition
from worker.review import WorkItem


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
