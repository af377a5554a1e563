"""Where a pay link stands for one browser: which face its page shows, and what it may show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from worker import customers, documents, invoices, paylinks, payments
from worker.app import App
from worker.businesses import BANK_DAYS, Rules, transfer_code
from worker.invoices import Invoice, OpenItem, State
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, NotMoney, total, zero
from worker.paylinks import Link, LinkState, Thresholds
from worker.payments import Checkout
from worker.readers.model import Invoice as Document
from worker.web.forms import TOKEN, Visitor, has_opened
from worker.web.ways import Offer, offered, takes_transfers


class Face(StrEnum):
    """What the page of a link is. *settled*: paid, shown to somebody who may not see how much."""

    PAY = "pay"
    PAID = "paid"
    SETTLED = "settled"
    ENDED = "ended"
    VOID = "void"
    CORRECTED = "corrected"


def face_of(item: State, link: LinkState, *, is_known: bool) -> Face:
    """The face by the item's state and the link's; `is_known`: this browser opened the link."""
    if item is State.CORRECTED:
        return Face.CORRECTED
    if item in (State.VOID, State.HELD):
        return Face.VOID
    if item is State.PAID:
        return Face.PAID if may_see(link, is_known=is_known) else Face.SETTLED
    if link in (LinkState.EXPIRED, LinkState.REVOKED):
        return Face.ENDED
    return Face.PAY


def may_see(link: LinkState, *, is_known: bool) -> bool:
    """Whether document, amounts and bank details show: while it lives, then to who opened it."""
    return is_known or link in (LinkState.WAITING, LinkState.OPENED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A link, its item and the browser that asks. Its rows are of the session that found it."""

    business: BusinessKey
    link: Link
    invoice: Invoice
    rules: Rules
    language: str
    still_to_pay: Money
    state: LinkState
    is_known: bool

    @property
    def face(self) -> Face:
        item = invoices.state_of(self.invoice, self.still_to_pay)
        return face_of(item, self.state, is_known=self.is_known)

    @property
    def may_see(self) -> bool:
        return may_see(self.state, is_known=self.is_known)

    @property
    def thresholds(self) -> Thresholds:
        return thresholds_of(self.rules)


def thresholds_of(rules: Rules) -> Thresholds:
    """What counts as a person, in the business's file."""
    links = rules.links
    return Thresholds(links.min_dwell_ms, links.scan_window_s, links.burst_links)


def offers_of(session: Session, standing: Standing) -> list[Offer]:
    """The ways in which what is still to pay may be paid."""
    business, owed = standing.business, standing.still_to_pay
    customer = customers.by_id(session, business, standing.link.customer_id)
    balance = zero(owed.currency)
    if not standing.invoice.is_credit_request:
        balance = payments.balance(session, business, standing.link.customer_id, owed.currency)
    return offered(standing.rules, customer, owed, balance)


def debit_face(
    session: Session, business: BusinessKey, checkout: Checkout | None
) -> dict[str, object] | None:
    """What a bank was asked to pay, and how many working days that usually takes."""
    if checkout is None:
        return None
    shares = payments.shares_of(session, business, checkout.id)
    found = [(invoices.by_id(session, business, one.item_id), one.amount) for one in shares]
    return {
        "amount": _plain(checkout.whole),
        "fee": _plain(checkout.fee) if checkout.fee.is_positive else None,
        "days": BANK_DAYS.get(checkout.method),
        "shares": [
            {**item_names(item), "amount": _plain(amount)} for item, amount in found if item
        ],
    }


def find(app: App, session: Session, visitor: Visitor, *, at: datetime) -> Standing | None:
    """Where the visitor's link to an item stands; None for any other token."""
    link = link_of(app, session, visitor)
    return None if link is None else standing_of(app, session, visitor, link, at=at)


def link_of(app: App, session: Session, visitor: Visitor) -> Link | None:
    """The visitor's link; None for a token that was never ours."""
    # What cannot be a token is not looked up, and answered like one that is unknown.
    link = paylinks.by_token(session, visitor.token) if TOKEN.fullmatch(visitor.token) else None
    return link if link is not None and link.business in app.businesses() else None


def standing_of(
    app: App, session: Session, visitor: Visitor, link: Link, *, at: datetime
) -> Standing | None:
    """Where this link stands for the visitor; None for a customer's link."""
    if link.item_id is None:
        return None
    business = BusinessKey(link.business)
    invoice = invoices.by_id(session, business, link.item_id)
    if invoice is None:
        return None
    rules = app.rules(business)
    return Standing(
        business=business,
        link=link,
        invoice=invoice,
        rules=rules,
        language=documents.language_of(session, invoice, rules),
        still_to_pay=invoices.still_to_pay(session, invoice),
        state=paylinks.state_of(link, at),
        is_known=has_opened(app.link_keys, link.id, visitor.opened),
    )


def context(session: Session, standing: Standing, *, path: str, at: datetime) -> dict[str, object]:
    """All that a page template of this link may use, as plain values."""
    return {
        "business": standing.rules.page_face,
        "is_test": not standing.rules.stripe.livemode,
        "link": {"path": path, "until": until(standing.link, standing.rules.time_zone)},
        "item": item_face(session, standing, at=at),
        "bank": bank_face(
            standing.rules, standing.still_to_pay, documents.reference_of(standing.invoice)
        ),
        "has_document": documents.of_invoice(session, standing.business, standing.invoice.id)
        is not None,
    }


def item_face(session: Session, standing: Standing, *, at: datetime) -> dict[str, object]:
    """The invoice, with what is still to pay on it now."""
    invoice, owed = standing.invoice, standing.still_to_pay
    whole = _with_prepayment(invoice)
    credited = _credited(session, standing) if owed < whole else zero(owed.currency)
    today = day_in(standing.rules.time_zone, at)
    return {
        **item_names(invoice),
        "customer": _customer_name(session, standing),
        "is_overdue": invoice.due_on is not None and invoice.due_on < today,
        "total": _plain(whole),
        "paid": _plain(whole - owed - credited),
        "credited": _plain(credited) if credited.is_positive else None,
        "still_to_pay": _plain(owed),
        "paid_on": _paid_on(session, standing),
        "announced": _announced(session, standing),
        "promised_on": _promised_on(invoice, owed),
    }


def _with_prepayment(invoice: Invoice) -> Money:
    """The sum with tax before what was prepaid, as the document prints it."""
    stated = Document.model_validate(invoice.reading).grand_total
    try:
        whole = Money.of(stated, invoice.currency) if stated is not None else invoice.total
    except NotMoney:
        return invoice.total
    return max(whole, invoice.total)


def _customer_name(session: Session, standing: Standing) -> str:
    customer = customers.by_id(session, standing.business, standing.link.customer_id)
    return customer.name if customer else ""


def _paid_on(session: Session, standing: Standing) -> str | None:
    applied = payments.allocated_to(session, standing.business, standing.invoice.id)
    if not applied:
        return None
    payment = payments.by_id(session, standing.business, applied[-1].payment_id or "")
    settled_at = payment.settled_at if payment else None
    return day_in(standing.rules.time_zone, settled_at).isoformat() if settled_at else None


def _credited(session: Session, standing: Standing) -> Money:
    """What of the item credit notes took off."""
    applied = payments.allocated_to(session, standing.business, standing.invoice.id)
    notes = [one.amount for one in applied if one.credit_note_id is not None]
    return total(notes, standing.invoice.currency)


def _announced(session: Session, standing: Standing) -> dict[str, object] | None:
    """What of the item is on its way, as the payer says: it stays payable, with a warning."""
    item = standing.invoice
    found = payments.announced_for(session, standing.business, [item.id]).get(item.id, [])
    return _plain(total((amount for _, amount in found), item.currency)) if found else None


def _promised_on(invoice: Invoice, owed: Money) -> str | None:
    """The day by which the customer said they would pay, as long as something is owed."""
    if invoice.promised_on is None or not owed.is_positive:
        return None
    return invoice.promised_on.isoformat()


def bank_face(rules: Rules, amount: Money, reference: str) -> dict[str, object] | None:
    """Where to transfer so much to, and what to write on the transfer; None where it is not taken.

    `has_code`: a QR code fills it in.
    """
    if not rules.bank.iban or not takes_transfers(rules, amount):
        return None
    return {
        "has_code": transfer_code(rules, amount, reference) is not None,
        "holder": rules.legal_name or rules.name,
        "iban": rules.bank.iban,
        "bic": rules.bank.bic,
        "bank_name": rules.bank.name,
        "reference": reference,
    }


def until(link: Link, zone: str) -> dict[str, str] | None:
    """When the link ends, once it was opened."""
    if link.expires_at is None:
        return None
    local = link.expires_at.astimezone(ZoneInfo(zone))
    return {"day": local.date().isoformat(), "time": f"{local:%H:%M}"}


def item_names(invoice: Invoice | OpenItem) -> dict[str, object]:
    """What the document calls itself."""
    return {
        "kind": "credit_request" if invoice.is_credit_request else "invoice",
        "number": invoice.number,
        "issue_on": invoice.issue_on.isoformat() if invoice.issue_on else None,
        "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
    }


def _plain(amount: Money) -> dict[str, object]:
    return {"minor": amount.minor, "currency": amount.currency}
