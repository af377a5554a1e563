"""Steps that tell customers of the money they sent: under way, arrived, taken from the balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import delivery, invoices, paylinks, payments
from worker.app import App
from worker.delivery import Letter, Paper
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey

# A link that anybody who has it may read; afterwards only a browser that opened it may.
_READABLE = (paylinks.LinkState.WAITING, paylinks.LinkState.OPENED)
_BY_CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class _Receipt:
    """Whose receipt of what, by which its page is found."""

    business: BusinessKey
    id: str
    customer_id: str
    currency: str
    item_ids: Sequence[str]


def queue_receipt(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the receipt of a settled payment."""
    payment = payments.by_id(s, event.business, event.subject)
    if payment is None:
        return
    applied = payments.allocations_of(s, event.business, payment.id)
    items = [one.item_id for one in applied]
    whose = (payment.customer_id or "", payment.currency)
    url = _page_of(app, s, _Receipt(event.business, payment.id, *whose, items), at)
    paper = _paper(app, s, event.business)
    _queue(s, event.business, delivery.receipt_letter(s, payment, paper, url=url), paper, at)


def queue_balance_receipt(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the receipt of what a customer paid from the balance, by their own choice."""
    applied = payments.allocation(s, event.business, event.subject)
    if applied is None or applied.bearer or applied.allocated_by != _BY_CUSTOMER:
        return
    item = invoices.by_id(s, event.business, applied.item_id)
    if item is None:
        return
    whose = (item.customer_id or "", applied.currency)
    url = _page_of(app, s, _Receipt(event.business, applied.id, *whose, [item.id]), at)
    paper = _paper(app, s, event.business)
    _queue(s, event.business, delivery.balance_letter(s, applied, paper, url=url), paper, at)


def queue_debit_started(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the email that a bank is asked to pay; nothing is paid before it has."""
    payment = payments.by_id(s, event.business, event.subject)
    if payment is None or payment.checkout_id is None:
        return
    paper = _paper(app, s, event.business)
    asked = payments.shares_of(s, event.business, payment.checkout_id)
    found = [(invoices.by_id(s, event.business, one.item_id), one.amount) for one in asked]
    items = [(item, amount) for item, amount in found if item is not None]
    _queue(s, event.business, delivery.debit_letter(s, payment, items, paper), paper, at)


def _page_of(app: App, s: Session, receipt: _Receipt, at: datetime) -> str | None:
    """The page to print, below a link that its customer can still open; no link is made for it."""
    links = [paylinks.live_link(s, receipt.business, item_id) for item_id in receipt.item_ids]
    if receipt.customer_id:
        of_all = (receipt.customer_id, receipt.currency)
        links.append(paylinks.live_link_of_customer(s, receipt.business, *of_all))
    for link in links:
        if link is None or link.customer_id != receipt.customer_id:
            continue
        if paylinks.state_of(link, at) in _READABLE:
            return f"{app.link_url(link)}/receipt/{receipt.id}"
    return None


def _paper(app: App, s: Session, business: BusinessKey) -> Paper:
    return Paper(app.rules(business), app.look(s, business).set_hash)


def _queue(
    s: Session, business: BusinessKey, letter: Letter | None, paper: Paper, at: datetime
) -> None:
    if letter is not None:
        delivery.queue(s, business, letter, paper.rules.mail, at=at)
