"""Steps of pay links: made with the invoice, ended with its version, swept at their time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import invoices, paylinks, payments
from worker.actors.shapes import sweep
from worker.app import App
from worker.kernel.events import Event
from worker.paylinks import Subject


def open_paylink(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link of an issued invoice, and its customer's where the papers carry that."""
    invoice = invoices.by_id(s, event.business, event.subject)
    if invoice is None:
        return
    keys, life = app.link_keys, app.link_life(event.business)
    if app.rules(event.business).links.scope == "customer":
        owing = Subject(event.business, invoice.customer_id or "", currency=invoice.currency)
        paylinks.open_customer_link(s, owing, keys, life, at=at)
    paylinks.open_link(s, invoice, keys, life, at=at)


def revoke_paylink(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link of an invoice that another version replaced."""
    paylinks.revoke(s, event.business, event.subject, at=at)


def revoke_credited(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link of an invoice of which a credit note left nothing to pay."""
    for credited in payments.credited_by(s, event.business, event.subject):
        invoice = invoices.by_id(s, event.business, credited.item_id)
        if invoice is not None and not invoices.still_to_pay(s, invoice).is_positive:
            paylinks.revoke(s, event.business, invoice.id, at=at)


def reopen_paylinks(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: a link for each item that is open again, where a credit note had ended the last."""
    for allocation in payments.undone_of(s, event.business, event.subject):
        invoice = invoices.by_id(s, event.business, allocation.item_id)
        if invoice is not None and _is_open(s, invoice):
            keys, life = app.link_keys, app.link_life(event.business)
            if paylinks.live_link(s, event.business, invoice.id) is None:
                paylinks.open_link(s, invoice, keys, life, at=at)


def _is_open(s: Session, invoice: invoices.Invoice) -> bool:
    """Not so what was ended: nobody is asked for it, whatever comes back."""
    owed = invoices.still_to_pay(s, invoice)
    return invoices.state_of(invoice, owed) in {invoices.State.OPEN, invoices.State.PART_PAID}


@sweep
def note_expired(_app: App, s: Session, at: datetime) -> None:
    """Sweep: *expired* in the activity of links that ended."""
    paylinks.note_expired(s, at=at)
