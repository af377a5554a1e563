"""A person's yes or no to an invoice that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, ledger, review
from worker.invoices import records
from worker.invoices.deciding import why_not_against
from worker.invoices.issuing import named_by, owe, put_on_file
from worker.invoices.model import Hold, Invoice
from worker.kernel.errors import Refused
from worker.kernel.events import InvoiceCorrected
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.ledger import Account
from worker.readers.model import Invoice as Document
from worker.store import tell

# What no yes can mend: the document itself has to be another one.
_NEVER = {Hold.NOTHING_TO_PAY}


@dataclass(frozen=True, slots=True)
class Yes:
    """Who said yes, and what they added: for a credit note, what it is set against."""

    by: str
    address: Address | None = None
    customer_number: str | None = None
    against: str | None = None
    to_balance: bool = False


def release(session: Session, invoice: Invoice, yes: Yes, *, at: datetime) -> None:
    """Issue a held invoice. The address it goes to is on file from now on.

    Raises Refused when the invoice does not wait, or when no yes can make it sendable.
    """
    if invoice.issued_at is not None or invoice.voided_at is not None:
        raise Refused(f"Invoice {invoice.number} does not wait for anything.")
    if invoice.hold in _NEVER:
        raise Refused(invoice.hold_because or "It cannot be sent.")
    if invoice.total.is_zero:
        # Held for another reason first: a changed re-send may ask for nothing any more.
        raise Refused(f"{invoice.number} is about no money at all: void it here.")
    if yes.address is not None:
        invoice.recipient, invoice.recipient_from = str(yes.address), "release"
    if invoice.recipient is None:
        raise Refused(f"No address is known for invoice {invoice.number}: give one with --to.")
    customer = _customer(session, invoice, yes, at=at)
    customers.add_contact(session, customer, Address.parse(invoice.recipient), by=yes.by, at=at)
    if invoice.is_credit:
        invoice.credits_id = _credited(session, invoice, customer, yes)
    _take_place_of_earlier(session, invoice, at=at)
    _still_waiting(session, invoice)
    invoice.released_at, invoice.released_by = at, yes.by
    owe(session, invoice, customer, at=at)
    business = BusinessKey(invoice.business)
    review.settle(session, business, invoice.id, answer="released", by=yes.by, at=at)


def void(session: Session, invoice: Invoice, *, by: str, at: datetime) -> None:
    """Give up an invoice that was never sent. One that was falls only by a credit note."""
    locked = records.lock(session, BusinessKey(invoice.business), invoice.id)
    if locked is not None and locked.issued_at is not None:
        raise Refused(
            f"Invoice {invoice.number} was issued: it falls only by a credit note or a write-off."
        )
    invoice.voided_at = invoice.voided_at or at
    review.settle(session, BusinessKey(invoice.business), invoice.id, answer="void", by=by, at=at)


def _still_waiting(session: Session, invoice: Invoice) -> None:
    """Of a yes and a no in one moment, the later finds the other done."""
    session.flush()
    locked = records.lock(session, BusinessKey(invoice.business), invoice.id)
    if locked is None or locked.issued_at is not None or locked.voided_at is not None:
        raise Refused(f"Invoice {invoice.number} was decided by somebody else just now.")


def _customer(session: Session, invoice: Invoice, yes: Yes, *, at: datetime) -> customers.Customer:
    business = BusinessKey(invoice.business)
    if yes.customer_number is not None:
        customer = customers.by_number(session, business, yes.customer_number)
        if customer is None:
            raise Refused(f"No customer has the number {yes.customer_number}.")
        return customers.lock(session, business, customer.id)
    if invoice.customer_id is not None:
        return customers.lock(session, business, invoice.customer_id)
    return put_on_file(session, invoice, by=yes.by, at=at)


def _credited(
    session: Session, invoice: Invoice, customer: customers.Customer, yes: Yes
) -> str | None:
    """The invoice that a credit is set against; None for the balance, when staff say so."""
    if yes.to_balance:
        return None
    document = Document.model_validate(invoice.reading)
    numbers = (yes.against,) if yes.against else document.preceding_invoices
    named = named_by(session, BusinessKey(invoice.business), numbers)
    problem = why_not_against(named, customer.id, invoice.currency)
    if problem is not None:
        raise Refused(f"{problem} Give another with --against, or use --to-balance.")
    return named[0].invoice_id


def _take_place_of_earlier(session: Session, invoice: Invoice, *, at: datetime) -> None:
    """End the earlier versions: what was never sent is void, what was sent is corrected."""
    business = BusinessKey(invoice.business)
    for earlier in records.versions(session, business, invoice.number_key):
        if earlier.id == invoice.id or earlier.voided_at or earlier.corrected_at:
            continue
        if earlier.issued_at is None:
            earlier.voided_at = at
            review.settle(session, business, earlier.id, answer="replaced", by="release", at=at)
        else:
            if earlier.is_credit != invoice.is_credit or earlier.is_credit_request:
                raise Refused(f"{earlier.number} is the number of another document: void this one.")
            _correct(session, earlier, at=at)


def _correct(session: Session, earlier: Invoice, *, at: datetime) -> None:
    business = BusinessKey(earlier.business)
    # It may be another customer's than the new version: a payment that comes in now waits here.
    customers.lock(session, business, earlier.customer_id or "")
    records.lock(session, business, earlier.id)
    if earlier.is_credit:
        raise Refused(f"{earlier.number} was credited before: what it says stands. Void this one.")
    owed = ledger.held_for_item(session, business, Account.RECEIVABLE, earlier.id, earlier.currency)
    if owed != earlier.total:
        raise Refused(
            f"Invoice {earlier.number} is paid in part or whole: write a credit note instead."
        )
    entry = ledger.find(session, business, f"invoice-issued:{earlier.id}")
    if entry is not None:
        source = f"invoice-corrected:{earlier.id}"
        ledger.reverse(session, business, entry, source=source, at=at)
    earlier.corrected_at = at
    tell(session, InvoiceCorrected(business, earlier.id))
