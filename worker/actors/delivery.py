"""Actors and steps of delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from worker import customers, delivery, documents, intake, invoices, paylinks
from worker.actors.autocharge import with_charge
from worker.actors.enclosing import enclosures, lacks_face, transfer_code
from worker.actors.portal import secrets_of, with_portal
from worker.actors.shapes import Later, Run, prepared_call
from worker.app import App
from worker.delivery import Claim, Notice, Outgoing, Paper, Rejected
from worker.kernel.errors import OutcomeUnknown, PermanentError, TransientError
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.readers import Examined
from worker.store import blobs, outbox


@dataclass(frozen=True, slots=True)
class Draft:
    """What a notice is composed from; a face that has to be printed first, and what forbids it."""

    notice: Notice
    look: documents.Look
    files: Sequence[delivery.Enclosure] = ()
    also_said: dict[str, str] = field(default_factory=dict)
    face: tuple[invoices.Invoice, documents.PrintOrder] | None = None


def draft(app: App, s: Session, business: BusinessKey, notice_id: str) -> Draft | PermanentError:
    """What a notice is composed from, or why it can never be."""
    try:
        notice = _notice(s, business, notice_id)
        look = app.look(s, business, notice.template_set)
        invoice = lacks_face(s, notice)
        if invoice is not None:
            face = documents.order(s, invoice, app.rules(business), look, url=None)
            return Draft(notice, look, face=(invoice, face))
        return Draft(notice, look, *_inserts(app, s, notice, look))
    except PermanentError as e:
        return e


@prepared_call(draft)
def send_notice(run: Run, drafted: Draft | PermanentError) -> None:
    """Compose a notice in a child, claim it, hand it over, write down the answer."""
    try:
        message = _compose(run.app, drafted)
    except PermanentError as e:
        _refuse(run, str(e))
        return
    with run.intent() as s:
        notice = _notice(s, run.business, run.subject)
        found = _obstacle(s, notice)
        wait = timedelta(seconds=run.app.settings.delivery.unknown_wait_s)
        claimed = delivery.claim(s, notice, obstacle=found, wait=wait, at=run.app.now())
    if claimed.due_at is not None:
        raise Later(claimed.due_at, "A copy may be out; it rests before it is sent once more.")
    if claimed.claim is Claim.SEND:
        _hand_over(run, message)
    else:
        with run.finish():
            pass


def queue_invoice_notice(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the email of an invoice or a credit request whose PDF is frozen."""
    invoice = invoices.by_id(s, event.business, event.subject)
    if invoice is not None and invoice.is_credit:
        paper = _paper(app, s, event.business)
        note = delivery.credit_letter(s, invoice, paper)
        delivery.queue(s, event.business, note, paper.rules.mail, at=at)
    elif invoice is not None:
        occasion: delivery.Occasion = (
            "corrected" if invoices.replaces_sent(s, invoice) else "issued"
        )
        url = _url(app, s, invoice)
        paper = _paper(app, s, event.business)
        letter = delivery.invoice_letter(s, invoice, paper, url=url, occasion=occasion)
        letter = with_portal(app, s, event.business, letter, at=at)
        if invoice.is_credit_request:
            letter = with_charge(app, s, invoice, letter, at=at)
        delivery.queue(s, event.business, letter, paper.rules.mail, at=at)


def queue_renewed_link(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the email with a fresh link, to the contact on file who asked for it."""
    asked = paylinks.renewal(s, event.business, event.subject)
    contact = customers.contact(s, event.business, asked.contact_id) if asked else None
    if asked is None or contact is None:
        return
    paper, url = _paper(app, s, event.business), app.link_url(asked.link)
    letter: delivery.Letter | None
    if asked.link.contact_id is not None:
        link_id = asked.link.id
        letter = delivery.portal_letter(s, contact, link_id, paper, asked=event.subject)
    elif asked.link.item_id is None:
        code = asked.link.currency or paper.rules.currency
        letter = delivery.account_letter(s, contact, code, paper, url=url, asked=event.subject)
    else:
        invoice = invoices.by_id(s, event.business, asked.link.item_id)
        letter = _renewed(s, invoice, paper, url=url) if invoice is not None else None
        if letter is not None:
            to = contact.address
            letter = delivery.renewed_letter(letter, recipient=to, asked=event.subject)
    if letter is not None:
        delivery.queue(s, event.business, letter, paper.rules.mail, at=at)


def _renewed(s: Session, invoice: invoices.Invoice, paper: Paper, *, url: str) -> delivery.Letter:
    return delivery.invoice_letter(s, invoice, paper, url=url, occasion="renewed")


def note_bounce(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: a mail server's later word on a notice of ours."""
    mail = intake.by_id(s, event.business, event.subject)
    if mail is None or mail.reading is None:
        return
    examined = Examined.model_validate(mail.reading)
    raw = blobs.fetch(s, event.business, mail.raw_sha256)
    to = examined.envelope.delivered_to
    notice = delivery.find_bounced(s, event.business, to, raw, secret=app.mail_secret)
    if notice is not None and examined.reading.bounce is not None:
        delivery.note_bounce(s, notice, examined.reading.bounce, at=at)


def _compose(app: App, drafted: Draft | PermanentError) -> Outgoing:
    if isinstance(drafted, PermanentError):
        raise drafted
    if drafted.face is not None:
        _print_without_link(app, *drafted.face)
        with app.reading() as s:
            inserts = _inserts(app, s, drafted.notice, drafted.look)
        drafted = Draft(drafted.notice, drafted.look, *inserts)
    notice, look = drafted.notice, drafted.look
    context = _context(app, notice) | drafted.also_said
    order = delivery.EmailOrder(notice.kind, look.folder, look.set_hash, notice.language, context)
    words = app.press.compose(order)
    rules = app.rules(BusinessKey(notice.business))
    message = delivery.build(notice, words, rules, drafted.files, secret=app.mail_secret)
    return delivery.signed(message, app.signer(BusinessKey(notice.business)))


def _print_without_link(app: App, invoice: invoices.Invoice, face: documents.PrintOrder) -> None:
    """Freeze the face of the invoice that a notice needs, where the frozen one has the link."""
    printed = app.press.print_pdf(face)
    with app.transaction() as s:
        documents.freeze(s, invoice, printed, face, at=app.now())


def _inserts(
    app: App, s: Session, notice: Notice, look: documents.Look
) -> tuple[list[delivery.Enclosure], dict[str, str]]:
    """The files of a notice, and what is said in it that no row holds."""
    files = enclosures(s, notice, app.rules(BusinessKey(notice.business)), look)
    return files + transfer_code(notice, app.qr_png), _pixel(app, s, notice) | secrets_of(
        app, s, notice
    )


def _context(app: App, notice: Notice) -> dict[str, Any]:
    """What the template is given: with the address where an answer counts, if it shows that."""
    if "reply_to" not in notice.context:
        return notice.context
    rules = app.rules(BusinessKey(notice.business)).mail
    to = delivery.reply_to(notice.id, rules, app.mail_secret)
    return notice.context | {"reply_to": to or ""}


def _pixel(app: App, s: Session, notice: Notice) -> dict[str, str]:
    """The address of the picture whose loading is noted, where the business wants that."""
    business = BusinessKey(notice.business)
    if notice.kind != "invoice" or not app.rules(business).links.email_opens:
        return {}
    link = paylinks.live_link(s, business, notice.subject_id)
    if link is None:
        return {}
    base = app.settings.web.public_url.rstrip("/")
    signature = app.link_keys.sign("pixel", link.id)
    return {"pixel_url": f"{base}/o/{business}/{link.id}/{signature}"}


def _hand_over(run: Run, message: Outgoing) -> None:
    try:
        reply = run.app.transport.send(message).reply
    except Rejected as e:
        with run.finish() as s:
            delivery.refused(s, _notice(s, run.business, run.subject), e.reply, at=run.app.now())
            if e.is_address_dead:
                delivery.suppress(
                    s, _notice(s, run.business, run.subject), e.reply, at=run.app.now()
                )
        return
    except PermanentError as e:
        _refuse(run, str(e))
        return
    except OutcomeUnknown:
        # The claim stands: the next start finds it and waits before it sends once more.
        raise
    except TransientError as e:
        _put_back(run, str(e))
        return
    with run.finish() as s:
        delivery.sent(s, _notice(s, run.business, run.subject), reply, at=run.app.now())


def _refuse(run: Run, why: str) -> None:
    """End a notice that can never go out, whatever the server would say: a person is told."""
    with run.finish() as s:
        delivery.refused(s, _notice(s, run.business, run.subject), why, at=run.app.now())


def _put_back(run: Run, reply: str) -> None:
    at = run.app.now()
    with run.app.transaction() as s:
        outbox.hold(s, run.slip)
        first_s = run.app.settings.delivery.retry_s
        wait = timedelta(seconds=first_s * 2 ** min(outbox.tries_of(s, run.slip), 10))
        due_at = delivery.put_back(
            s, _notice(s, run.business, run.subject), wait=wait, at=at, reply=reply
        )
        if due_at is None:
            outbox.finish(s, run.slip, at=at)
        else:
            outbox.again(s, run.slip, due_at=due_at, problem=reply[:500])


def _obstacle(s: Session, notice: Notice) -> delivery.Obstacle | None:
    if notice.customer_id is not None:
        customers.lock(s, BusinessKey(notice.business), notice.customer_id)
    return delivery.obstacle(s, notice)


def _notice(s: Session, business: BusinessKey, notice_id: str) -> Notice:
    notice = delivery.by_id(s, business, notice_id)
    if notice is None:
        raise PermanentError(f"Notice {notice_id} is missing.")
    return notice


def _paper(app: App, s: Session, business: BusinessKey) -> Paper:
    return Paper(app.rules(business), app.look(s, business).set_hash)


def _url(app: App, s: Session, invoice: invoices.Invoice) -> str | None:
    scope = app.rules(BusinessKey(invoice.business)).links.scope
    link = paylinks.on_papers(s, invoice, scope=scope)
    return app.link_url(link) if link is not None else None
