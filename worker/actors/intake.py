"""Actors of intake."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, delivery, intake, invoices
from worker.actors.answers_to_charges import take_objection
from worker.actors.shapes import Run, sweep, work
from worker.app import App
from worker.businesses import MailboxRules, Rules
from worker.kernel.clock import day_in
from worker.kernel.errors import PermanentError
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.readers import Examined
from worker.store import blobs


def raw_mail(_app: App, s: Session, business: BusinessKey, mail_id: str) -> bytes:
    """A mail as it came."""
    return blobs.fetch(s, business, _mail(s, business, mail_id).raw_sha256)


@work(raw_mail)
def sort_mail(run: Run, raw: bytes) -> None:
    """Read a mail in a child, then write down what it is."""
    try:
        hints = run.app.rules(run.business).reading_hints()
        examined, parts = run.app.reader.take_apart(raw, hints)
    except PermanentError as e:
        with run.finish() as s:
            intake.quarantine(s, _mail(s, run.business, run.subject), str(e), at=run.app.now())
        return
    with run.finish() as s:
        mail = _mail(s, run.business, run.subject)
        sender = sender_of(run.app, s, mail, examined)
        intake.sort(s, mail, examined, sender, parts, at=run.app.now())
        # In the same transaction: a mail that is sorted has been obeyed.
        take_objection(run.app, s, mail, examined, at=run.app.now())


def issue_from_mail(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the invoices of a sorted mail."""
    mail = intake.by_id(s, event.business, event.subject)
    if mail is not None:
        intake.issue_invoices(s, mail, app.invoice_limits(event.business), at=at)


@sweep
def ask_about_promises(app: App, s: Session, at: datetime) -> None:
    """Sweep: promises whose day is over."""
    for business in app.businesses():
        today = day_in(app.rules(business).time_zone, at)
        invoices.ask_about_broken(s, business, on=today, at=at)


def _mail(s: Session, business: BusinessKey, mail_id: str) -> intake.Mail:
    mail = intake.by_id(s, business, mail_id)
    if mail is None:
        raise PermanentError(f"Mail {mail_id} is missing.")
    return mail


def sender_of(app: App, s: Session, mail: intake.Mail, examined: Examined) -> intake.Sender:
    """Who a mail comes from, as far as that is proven, and which notice of ours it answers."""
    business = BusinessKey(mail.business)
    rules, envelope = app.rules(business), examined.envelope
    mailbox = app.mailbox_rules(business, mail.mailbox)
    trust = intake.trust(envelope, _with_accounts(mailbox, rules), rules.known_senders())
    account = rules.bank_account_at(envelope.delivered_to)
    address = envelope.sender.address if envelope.sender else ""
    notice = answered(app, s, business, examined)
    return intake.Sender(
        trust=trust,
        staff=rules.staff_called(address),
        answers=None if notice is None else "customer" if notice.customer_id else "staff",
        item=notice.subject_id if notice else None,
        to_account=account is not None and trust.level is intake.Level.A3,
        customer_id=(notice.customer_id if notice else None) or _on_file(s, mail, trust, address),
    )


def _with_accounts(mailbox: MailboxRules, rules: Rules) -> MailboxRules:
    """The mailbox's rules, with the accounts' addresses among its secret ones."""
    own = tuple(a.intake_address for a in rules.bank_accounts if a.intake_address)
    secret = (*mailbox.intake_addresses, *own)
    return mailbox.model_copy(update={"intake_addresses": secret})


def answered(
    app: App, s: Session, business: BusinessKey, examined: Examined
) -> delivery.Notice | None:
    """The notice of ours that a mail answers, by the keyed address that it went to."""
    envelope = examined.envelope
    written = [box.address for box in (*envelope.to, *envelope.cc)]
    to = [*envelope.delivered_to, *written]
    return delivery.find_answered(s, business, to, secret=app.mail_secret)


def _on_file(s: Session, mail: intake.Mail, trust: intake.Trust, address: str) -> str | None:
    """The one customer with this address on file, where it is proven to be the writer's."""
    if trust.level is intake.Level.A0:
        return None
    found = customers.contacts_at(s, BusinessKey(mail.business), address)
    ids = {contact.customer_id for contact in found}
    return ids.pop() if len(ids) == 1 else None
