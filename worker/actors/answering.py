"""Steps that follow from mails of people: what staff answer and order, copies, and saying so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, delivery, intake, invoices, review
from worker.actors import credits
from worker.actors.intake import answered, sender_of
from worker.actors.ordering import ORDERS, Order, help_about, obey, refuse_money
from worker.actors.resending import letter_of, working_link
from worker.actors.review import resolve
from worker.actors.wholly import whole
from worker.app import App
from worker.credits import Origin, Source
from worker.delivery import Incoming, Notice, Paper, Reply
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused, ReviewNeeded
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, NotMoney
from worker.readers import Examined, answers
from worker.readers.answers import Word
from worker.review import Answer, Heard, WorkItem

# Said of money, these count only as the answer to a question that asks for them.
_OF_MONEY = {Word.MONEY, Word.RECEIVED, Word.NOT_RECEIVED, Word.PAYS}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of somebody we know, with all that its treatment depends on."""

    app: App
    business: BusinessKey
    mail: intake.Mail
    examined: Examined
    notice: Notice | None

    @property
    def answer(self) -> Answer:
        """What it says, and who says it."""
        sender = self.mail.sender or ""
        name = self.app.rules(self.business).staff_called(sender) or ""
        return Answer(intake.order(self.examined, name), sender, self.mail.id)

    @property
    def about(self) -> str:
        """The id of what the answered notice is about: a work item, an invoice, or nothing."""
        if self.notice is None:
            return ""
        return str(self.notice.context.get("about") or self.notice.subject_id)


def take_reply(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: a member of staff answered a notice, or ordered something."""
    letter = _letter(app, s, event)
    reply = _tried(letter, s, at) if letter is not None else None
    if letter is not None and reply is not None:
        _answer(letter, s, reply, is_colleague=True, at=at)


def send_copy(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the invoice that a customer wants again, to their address on file; else a person."""
    letter = _letter(app, s, event)
    if letter is None:
        return
    sender = sender_of(app, s, letter.mail, letter.examined)
    wanted = intake.mentioned(s, letter.business, letter.examined, sender)
    if len(wanted) == 1 and _can_have_copy(letter, s, wanted[0], at):
        _queue_copy(letter, s, wanted[0], at)
        return
    intake.ask_about_letter(
        s, letter.mail, letter.examined, sender, kind="customer_copy_request", at=at
    )


def queue_answer(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: to the sender of a mail that could not be used, unless they are asked about it."""
    letter = _letter(app, s, event)
    if letter is None:
        return
    rules, sender = app.rules(event.business), letter.mail.sender or ""
    kinds = [item.kind for item in review.open_for(s, event.business, letter.mail.id)]
    if not any(delivery.is_asked(rules, kind, sender) for kind in kinds):
        text = f"{letter.mail.because} Forward an invoice as a PDF or an e-invoice (UBL, CII)."
        _answer(letter, s, Reply("Your mail could not be used", text), is_colleague=False, at=at)


def _tried(letter: Letter, s: Session, at: datetime) -> Reply | None:
    """Do what the letter says as a whole or not at all."""
    try:
        return whole(s, lambda: _respond(letter, s, at))
    except (Refused, ReviewNeeded) as e:
        return Reply("That could not be done", f"{e} Nothing was changed.", about=letter.about)


def _respond(letter: Letter, s: Session, at: datetime) -> Reply | None:
    """What an answer does, and what we say to it."""
    item = review.by_id(s, letter.business, letter.about)
    answer = letter.answer
    word = answer.said[0].word if len(answer.said) == 1 else None
    if word is Word.CREDIT_REQUEST:
        return _draft_request(letter, s, at)
    if word in _OF_MONEY and not (item is not None and review.fits(item, answer.said)):
        return refuse_money(str(answer.said[0]) if word is not Word.MONEY else answer.said[0].value)
    if item is not None and not (word in ORDERS and not review.fits(item, answer.said)):
        return _respond_to_item(letter, s, item, at)
    invoice = _invoice(letter, s, item)
    if word is Word.HELP or (word is not None and invoice is None):
        return help_about(invoice)
    if word is None or invoice is None:
        return replace(help_about(invoice), title="I did not understand")
    return obey(Order(letter.app, s, invoice, answer, at))


def _draft_request(letter: Letter, s: Session, at: datetime) -> Reply | None:
    """A draft that waits for a yes: whoever wrote the mail is asked, and nothing goes out yet."""
    rules, answer = letter.app.rules(letter.business), letter.answer
    if not delivery.may_answer(rules, "credit_request", answer.by):
        raise Refused("Only a colleague in finance may do that.")
    [said] = answer.said
    customer = _customer(letter, s, said.about)
    found = answers.amount(said.value)
    if found is None:
        raise Refused(f"“{said.value}” is no amount that can be read in one way only.")
    amount, currency = found
    try:
        money = Money.of(amount, currency or rules.currency)
    except NotMoney as e:
        raise Refused(str(e)) from e
    origin = Origin(Source.MAIL, f"mail:{letter.mail.id}", answer.by)
    asking = credits.Asking(money)
    why = credits.why_no_card(letter.app, s, customer, asking, at=at)
    asking = replace(asking, by_card=why is None)
    request = credits.draft(letter.app, s, customer, asking, origin, at=at)
    credits.ask_to_confirm(s, request, {"mail": letter.mail.id, "reason": why}, at=at)
    return None


def _customer(letter: Letter, s: Session, name: str) -> customers.Customer:
    numbered = customers.by_number(s, letter.business, name)
    named = [numbered] if numbered else list(customers.named(s, letter.business, name))
    if len(named) == 1:
        return named[0]
    if not named:
        raise Refused(f"Nobody on file is called {name}: write the name or number on file.")
    numbers = ", ".join(one.number or one.id for one in named)
    raise Refused(f"Several on file are called {name}: write the number, one of {numbers}.")


def _respond_to_item(letter: Letter, s: Session, item: WorkItem, at: datetime) -> Reply | None:
    rules, answer = letter.app.rules(letter.business), letter.answer
    may_answer = delivery.may_answer(rules, item.kind, answer.by)
    heard = review.hear(item, answer.said, may_answer=may_answer)
    if heard is Heard.ANSWER:
        happened = resolve(letter.app, s, item, answer, at=at)
        return Reply("Done", happened, about=item.id)
    if heard is Heard.ALREADY:
        return _already(item, rules.time_zone)
    if heard is Heard.NOT_ALLOWED:
        intake.ask(s, letter.mail, "answer_not_taken", at=at)
        return None
    if heard is Heard.ASKED_ENOUGH:
        return None
    item.asked_again += 1
    return Reply(
        title="I did not understand",
        text=(
            "Please answer with one of these words alone. Nothing was done. The question was: "
            f"{item.question}"
        ),
        words=delivery.choices(review.words_of(item), item.kind),
        about=item.id,
    )


def _already(item: WorkItem, zone: str) -> Reply:
    day = day_in(zone, item.resolved_at) if item.resolved_at else ""
    return Reply(
        title="This is answered already",
        text=f"{item.resolved_by} answered “{item.resolution}” on {day}. Nothing was done twice.",
        about=item.id,
    )


def _invoice(letter: Letter, s: Session, item: WorkItem | None) -> Invoice | None:
    """The invoice that an order is about: the one it names, else the one the notice was about."""
    for said in letter.answer.said:
        if said.about:
            found = invoices.called(s, letter.business, said.about)
            in_force = [i for i in found if i.voided_at is None and i.corrected_at is None]
            return next(iter([*in_force, *found]), None)
    about = str(item.evidence.get("about") or item.subject) if item else letter.about
    return invoices.by_id(s, letter.business, about)


def _can_have_copy(letter: Letter, s: Session, invoice: Invoice, at: datetime) -> bool:
    """Whether the invoice may go to the writer: on file for it, still to be paid, and no loop."""
    contact = customers.contact_at(
        s, letter.business, invoice.customer_id or "", letter.mail.sender or ""
    )
    is_on_file = contact is not None and contact.is_billing and contact.suppressed_at is None
    is_owed = invoices.still_to_pay(s, invoice).is_positive and invoice.rests_since is None
    rules = letter.app.rules(letter.business)
    silence = delivery.silence_because(s, letter.business, _incoming(letter), rules, at=at)
    return is_on_file and is_owed and invoice.corrected_at is None and silence is None


def _queue_copy(letter: Letter, s: Session, invoice: Invoice, at: datetime) -> None:
    link = working_link(letter.app, s, invoice, at) if invoice.pay_link else None
    copy = replace(
        letter_of(letter.app, s, invoice, link),
        recipient=letter.mail.sender or "",
        # Each mail asks for a copy of its own; how often in one thread is for silence to say.
        occasion=f"{delivery.thread_of(_incoming(letter))}:{letter.mail.id}",
    )
    rules = letter.app.rules(letter.business)
    delivery.queue(s, letter.business, copy, rules.mail, at=at)


def _answer(letter: Letter, s: Session, reply: Reply, *, is_colleague: bool, at: datetime) -> None:
    app, business = letter.app, letter.business
    paper = Paper(app.rules(business), app.look(s, business).set_hash)
    incoming = replace(_incoming(letter), is_colleague=is_colleague)
    delivery.answer(s, business, incoming, reply, paper, at=at)


def _incoming(letter: Letter) -> Incoming:
    return Incoming(letter.mail.id, letter.mail.kind, letter.examined.envelope)


def _letter(app: App, s: Session, event: Event) -> Letter | None:
    mail = intake.by_id(s, event.business, event.subject)
    if mail is None or mail.reading is None:
        return None
    examined = Examined.model_validate(mail.reading)
    return Letter(app, event.business, mail, examined, answered(app, s, event.business, examined))
