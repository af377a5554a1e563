"""Steps of pay links: made with the invoice, and told what happens around it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import delivery, invoices, paylinks, payments
from worker.actors.shapes import sweep
from worker.app import App
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey


def open_paylink(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link of an issued invoice."""
    invoice = invoices.by_id(s, event.business, event.subject)
    if invoice is not None:
        paylinks.open_link(s, invoice, app.link_keys, app.link_life(event.business), at=at)


def revoke_paylink(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the link of an invoice that another version replaced."""
    paylinks.revoke(s, event.business, event.subject, at=at)


def note_sent(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: *sent* in the activity of the item that a notice is about."""
    _note_notice(s, event, "sent", at)


def note_refused(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: *refused* in the activity of the item that a notice is about."""
    _note_notice(s, event, "refused", at)


def note_paid(_app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: *paid* in the activity of every item that a payment was applied to."""
    for allocation in payments.allocations_of(s, event.business, event.subject):
        link = paylinks.live_link(s, event.business, allocation.item_id)
        if link is not None:
            what = {"payment": event.subject, "amount": str(allocation.amount)}
            paylinks.note(s, link, "paid", who="customer", at=at, evidence=what)


@sweep
def note_expired(_app: App, s: Session, at: datetime) -> None:
    """Sweep: *expired* in the activity of links that ended."""
    paylinks.note_expired(s, at=at)


def _note_notice(s: Session, event: Event, kind: str, at: datetime) -> None:
    notice = delivery.by_id(s, event.business, event.subject)
    link = _link_about(s, event.business, notice) if notice else None
    if notice is not None and link is not None:
        what = {"notice": notice.id, "kind": notice.kind, "to": notice.recipient}
        paylinks.note(s, link, kind, who="mail server", at=at, evidence=what)


def _link_about(s: Session, business: BusinessKey, notice: delivery.Notice) -> paylinks.Link | None:
    if notice.kind == "receipt":
        applied = payments.allocations_of(s, business, notice.subject_id)
        return paylinks.live_link(s, business, applied[0].item_id) if applied else None
    return paylinks.live_link(s, business, notice.subject_id)
