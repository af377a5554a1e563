"""Credit requests as open items: numbered by us, asked for, and ended; never a claim on anybody.

Nobody owes a prepayment, so what is still to pay of one has its counterpart on an account of its
own, and the two are worth nothing together. Payments turns what is paid into balance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from worker import customers, ledger
from worker.customers import Customer
from worker.invoices import records
from worker.invoices.deciding import fingerprint, number_key
from worker.invoices.model import CREDIT_REQUEST, Invoice
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.ledger import Account
from worker.readers.model import Buyer, Source
from worker.readers.model import Invoice as Document


@dataclass(frozen=True, slots=True)
class Prepayment:
    """What a customer is asked to prepay. `origin` is the id of the request behind it."""

    origin: str
    number: str
    amount: Money
    recipient: str
    issue_on: date
    due_on: date
    contract: str | None = None
    title: str | None = None


def ask_to_prepay(
    session: Session, customer: Customer, asked: Prepayment, *, at: datetime
) -> Invoice:
    """The open item of a credit request; take the customer's lock first.

    Raises Refused where the number is an invoice's.
    """
    business = BusinessKey(customer.business)
    if records.versions(session, business, number_key(asked.number)):
        raise Refused(
            f"{asked.number} is the number of an invoice: choose another number_prefix under "
            "[credits] in the business's file."
        )
    item = _item(customer, asked, at=at)
    session.add(item)
    session.flush()
    _post(session, item, item.total, f"invoice-issued:{item.id}", at=at)
    return item


def end_prepayment(session: Session, item: Invoice, *, at: datetime) -> Money:
    """Ask for no more of a credit request; gives what was still to pay. What was paid stays."""
    customers.lock(session, BusinessKey(item.business), item.customer_id or "")
    rest = records.still_to_pay(session, item)
    if item.voided_at is None:
        item.voided_at = at
        if rest.is_positive:
            _post(session, item, -rest, _ended(item.id), at=at)
    return rest


def asked_no_more(session: Session, business: BusinessKey, item_id: str) -> int:
    """What was still to pay of a credit request when it was ended, in minor units."""
    entry = ledger.find(session, business, _ended(item_id))
    legs = entry.postings if entry is not None else ()
    return -sum(leg.amount_minor for leg in legs if leg.account == Account.RECEIVABLE.value)


def _ended(item_id: str) -> str:
    return f"credit-request-ended:{item_id}"


def _post(session: Session, item: Invoice, amount: Money, source: str, *, at: datetime) -> None:
    about = {"customer_id": item.customer_id, "item_id": item.id}
    legs = [
        ledger.debit(Account.RECEIVABLE, amount, **about),
        ledger.credit(Account.CREDIT_REQUESTED, amount, **about),
    ]
    ledger.post(session, BusinessKey(item.business), source=source, legs=legs, at=at)


def _item(customer: Customer, asked: Prepayment, *, at: datetime) -> Invoice:
    document = Document(
        number=asked.number,
        issue_date=asked.issue_on,
        due_date=asked.due_on,
        currency=asked.amount.currency,
        total=asked.amount.decimal,
        grand_total=asked.amount.decimal,
        buyer=Buyer(name=customer.name, vat_id=customer.vat_id, number=customer.number),
        contract=asked.contract,
        source=Source.TEXT,
        confidence=1.0,
        evidence={"title": asked.title} if asked.title else {},
    )
    return Invoice(
        business=customer.business,
        id=new_id("inv"),
        number=asked.number,
        number_key=number_key(asked.number),
        doc_type=CREDIT_REQUEST,
        currency=asked.amount.currency,
        total_minor=asked.amount.minor,
        issue_on=asked.issue_on,
        due_on=asked.due_on,
        reading=document.model_dump(mode="json"),
        fingerprint=fingerprint(document),
        mail_id=asked.origin,
        customer_id=customer.id,
        recipient=asked.recipient,
        recipient_from="on_file",
        received_at=at,
        issued_at=at,
    )
