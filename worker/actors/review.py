"""Questions to staff, and what an answer does by the kind of its question: ONE table.

Mail and desk come through the same verb, `resolve`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from worker import delivery, intake, invoices, review
from worker.actors import credits, remittance
from worker.actors.enclosing import files_in_doubt
from worker.actors.resending import Wish, send_again
from worker.app import App
from worker.delivery import Paper
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.readers.answers import Word
from worker.remittance import LIST
from worker.review import Answer, WorkItem

# Gives what happened in a sentence, and whether that ends the question.
Resolver = Callable[[App, Session, WorkItem, Answer, datetime], tuple[str, bool]]


def queue_question(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: a work item to the staff whose task it is, with the document in doubt."""
    item = review.by_id(s, event.business, event.subject)
    if item is None or not delivery.can_be_mailed(s, item):
        return
    if event.business not in app.businesses():
        return  # Its file is gone, and with it whom to write to; the work item stays.
    paper = Paper(app.rules(event.business), app.look(s, event.business).set_hash)
    mail = intake.by_id(s, event.business, str(item.evidence.get("mail", "")))
    if item.kind == LIST:
        letters = delivery.list_letters(item, paper)
    else:
        has_file, sent_by = bool(files_in_doubt(s, item)), mail.sender if mail else None
        letters = delivery.question_letters(item, paper, sent_by=sent_by, has_file=has_file)
    for letter in letters:
        delivery.queue(s, event.business, letter, paper.rules.mail, at=at)


def resolve(app: App, s: Session, item: WorkItem, answer: Answer, *, at: datetime) -> str:
    """Do what an answer says, close the question with it, and say in a sentence what happened.

    Raises Refused when it was answered before, when the words are none of its choices, or when
    what they ask for cannot be.
    """
    if item.resolved_at is not None:
        raise Refused(f"{item.id} was answered by {item.resolved_by}: {item.resolution}.")
    if not review.fits(item, answer.said):
        words = ", ".join(word for word in item.choices if not word.startswith("tillmail "))
        raise Refused(f"“{answer}” does not answer {item.id}. Its words are: {words or 'none'}.")
    happened, is_end = RESOLVERS.get(item.kind, _seen_to)(app, s, item, answer, at)
    if is_end:
        review.close(s, item, answer, at=at)
    return happened


def _held_invoice(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    invoice = _invoice(s, item, item.subject)
    limits = app.invoice_limits(BusinessKey(item.business))
    return invoices.answer(s, invoice, answer, limits, at=at), True


def _incomplete(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    return intake.complete(s, item, answer, app.invoice_limits(BusinessKey(item.business)), at=at)


def _stranger(
    _app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    return intake.admit(s, item.subject, item, answer, at=at), True


def _undelivered(
    app: App, s: Session, item: WorkItem, answer: Answer, _at: datetime
) -> tuple[str, bool]:
    if Word.DONE in answer.words:
        return "It is noted. Nothing more is sent.", True
    invoice = _invoice(s, item, str(item.evidence["about"]))
    # A person vouches for the address: also for the one that was given up, where it works again.
    to = Address.parse(answer.value(Word.SEND_TO) or invoice.recipient or "")
    invoice.recipient, invoice.recipient_from = str(to), "answer"
    send_again(app, s, invoice, Wish(answer.by, to))
    return f"Invoice {invoice.number} goes to {to}.", True


def _seen_to(
    _app: App, _s: Session, _item: WorkItem, _answer: Answer, _at: datetime
) -> tuple[str, bool]:
    return "It is noted as done.", True


RESOLVERS: Mapping[str, Resolver] = {
    "invoice_held": _held_invoice,
    "document_incomplete": _incomplete,
    "mail_from_stranger": _stranger,
    "notice_undelivered": _undelivered,
    "remittance_review": remittance.answer_review,
    "remittance_received": remittance.answer_received,
    LIST: remittance.answer_list,
    "credit_request": credits.answer_draft,
    "remittance_deduction": remittance.answer_deduction,
}


def _invoice(s: Session, item: WorkItem, invoice_id: str) -> Invoice:
    invoice = invoices.by_id(s, BusinessKey(item.business), invoice_id)
    if invoice is None:
        raise PermanentError(f"Invoice {invoice_id} is missing.")
    return invoice
