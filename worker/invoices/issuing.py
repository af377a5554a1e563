"""Taking a document into the books: registered once, then issued or held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import businesses, customers, ledger, review, store
from worker.invoices import asking, records
from worker.invoices.deciding import (
    Decision,
    Facts,
    Known,
    Limits,
    Named,
    decide,
    find_customer,
    fingerprint,
    number_key,
)
from worker.invoices.model import Hold, Invoice
from worker.kernel.errors import Refused, ReviewNeeded
from worker.kernel.events import CreditNoteIssued, InvoiceIssued
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.mail import Address, NotAnAddress
from worker.kernel.money import Money, NotMoney
from worker.ledger import Account
from worker.readers.model import Invoice as Document
from worker.store import tell


@dataclass(frozen=True, slots=True)
class Draft:
    """A document out of a mail whose sender may send invoices."""

    mail_id: str
    document: Document
    problems: Sequence[str] = ()
    xml_sha256: str | None = None
    pdf_sha256: str | None = None
    instructed: Address | None = None
    instruction_problem: str | None = None
    pay_link: bool = True


def issue(
    session: Session, business: BusinessKey, draft: Draft, limits: Limits, *, at: datetime
) -> Invoice:
    """The invoice for a document: issued, held with a work item, or the one that is here already.

    Raises ReviewNeeded when the document lacks what an invoice must have.
    """
    total = payable(draft.document)
    versions = records.versions(session, business, number_key(draft.document.number or ""))
    # What was given up or replaced counts as gone: sent in again, it is looked at again.
    in_force = [v for v in versions if v.voided_at is None and v.corrected_at is None]
    same = next((v for v in in_force if v.fingerprint == fingerprint(draft.document)), None)
    if same is not None:
        return _complete(same, draft)
    earlier = [v.fingerprint for v in in_force]
    decision = decide(_facts(session, business, draft, total, earlier), limits)
    invoice = _register(business, draft, total, decision, at=at)
    invoice.version = max((v.version for v in versions), default=0) + 1
    if decision.hold is None:
        owe(session, invoice, _customer(session, invoice, decision, at=at), at=at)
    else:
        store.add(session, invoice)
        _ask(session, invoice, decision, at=at)
    return invoice


def owe(session: Session, invoice: Invoice, customer: customers.Customer, *, at: datetime) -> None:
    """From now on the customer owes this invoice, or is owed this credit: posted once, and told."""
    business = BusinessKey(invoice.business)
    customers.lock(session, business, customer.id)
    if invoice.recipient is None:
        raise Refused(f"Invoice {invoice.number} has no address to go to: give one with --to.")
    invoice.customer_id = customer.id
    invoice.issued_at = at
    if invoice not in session:
        store.add(session, invoice)
    about = {"customer_id": customer.id, "item_id": invoice.id}
    ledger.post(
        session,
        business,
        source=f"invoice-issued:{invoice.id}",
        legs=[
            ledger.debit(Account.RECEIVABLE, invoice.effect, **about),
            ledger.credit(Account.INVOICED, invoice.effect, **about),
        ],
        at=at,
    )
    issued = CreditNoteIssued if invoice.is_credit else InvoiceIssued
    tell(session, issued(business, invoice.id))


def named_by(session: Session, business: BusinessKey, numbers: Sequence[str]) -> list[Named]:
    """The invoices that these numbers or ids mean; the version in force of each."""
    return [_named(session, business, number) for number in numbers]


def payable(document: Document) -> Money:
    """The amount payable; raises ReviewNeeded when number, currency or total is missing."""
    missing = [
        word
        for word, value in (
            ("number", document.number),
            ("currency", document.currency),
            ("total", document.total),
        )
        if value is None
    ]
    if missing or document.total is None or document.currency is None:
        raise ReviewNeeded(f"The document has no {' and no '.join(missing)}.")
    try:
        return Money.of(document.total, document.currency)
    except NotMoney as e:
        raise ReviewNeeded(f"The document's total is no amount: {e}") from e


def put_on_file(session: Session, invoice: Invoice, *, by: str, at: datetime) -> customers.Customer:
    """The document's buyer as a customer on file, once, however often it is asked for.

    Two workers with two first invoices of one buyer meet at the business's row.
    """
    business = BusinessKey(invoice.business)
    document = Document.model_validate(invoice.reading)
    businesses.lock(session, business)
    draft = Draft(invoice.mail_id, document)
    known = find_customer(_facts(session, business, draft, invoice.total, ()))
    if known is not None:
        return customers.lock(session, business, known.customer_id)
    buyer = document.buyer
    details = customers.Details(
        name=buyer.name or (invoice.recipient or "").partition("@")[2] or invoice.number,
        number=buyer.number,
        vat_id=buyer.vat_id,
    )
    return customers.add(session, business, details, by=by, at=at)


def _facts(
    session: Session, business: BusinessKey, draft: Draft, total: Money, earlier: Sequence[str]
) -> Facts:
    buyer = draft.document.buyer
    numbered = customers.by_number(session, business, buyer.number) if buyer.number else None
    sharing: Sequence[customers.Customer] = ()
    named: Sequence[customers.Customer] = ()
    if numbered is None:
        # The buyer's number decides alone; what else the document says is not looked up.
        sharing = customers.with_vat_id(session, business, buyer.vat_id) if buyer.vat_id else ()
        named = customers.named(session, business, buyer.name) if buyer.name else ()
    return Facts(
        document=draft.document,
        total=total,
        problems=draft.problems,
        by_number=_known(session, numbered) if numbered else None,
        by_vat_id=[_known(session, c) for c in sharing],
        by_name=[_known(session, c) for c in named],
        instructed=draft.instructed,
        instruction_problem=draft.instruction_problem,
        own_address=_own_address(draft.document),
        earlier=earlier,
        named=named_by(session, business, draft.document.preceding_invoices),
    )


def _named(session: Session, business: BusinessKey, number: str) -> Named:
    found = records.called(session, business, number)
    is_plain = [i for i in found if not (i.is_credit or i.is_credit_request)]
    owed = [i for i in is_plain if i.issued_at and not i.corrected_at]
    if not owed:
        return Named("", number, None, "", is_owed=False)
    return Named(owed[0].id, owed[0].number, owed[0].customer_id, owed[0].currency, is_owed=True)


def _known(session: Session, customer: customers.Customer) -> Known:
    business = BusinessKey(customer.business)
    contacts = customers.billing_contacts(session, business, customer.id)
    return Known(customer.id, customer.name, tuple(c.address for c in contacts))


def _own_address(document: Document) -> Address | None:
    try:
        return Address.parse(document.buyer.email or "")
    except NotAnAddress:
        return None


def _register(
    business: BusinessKey,
    draft: Draft,
    total: Money,
    decision: Decision,
    *,
    at: datetime,
) -> Invoice:
    document = draft.document
    return Invoice(
        business=business,
        id=new_id("inv"),
        number=document.number,
        number_key=number_key(document.number or ""),
        doc_type=document.doc_type.value,
        currency=total.currency,
        total_minor=total.minor,
        issue_on=document.issue_date,
        due_on=document.due_date,
        reading=document.model_dump(mode="json"),
        fingerprint=fingerprint(document),
        mail_id=draft.mail_id,
        xml_sha256=draft.xml_sha256,
        pdf_sha256=draft.pdf_sha256,
        customer_id=decision.customer.customer_id if decision.customer else None,
        recipient=decision.recipient,
        recipient_from=decision.recipient_from,
        pay_link=draft.pay_link,
        credits_id=decision.credits_id,
        received_at=at,
        hold=decision.hold.value if decision.hold else None,
        hold_because=decision.because,
    )


def _complete(invoice: Invoice, draft: Draft) -> Invoice:
    # A picture that comes after its XML, in another mail, is kept while nothing is printed yet.
    if invoice.issued_at is None:
        invoice.pdf_sha256 = invoice.pdf_sha256 or draft.pdf_sha256
        invoice.xml_sha256 = invoice.xml_sha256 or draft.xml_sha256
    return invoice


def _customer(
    session: Session, invoice: Invoice, decision: Decision, *, at: datetime
) -> customers.Customer:
    """Who owes. First-time addresses go on file here, when the business allows them."""
    business = BusinessKey(invoice.business)
    if decision.customer is not None:
        customer = customers.lock(session, business, decision.customer.customer_id)
    else:
        customer = put_on_file(session, invoice, by="first-time rule", at=at)
    on_file = decision.customer.addresses if decision.customer else ()
    if decision.recipient not in on_file:
        address = Address.parse(decision.recipient or "")
        customers.add_contact(session, customer, address, by="first-time rule", at=at)
    return customer


def _ask(session: Session, invoice: Invoice, decision: Decision, *, at: datetime) -> None:
    known = asking.evidence(Document.model_validate(invoice.reading))
    review.ask(
        session,
        BusinessKey(invoice.business),
        review.Question(
            kind="invoice_held",
            subject=invoice.id,
            text=decision.because or "",
            evidence=known | {"recipient": invoice.recipient, "mail": invoice.mail_id},
            choices=[*_words(session, invoice), *_ways_out(invoice)],
        ),
        at=at,
    )


def _words(session: Session, invoice: Invoice) -> list[str]:
    earlier = records.versions(session, BusinessKey(invoice.business), invoice.number_key)
    was_sent = any(v.issued_at and not v.corrected_at for v in earlier if v.id != invoice.id)
    return asking.words(invoice, was_sent=was_sent)


def _ways_out(invoice: Invoice) -> list[str]:
    """What only the desk can do: to say what a credit is set against moves money."""
    if invoice.hold != Hold.CREDIT_NOTE:
        return []
    release = f"tillmail invoices release {invoice.id}"
    return [f"{release} --against INVOICE", f"{release} --to-balance"]
