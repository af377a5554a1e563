"""A question is open once, and closed with an answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OTHER, told
from worker import review, store
from worker.review import Question, WorkItem
from worker.review.invariants import INVARIANTS

HELD = Question("invoice_held", "inv_1", "May it go?", {"number": "R-1"}, ["yes", "no"])


def _broken(session: Session) -> list[str]:
    return [found for holds in INVARIANTS for found in holds(session)]


def test_a_question_is_asked_once(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        item = review.ask(session, ACME, HELD, at=AT)
        assert review.ask(session, ACME, replace(HELD, text="Again?"), at=AT) is item
        assert told(session) == ["WorkItemOpened"]

    with store.reading(each_books) as session:
        [kept] = review.open_items(session, ACME)
        assert (kept.question, kept.evidence, kept.choices) == (
            "May it go?",
            {"number": "R-1"},
            ["yes", "no"],
        )
        assert list(review.open_items(session, OTHER)) == []


def test_another_kind_of_question_about_the_same_thing_is_another_one(session: Session) -> None:
    review.ask(session, ACME, HELD, at=AT)
    review.ask(session, ACME, replace(HELD, kind="job_failed"), at=AT)
    assert len(review.open_for(session, ACME, "inv_1")) == 2


def test_an_answer_closes_every_question_about_a_subject(session: Session) -> None:
    item = review.ask(session, ACME, HELD, at=AT)
    review.ask(session, ACME, replace(HELD, kind="job_failed"), at=AT)

    assert review.settle(session, ACME, "inv_1", answer="released", by="ann", at=AT) == 2
    assert review.settle(session, ACME, "inv_1", answer="released", by="ann", at=AT) == 0
    assert (item.resolution, item.resolved_by, item.resolved_at) == ("released", "ann", AT)
    assert _broken(session) == []


def test_a_closed_question_may_be_asked_again(session: Session) -> None:
    first = review.ask(session, ACME, HELD, at=AT)
    review.settle(session, ACME, "inv_1", answer="released", by="ann", at=AT)
    assert review.ask(session, ACME, HELD, at=AT).id != first.id


def test_a_question_closed_without_an_answer_is_noticed(session: Session) -> None:
    item = review.ask(session, ACME, HELD, at=AT)
    session.execute(update(WorkItem).values(resolved_at=AT))
    assert _broken(session) == [f"acme: {item.id} is closed without an answer."]


def test_a_question_that_two_ask_at_one_moment_is_opened_once(postgres_books: Engine) -> None:
    def ask_too() -> str:
        with store.transaction(postgres_books) as other:
            return review.ask(other, ACME, HELD, at=AT).id

    with ThreadPoolExecutor(1) as pool:
        with store.transaction(postgres_books) as session:
            first = review.ask(session, ACME, HELD, at=AT).id
            second = pool.submit(ask_too)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not second.done() and not session.scalar(waits):
                wait([second], 0.01)
        assert second.result(10) == first
