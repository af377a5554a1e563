"""Steps of remittances: a claim taken, the payer told what is noted, and what people answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from worker import businesses, customers, delivery, intake, payments, remittance
from worker.actors.intake import answered, sender_of
from worker.actors.shapes import sweep
from worker.actors.wholly import whole
from worker.app import App
from worker.businesses import Act
from worker.delivery import Incoming, Paper
from worker.intake import Level, Mail
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.readers import Examined
from worker.readers.model import Claim
from worker.remittance import Policy, Told
from worker.review import Answer, WorkItem


def apply_advice(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the payments that a mail tells of; what could not be read in it a person reads."""
    mail = intake.by_id(s, event.business, event.subject)
    if mail is None or mail.reading is None:
        return
    examined = Examined.model_validate(mail.reading)
    sender = sender_of(app, s, mail, examined)
    if not examined.reading.remittances:
        intake.ask_about_letter(s, mail, examined, sender, kind="remittance_advice", at=at)
        return
    told = _told(app, s, mail, examined, sender)
    remittance.take(s, event.business, told, policy_of(app, event.business), at=at)


def queue_noted(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: what is noted, to the payer if they are on file and no program wrote."""
    payment = payments.by_id(s, event.business, event.subject)
    advices = remittance.of_payment(s, event.business, event.subject)
    if payment is None or payment.state != payments.PaymentState.ANNOUNCED or not advices:
        return
    to = advices[0].written_by or ""
    contact = customers.contact_at(s, event.business, payment.customer_id or "", to)
    mail = intake.by_id(s, event.business, advices[0].mail_id)
    if contact is None or contact.suppressed_at is not None or mail is None:
        return
    rules = app.rules(event.business)
    envelope = Examined.model_validate(mail.reading).envelope
    incoming = Incoming(mail.id, mail.kind, envelope)
    if delivery.silence_because(s, event.business, incoming, rules, at=at) is None:
        paper = Paper(rules, app.look(s, event.business).set_hash)
        letter = delivery.noted_letter(s, payment, paper, recipient=contact.address)
        delivery.queue(s, event.business, letter, rules.mail, at=at)


def note_settled(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the claims that a settled payment answers."""
    payment = payments.by_id(s, event.business, event.subject)
    if payment is not None:
        remittance.note_settled(s, payment, at=at)


def note_returned(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the claim of a payment that was undone."""
    payment = payments.by_id(s, event.business, event.subject)
    if payment is not None:
        remittance.note_returned(s, payment, at=at)


@sweep
def lapse_unproved(_app: App, s: Session, at: datetime) -> None:
    """Sweep: claims that nothing proved in time."""
    remittance.lapse_unproved(s, at=at)


def answer_review(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    """A person's word on a proposal."""
    business = _permitted(app, s, item.business, item.subject, answer.by)
    policy = policy_of(app, business)
    return remittance.review(s, item.subject, business, answer, policy, at=at), True


def answer_received(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    """A person's word that announced money has come, or has not."""
    business = _permitted(app, s, item.business, item.subject, answer.by)
    today = day_in(app.rules(business).time_zone, at)
    return remittance.received(s, item.subject, business, answer, on=today, at=at), True


def answer_deduction(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    """A person's word on what a payer took off an invoice."""
    business = BusinessKey(item.business)
    businesses.permit(app.rules(business), answer.by, Act.WRITE_OFF, salesperson=None)
    return remittance.deduction(s, item.subject, business, answer, at=at), True


def answer_list(
    app: App, s: Session, item: WorkItem, answer: Answer, at: datetime
) -> tuple[str, bool]:
    """A person's word on lines of the list: each is done whole, or it is said why not."""
    happened, done = [], set()
    for line in remittance.decided(item, answer):
        try:
            said = whole(s, partial(_answer_line, app, s, item, line, at))
            done.add(line.advice_id)
        except Refused as e:
            said = f"not done. {e}"
        happened.append(f"{line.number}: {said}")
    return " ".join(happened), remittance.is_answered(s, item, done)


@sweep
def send_lists(app: App, s: Session, at: datetime) -> None:
    """Sweep: the weekly list of what is announced, where a business wants one."""
    for business in app.businesses():
        own = app.rules(business).remittance
        if own.ask == "weekly":
            zone = app.rules(business).time_zone
            weekly = remittance.Weekly(own.list_weekday, own.list_hour, zone)
            remittance.ask_weekly(s, business, weekly, at=at)


def policy_of(app: App, business: BusinessKey) -> Policy:
    """What the business decides about advices."""
    own = app.rules(business).remittance
    return Policy(
        terms=app.remittance_terms(business),
        trusted=frozenset(own.trusted),
        lapse=timedelta(days=own.lapse_days),
        asks_each=own.ask == "each",
    )


def _answer_line(
    app: App, s: Session, item: WorkItem, line: remittance.LineAnswer, at: datetime
) -> str:
    business = _permitted(app, s, item.business, line.advice_id, line.answer.by)
    today = day_in(app.rules(business).time_zone, at)
    return remittance.received(s, line.advice_id, business, line.answer, on=today, at=at)


def _permitted(app: App, s: Session, business: str, advice_id: str, by: str) -> BusinessKey:
    """The business, if this person may register payments of the advice's customer; else Refused."""
    key = BusinessKey(business)
    advice = remittance.by_id(s, key, advice_id)
    customer = customers.by_id(s, key, (advice.customer_id if advice else None) or "")
    own = customer.salesperson if customer else None
    businesses.permit(app.rules(key), by, Act.REGISTER, salesperson=own)
    return key


def _told(app: App, s: Session, mail: Mail, examined: Examined, sender: intake.Sender) -> Told:
    business, forwarded = BusinessKey(mail.business), examined.reading.forwarded
    by_staff = sender.is_staff
    writer = forwarded.sender.address if by_staff and forwarded else mail.sender
    return Told(
        mail_id=mail.id,
        written_by=writer or "",
        trust=sender.trust.level.value,
        thread=_thread(app, s, business, mail, examined),
        remittances=examined.reading.remittances,
        claim=examined.claim or Claim(),
        customer_id=sender.customer_id or _on_file(s, business, writer or ""),
        by_staff=by_staff,
        is_authentic=sender.trust.level >= Level.A1 and not by_staff,
        words=intake.own_words(examined),
    )


def _on_file(s: Session, business: BusinessKey, address: str) -> str | None:
    """The one customer with this address. Unproven it is a claim's, which is never more."""
    ids = {contact.customer_id for contact in customers.contacts_at(s, business, address)}
    return ids.pop() if len(ids) == 1 else None


def _thread(app: App, s: Session, business: BusinessKey, mail: Mail, examined: Examined) -> str:
    """What makes mails about one payment one conversation: an answer to our note stays in it."""
    notice = answered(app, s, business, examined)
    if notice is not None:
        about = remittance.of_payment(s, business, notice.subject_id)
        return about[0].thread if about else notice.id
    envelope = examined.envelope
    first = next(iter((*envelope.references, *envelope.in_reply_to)), envelope.message_id)
    return first or mail.id
