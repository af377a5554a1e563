"""Questions answered by mail: who may, in which words, once; and what is never done by mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actors.desk import BOB, PLAIN, Desk, held, letter, opened, plain
from tests.flows.papers import Forward, Paper, forward, stranger
from tests.readers.samples import FILES, pdf_of
from worker.delivery import Notice
from worker.intake import Disposition
from worker.invoices import Invoice
from worker.review import WorkItem

COMPTA = "compta@atelier-fontaine.example"


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
