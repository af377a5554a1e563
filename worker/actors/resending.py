"""Sending an invoice once more because staff want it: from the command line, or by mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, delivery, documents, invoices, paylinks, review
from worker.actors.portal import with_portal
from worker.app import App
from worker.delivery import Letter, Notice, Paper
from worker.invoices import Invoice, State
from worker.kernel.errors import Refused
from worker.kernel.events import CreditNoteApplied, PayLinkOpened
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.paylinks import Link, LinkState, Subject
from worker.store import outbox, tell

_CAN_BE_SENT = {State.OPEN, State.PART_PAID, State.APPLIED}


@dataclass(frozen=True, slots=True)
class Wish:
    """How an invoice is to be sent once more. A new `address` goes on file."""

    by: str
    address: Address | None = None
    with_link: bool = True


def send_again(app: App, s: Session, invoice: Invoice, wish: Wish) -> Notice | None:
    """The notice that goes out; None where the invoice has to be printed first, and then goes.

    Raises Refused when it is not issued, rests, or nothing is to be paid of it.
    """
    if invoice.rests_since is not None:
        raise Refused(f"Invoice {invoice.number} rests since {invoice.rests_by} said so: release.")
    if _print_first(s, invoice, by=wish.by, at=app.now()):
        return None
    return _queue_again(app, s, invoice, wish)


def working_link(app: App, s: Session, invoice: Invoice, at: datetime) -> Link | None:
    """The link for the invoice's papers, if any; a fresh one in the place of one that has ended."""
    business = BusinessKey(invoice.business)
    scope, life = app.rules(business).links.scope, app.link_life(business)
    link = paylinks.on_papers(s, invoice, scope=scope)
    if link is not None and scope == "customer" and link.item_id is not None:
        # Issued before the business said so, or its customer's link was revoked.
        owing = Subject(business, invoice.customer_id or "", currency=invoice.currency)
        return paylinks.open_customer_link(s, owing, app.link_keys, life, at=at)
    if link is None or paylinks.state_of(link, at) is not LinkState.EXPIRED:
        return link
    return paylinks.renew(s, link, app.link_keys, life, who="tillmail", at=at)


def letter_of(app: App, s: Session, invoice: Invoice, link: Link | None) -> Letter:
    """The invoice's email in the look in force."""
    business = BusinessKey(invoice.business)
    paper = Paper(app.rules(business), app.look(s, business).set_hash)
    if invoice.is_credit:
        return delivery.credit_letter(s, invoice, paper)
    occasion: delivery.Occasion = "corrected" if invoices.replaces_sent(s, invoice) else "issued"
    url = app.link_url(link) if link is not None else None
    return delivery.invoice_letter(s, invoice, paper, url=url, occasion=occasion)


def _print_first(s: Session, invoice: Invoice, *, by: str, at: datetime) -> bool:
    """Whether an issued invoice has no PDF and its printing, given up or failed, starts anew."""
    business = BusinessKey(invoice.business)
    state = invoices.state_of(invoice, invoices.still_to_pay(s, invoice))
    is_printed = documents.of_invoice(s, business, invoice.id) is not None
    if is_printed or state not in _CAN_BE_SENT:
        return False
    printed_on = CreditNoteApplied if invoice.is_credit else PayLinkOpened
    job = outbox.unfinished_about(s, business, invoice.id, printed_on.__name__)
    if job is None:
        tell(s, printed_on(business, invoice.id))
    elif not outbox.unpark(s, business, job.id, at=at):
        raise Refused(f"Invoice {invoice.number} is being printed. Try again in a moment.")
    for subject in (invoice.id, job.id if job else invoice.id):
        review.settle(s, business, subject, answer="printed again", by=by, at=at)
    return True


def _queue_again(app: App, s: Session, invoice: Invoice, wish: Wish) -> Notice:
    business, at = BusinessKey(invoice.business), app.now()
    if invoice.customer_id is None or invoice.issued_at is None:
        raise Refused(f"Invoice {invoice.number} is not issued yet: release it instead.")
    customer = customers.lock(s, business, invoice.customer_id)
    if invoices.state_of(invoice, invoices.still_to_pay(s, invoice)) not in _CAN_BE_SENT:
        raise Refused(f"Nothing is to be paid of invoice {invoice.number} any more.")
    if wish.address is not None:
        customers.add_contact(s, customer, wish.address, by=wish.by, at=at)
    with_link = wish.with_link and not invoice.is_credit
    link = working_link(app, s, invoice, at) if with_link else None
    letter = with_portal(app, s, business, letter_of(app, s, invoice, link), at=at)
    again = replace(
        letter,
        recipient=str(wish.address or letter.recipient),
        # What staff asks for is a notice of its own each time, never the one that went out before.
        occasion=f"sent-again:{at.isoformat()}:{wish.by}",
    )
    return delivery.queue(s, business, again, app.rules(business).mail, at=at)
