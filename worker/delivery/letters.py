"""What each kind of notice says, put together from the books."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.orm import Session

from worker import credits, customers, invoices, payments
from worker.businesses import Rules, transfer_code
from worker.delivery.queueing import Letter
from worker.delivery.wording import (
    BankFace,
    CreditNoteNotice,
    CreditRequestNotice,
    InvoiceNotice,
    PaidItem,
    ReceiptNotice,
    SenderFace,
)
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey
from worker.kernel.money import total
from worker.payments import Allocation, Payment
from worker.readers.model import Invoice as Document

Occasion = Literal["issued", "corrected", "renewed"]


@dataclass(frozen=True, slots=True)
class Paper:
    """Who writes and in which published look."""

    rules: Rules
    set_hash: str

    @property
    def sender(self) -> SenderFace:
        """The business as its mails show it."""
        rules = self.rules
        return SenderFace(
            name=rules.name,
            legal_name=rules.legal_name,
            address_lines=rules.address,
            vat_id=rules.vat_id,
            email=rules.email,
            phone=rules.phone,
            website=rules.website,
            colour=rules.documents.colour,
            has_logo=bool(rules.documents.logo),
        )


def invoice_letter(
    session: Session, invoice: Invoice, paper: Paper, *, url: str | None, occasion: Occasion
) -> Letter:
    """An invoice or a credit request to its customer, to the address it was issued for."""
    if invoice.is_credit_request:
        return _request_letter(session, invoice, paper, url=url, occasion=occasion)
    business = BusinessKey(invoice.business)
    customer = customers.by_id(session, business, invoice.customer_id or "")
    owed, bank = invoices.still_to_pay(session, invoice), _bank(paper.rules, invoice)
    code = transfer_code(paper.rules, owed, bank.reference) if bank and url is None else None
    notice = InvoiceNotice(
        business=paper.sender,
        customer_name=_addressee(invoice, customer),
        number=invoice.number,
        total=invoice.total,
        still_to_pay=owed,
        issue_on=invoice.issue_on,
        due_on=invoice.due_on,
        pay_url=url,
        bank=bank,
        occasion=occasion,
        transfer_text=code or "",
    )
    return Letter(
        kind="invoice",
        subject_id=invoice.id,
        recipient=invoice.recipient or "",
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=invoice.customer_id,
    )


def _request_letter(
    session: Session, item: Invoice, paper: Paper, *, url: str | None, occasion: Occasion
) -> Letter:
    business = BusinessKey(item.business)
    customer = customers.by_id(session, business, item.customer_id or "")
    request = credits.of_item(session, business, item.id)
    owed, bank = invoices.still_to_pay(session, item), _bank(paper.rules, item)
    code = transfer_code(paper.rules, owed, bank.reference) if bank and url is None else None
    notice = CreditRequestNotice(
        business=paper.sender,
        customer_name=_addressee(item, customer),
        number=item.number,
        total=item.total,
        still_to_pay=owed,
        due_on=item.due_on or item.received_at.date(),
        issue_on=item.issue_on,
        subject=(request.title if request else None) or "",
        by_card=request is not None and request.by_card,
        pay_url=url,
        bank=bank,
        occasion="renewed" if occasion == "renewed" else "issued",
        transfer_text=code or "",
    )
    return Letter(
        kind="credit_request",
        subject_id=item.id,
        recipient=item.recipient or "",
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=item.customer_id,
    )


def credit_letter(session: Session, note: Invoice, paper: Paper) -> Letter:
    """A credit note to its customer: what it gives, and what it was set against."""
    business = BusinessKey(note.business)
    customer = customers.by_id(session, business, note.customer_id or "")
    credited = payments.credited_by(session, business, note.id)
    items = [(a, invoices.by_id(session, business, a.item_id)) for a in credited]
    rest = -note.effect - total((a.amount for a in credited), note.currency)
    notice = CreditNoteNotice(
        business=paper.sender,
        customer_name=_addressee(note, customer),
        number=note.number,
        amount=-note.effect,
        issue_on=note.issue_on,
        items=tuple(
            PaidItem(i.number, a.amount, invoices.still_to_pay(session, i))
            for a, i in items
            if i is not None
        ),
        to_balance=rest if rest.is_positive else None,
    )
    return Letter(
        kind="credit_note",
        subject_id=note.id,
        recipient=note.recipient or "",
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=note.customer_id,
    )


def renewed_letter(letter: Letter, *, recipient: str, asked: str) -> Letter:
    """The same letter again, to the contact who asked for a fresh link; once per request."""
    return replace(letter, recipient=recipient, occasion=f"renewed:{asked}")


def receipt_letter(
    session: Session, payment: Payment, paper: Paper, *, url: str | None
) -> Letter | None:
    """That a payment arrived; None when nobody is known to tell. `url`: the page to print."""
    business = BusinessKey(payment.business)
    customer = customers.by_id(session, business, payment.customer_id or "")
    recipient = receipt_address(session, business, payment.id)
    if recipient is None:
        return None
    notice = replace(receipt_notice(session, payment, paper), print_url=url)
    return Letter(
        kind="receipt",
        subject_id=payment.id,
        recipient=recipient,
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=payment.customer_id,
    )


def balance_letter(
    session: Session, applied: Allocation, paper: Paper, *, url: str | None
) -> Letter | None:
    """That the balance paid an item, or a part of it, to the customer who chose so."""
    business = BusinessKey(applied.business)
    item = invoices.by_id(session, business, applied.item_id)
    recipient = receipt_address(session, business, applied.id)
    if item is None or recipient is None:
        return None
    customer = customers.by_id(session, business, item.customer_id or "")
    notice = replace(balance_receipt(session, applied, item, paper), print_url=url)
    return Letter(
        kind="receipt",
        subject_id=applied.id,
        recipient=recipient,
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=item.customer_id,
    )


def receipt_address(session: Session, business: BusinessKey, receipt: str) -> str | None:
    """Whom the receipt of a payment, or of what the balance paid, is mailed to."""
    payment = payments.by_id(session, business, receipt)
    if payment is not None:
        applied = payments.allocations_of(session, business, payment.id)
        items = [invoices.by_id(session, business, one.item_id) for one in applied]
        return receipt_to(session, payment, [item for item in items if item is not None])
    of_balance = payments.allocation(session, business, receipt)
    item = invoices.by_id(session, business, of_balance.item_id) if of_balance else None
    if item is None:
        return None
    return item.recipient or _first_contact(session, business, item.customer_id)


def receipt_notice(session: Session, payment: Payment, paper: Paper) -> ReceiptNotice:
    """What a receipt says of a settled payment, in an email or on a page to print."""
    business = BusinessKey(payment.business)
    applied = payments.allocations_of(session, business, payment.id)
    items = [(a, invoices.by_id(session, business, a.item_id)) for a in applied]
    customer = customers.by_id(session, business, payment.customer_id or "")
    rest = payment.principal - total((a.amount for a in applied), payment.currency)
    settled_at = payment.settled_at or payment.registered_at
    return ReceiptNotice(
        business=paper.sender,
        customer_name=customer.name if customer else "",
        reference=payment.id,
        amount=payment.amount,
        paid_on=payment.paid_on or day_in(paper.rules.time_zone, settled_at),
        method=payment.method,
        items=tuple(
            PaidItem(i.number, a.amount, invoices.still_to_pay(session, i), kind_of(i))
            for a, i in items
            if i is not None
        ),
        to_balance=rest if rest.is_positive else None,
        fee=payment.fee if payment.fee.is_positive else None,
        is_prepaid=bool(items) and all(i is not None and i.is_credit_request for _, i in items),
    )


def balance_receipt(
    session: Session, applied: Allocation, item: Invoice, paper: Paper
) -> ReceiptNotice:
    """What a receipt says of an item, or a part of it, that the balance paid."""
    customer = customers.by_id(session, BusinessKey(item.business), item.customer_id or "")
    owed = invoices.still_to_pay(session, item)
    return ReceiptNotice(
        business=paper.sender,
        customer_name=customer.name if customer else "",
        reference=applied.id,
        amount=applied.amount,
        paid_on=day_in(paper.rules.time_zone, applied.allocated_at),
        method="balance",
        items=(PaidItem(item.number, applied.amount, owed, kind_of(item)),),
    )


def kind_of(item: Invoice) -> str:
    return "credit_request" if item.is_credit_request else "invoice"


def _addressee(invoice: Invoice, customer: customers.Customer | None) -> str:
    if customer is not None:
        return customer.name
    return Document.model_validate(invoice.reading).buyer.name or ""


def _bank(rules: Rules, invoice: Invoice) -> BankFace | None:
    if not rules.bank.iban:
        return None
    document = Document.model_validate(invoice.reading)
    return BankFace(
        iban=rules.bank.iban,
        reference=document.payment_reference or invoice.number,
        holder=rules.legal_name or rules.name,
        bic=rules.bank.bic,
        bank_name=rules.bank.name,
    )


def receipt_to(session: Session, payment: Payment, items: list[Invoice]) -> str | None:
    for invoice in items:
        if invoice.recipient is not None:
            return invoice.recipient
    return _first_contact(session, BusinessKey(payment.business), payment.customer_id)


def _first_contact(session: Session, business: BusinessKey, customer_id: str | None) -> str | None:
    contacts = customers.billing_contacts(session, business, customer_id) if customer_id else []
    return contacts[0].address if contacts else None
