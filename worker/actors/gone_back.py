"""What customers are told when money goes back."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import delivery, invoices, paylinks, payments
from worker.app import App
from worker.delivery import Paper
from worker.invoices import Invoice
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.payments import Payment

# A payment may have gone back in parts: what is older than that was told before.
_JUST_NOW = timedelta(hours=1)


def queue_gone_back(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the email about a refund, a lost dispute, or a bank debit that came to nothing."""
    payment = payments.by_id(s, event.business, event.subject)
    if payment is None or payment.evidence_type != payments.STRIPE_EVIDENCE:
        return
    rules = app.rules(event.business)
    paper = Paper(rules, app.look(s, event.business).set_hash)
    for kind, subject, amount in _went(s, payment, at):
        items = [
            (item, _url(app, s, item))
            for item in payments.items_behind(s, payment, since=at - _JUST_NOW)
        ]
        went = (kind, subject, amount)
        letter = delivery.gone_back_letter(s, payment, went, items, paper)
        if letter is not None:
            delivery.queue(s, event.business, letter, rules.mail, at=at)


def _went(s: Session, payment: Payment, at: datetime) -> list[tuple[delivery.GoneBack, str, Money]]:
    """What went back just now; a letter about the same is queued once."""
    business, since = BusinessKey(payment.business), at - _JUST_NOW
    found: list[tuple[delivery.GoneBack, str, Money]] = [
        ("refund", refund.id, refund.amount)
        for refund in payments.refunds_of(s, business, payment.id)
        if refund.booked_at is not None and refund.booked_at >= since and refund.problem is None
    ]
    found += [
        ("payment_returned", dispute.id, dispute.amount)
        for dispute in payments.disputes_of(s, business, payment.id)
        if dispute.status == "lost" and dispute.ended_at is not None and dispute.ended_at >= since
    ]
    if payment.returned_at is not None and not payment.was_ours:
        found.append(("payment_returned", payment.id, payment.amount))
    return found


def _url(app: App, s: Session, item: Invoice) -> str | None:
    scope = app.rules(BusinessKey(item.business)).links.scope
    if not invoices.still_to_pay(s, item).is_positive:
        return None
    link = paylinks.on_papers(s, item, scope=scope)
    return app.link_url(link) if link is not None else None
