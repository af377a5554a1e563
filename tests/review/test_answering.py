"""What an answer is to a question, and that the first one stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.books import ACME, AT
from worker import review
from worker.kernel.errors import Refused
from worker.readers.answers import Said, Word, said
from worker.review import Answer, Heard, Question, WorkItem

HELD = Question("invoice_held", "inv_1", "May it go?", {}, ["yes", "send to ADDRESS", "no"])


def item(**facts: object) -> WorkItem:
    """An open question with three words and a command."""
    choices = [*HELD.choices, "tillmail invoices release inv_1 --to-balance"]
    known = {"business": ACME, "id": "work_1", "kind": HELD.kind, "asked_again": 0}
    return WorkItem(**(known | {"choices": choices} | facts))


@pytest.mark.parametrize(
    ("facts", "text", "may_answer", "heard"),
    [
        ({}, "yes", True, Heard.ANSWER),
        ({}, "send to a@b.example", True, Heard.ANSWER),
        ({}, "done", True, Heard.UNCLEAR),
        ({}, "hm", True, Heard.UNCLEAR),
        ({"asked_again": 1}, "hm", True, Heard.UNCLEAR),
        ({"asked_again": 2}, "hm", True, Heard.ASKED_ENOUGH),
        ({"asked_again": 2}, "yes", True, Heard.ANSWER),
        ({"resolved_at": AT}, "yes", True, Heard.ALREADY),
        ({"resolved_at": AT}, "hm", True, Heard.ALREADY),
        ({"resolved_at": AT}, "yes", False, Heard.NOT_ALLOWED),
        ({}, "yes", False, Heard.NOT_ALLOWED),
    ],
)
def test_an_answer_is_heard_as_what_it_is(
    facts: dict[str, object], text: str, heard: Heard, *, may_answer: bool
) -> None:
    assert review.hear(item(**facts), said(text), may_answer=may_answer) is heard


def test_a_command_among_the_choices_is_no_word() -> None:
    assert review.words_of(item()) == {Word.YES, Word.SEND_TO, Word.NO}


@given(st.lists(st.sampled_from(["ann", "bob", "eve"]), min_size=2, max_size=5))
def test_only_the_first_answer_closes_a_question(names: list[str]) -> None:
    open_item, closed = item(), []
    for name in names:
        heard = review.hear(open_item, said("yes"), may_answer=name != "eve")
        if heard is Heard.ANSWER:
            open_item.resolved_at, open_item.resolved_by = AT, name
            closed.append(name)
    assert closed == [name for name in names if name != "eve"][:1]


def test_an_answer_is_written_down_with_who_gave_it_and_where(session: Session) -> None:
    asked = review.ask(session, ACME, HELD, at=AT)
    yes = Answer((Said(Word.YES),), "ann@acme.example", "mail_1")
    review.close(session, asked, yes, at=AT)
    assert (asked.resolution, asked.resolved_by, asked.resolved_from) == (
        "yes", "ann@acme.example", "mail_1",
    )  # fmt: skip
    with pytest.raises(Refused, match="somebody else"):
        review.close(session, asked, Answer((Said(Word.NO),), "bob@acme.example"), at=AT)
    assert asked.resolution == "yes"
