"""Who is asked, who may answer, and when silence is the better answer."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT
from worker import delivery
from worker.businesses import MailRules, Role, Rules, Staff
from worker.delivery import Incoming, Paper, Reply, questions
from worker.delivery.questions import asked
from worker.readers import Envelope
from worker.readers.model import Mailbox
from worker.settings import PROJECT

ANN = Staff(name="Ann", address="ann@acme.example", roles=(Role.FINANCE,))
BOB = Staff(name="Bob", address="bob@acme.example", roles=(Role.FINANCE, Role.CASHIER))
SAM = Staff(name="Sam", address="Sam@acme.example", roles=(Role.SALES,))
RULES = Rules(
    key="acme",
    name="Acme",
    mail=MailRules(from_address="billing@acme.example", reply_domain="reply.acme.example"),
    staff=(ANN, BOB, SAM),
)


@pytest.mark.parametrize(
    ("kind", "sent_by", "people"),
    [
        ("invoice_held", "ann@acme.example", [ANN]),
        ("invoice_held", "sam@acme.example", [ANN, BOB]),
        ("invoice_held", "erp@shop.example", [ANN, BOB]),
        ("invoice_held", None, [ANN, BOB]),
        ("customer_question", None, [SAM]),
        ("customer_question", "sam@acme.example", [SAM]),
        ("customer_dispute", None, [ANN, BOB]),
    ],
)
def test_a_question_goes_to_whoever_sent_the_mail_or_whose_task_it_is(
    kind: str, sent_by: str | None, people: list[Staff]
) -> None:
    assert list(asked(RULES, kind, sent_by)) == people


@pytest.mark.parametrize(
    ("kind", "address", "may"),
    [
        ("invoice_held", "ANN@acme.example", True),
        ("invoice_held", "sam@acme.example", False),
        ("customer_question", "sam@acme.example", True),
        ("customer_question", "ann@acme.example", True),
        ("invoice_held", "eve@evil.example", False),
    ],
)
def test_finance_may_answer_all_and_others_what_they_are_asked(
    kind: str, address: str, *, may: bool
) -> None:
    assert delivery.may_answer(RULES, kind, address) is may


def mail(number: int, facts: Mapping[str, object], *, colleague: bool = False) -> Incoming:
    """A mail of Ann's, with these facts in its envelope."""
    known = {"sender": Mailbox(address="ann@acme.example"), "subject": "Hello"}
    envelope = Envelope.model_validate({**known, **facts})
    return Incoming(f"mail_{number}", "other", envelope, colleague)


@pytest.mark.parametrize(
    "facts",
    [
        {"is_automatic": True},
        {"sender": None},
        {"sender": Mailbox(address="Billing@acme.example")},
        {"sender": Mailbox(address="r-x@reply.acme.example")},
        {"message_id": f"<{'a' * 40}@acme.example>"},
    ],
)
def test_some_mails_are_never_answered(session: Session, facts: dict[str, object]) -> None:
    letter = mail(1, facts, colleague=True)
    assert delivery.silence_because(session, ACME, letter, RULES, at=AT) is not None


@pytest.mark.parametrize(
    ("subjects", "colleague", "answers"),
    [
        (["Hello"] * 9, False, 1),
        (["Re: Hello", "AW: Hello", "hello"], False, 1),
        (["Case 1", "Case 2"], False, 1),
        (["Lamps", "Chairs"], False, 2),
        ([f"Invoice {n}" for n in range(9)], True, 9),
        (["Invoice"] * 30, True, 20),
    ],
)
def test_answers_are_rationed(
    session: Session, subjects: list[str], answers: int, *, colleague: bool
) -> None:
    paper = Paper(RULES, "0" * 32)
    letters = [mail(n, {"subject": s}, colleague=colleague) for n, s in enumerate(subjects)]
    given = [
        delivery.answer(session, ACME, letter, Reply("a", "b"), paper, at=AT) for letter in letters
    ]
    assert sum(1 for notice in given if notice is not None) == answers


def test_a_colleagues_thread_ends_after_five_answers(session: Session) -> None:
    paper = Paper(RULES, "0" * 32)
    for n in range(9):
        thread = ("<first@acme.example>", f"<{n}@acme.example>")
        letter = mail(n, {"references": thread}, colleague=True)
        delivery.answer(session, ACME, letter, Reply("a", "b"), paper, at=AT)
    assert delivery.silence_because(session, ACME, letter, RULES, at=AT) is not None
    assert (
        delivery.records.answers(session, ACME, "ann@acme.example", thread=None, since=None)
        == delivery.answering.IN_A_THREAD
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_title_has_its_words_in_every_language(language: str) -> None:
    catalogue = tomllib.loads((PROJECT / "templates" / "locale" / f"{language}.toml").read_text())
    titles = {key.removeprefix("title.") for key in catalogue["email"] if key.startswith("title.")}
    assert titles == questions.TITLED
    leads = {kind: catalogue["email"][f"lead.{kind}"] for kind in questions.TITLED}
    # What is asked stands in English; whoever reads another language is told in theirs first.
    assert all(leads.values()) if language != "en" else not any(leads.values())
