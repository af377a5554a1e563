"""What a person's answer does to an invoice that waits: let go, put right, or given up."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import customers
from worker.customers import Customer
from worker.invoices.deciding import Limits
from worker.invoices.issuing import Draft, issue
from worker.invoices.model import Hold, Invoice
from worker.invoices.releasing import Yes, release, void
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.readers.answers import Word, amount
from worker.readers.model import Invoice as Document
from worker.review import Answer

_NAMES_SHOWN = 3
# What is asked apart: a yes to how a document was read is no yes to these.
_ASKED_APART = {Hold.CHANGED, Hold.CREDIT_NOTE, Hold.NOTHING_TO_PAY, Hold.SUMS}

# The one thing that such a question is about, which no other word says.
_NEEDS = {Hold.SEVERAL_CUSTOMERS: Word.CUSTOMER, Hold.INSTRUCTION: Word.SEND_TO}


def answer(
    session: Session, invoice: Invoice, answer: Answer, limits: Limits, *, at: datetime
) -> str:
    """Do with a held invoice what a person says; gives what happened, in a sentence.

    Raises Refused when the invoice does not wait, or when that word cannot mend it.
    """
    if answer.words & {Word.NO, Word.REFUSE}:
        void(session, invoice, by=answer.by, at=at)
        return f"Invoice {invoice.number} is given up. Nothing was sent."
    if not answer.words & {Word.TOTAL, Word.NUMBER}:
        return _let_go(session, invoice, answer, at=at)
    if _is_left_open(invoice, answer):
        raise Refused(f"{invoice.hold_because} Say that in the same answer, too.")
    draft = Draft(
        mail_id=invoice.mail_id,
        document=told(Document.model_validate(invoice.reading), answer),
        xml_sha256=invoice.xml_sha256,
        pdf_sha256=invoice.pdf_sha256,
        instructed=Address.parse(invoice.recipient) if invoice.recipient else None,
        pay_link=invoice.pay_link,
    )
    void(session, invoice, by=answer.by, at=at)
    return take(session, BusinessKey(invoice.business), draft, answer, limits, at=at)


def take(
    session: Session,
    business: BusinessKey,
    draft: Draft,
    answer: Answer,
    limits: Limits,
    *,
    at: datetime,
) -> str:
    """Issue a document that a person put right; what else is doubtful becomes its own question.

    Raises ReviewNeeded when it still lacks what an invoice must have.
    """
    invoice = issue(session, business, draft, limits, at=at)
    is_asked_apart = invoice.hold in _ASKED_APART or _is_left_open(invoice, answer)
    is_addressed = invoice.recipient or answer.words & {Word.SEND_TO, Word.CUSTOMER}
    if invoice.issued_at is None and not is_asked_apart and is_addressed:
        return _let_go(session, invoice, answer, at=at)
    if invoice.issued_at is not None:
        return _goes(invoice)
    return f"That is written down. One more question: {invoice.hold_because}"


def told(document: Document, answer: Answer) -> Document:
    """The document with what a person said in the place of what was read, and a note of it."""
    changes: dict[str, Any] = {}
    if Word.NUMBER in answer.words:
        changes["number"] = answer.value(Word.NUMBER)
    if Word.TOTAL in answer.words:
        found = amount(answer.value(Word.TOTAL))
        if found is None:
            raise Refused(f"“{answer.value(Word.TOTAL)}” can be read in two ways.")
        # Other sums were read from the same doubtful page: only the one that was said counts.
        changes |= dict.fromkeys(("grand_total", "net_total", "tax_total", "prepaid"))
        changes |= {"total": found[0], "currency": found[1] or document.currency}
    said = {"by": answer.by, "mail": answer.mail_id, "said": str(answer)}
    changes["evidence"] = dict(document.evidence) | {"told": said}
    return document.model_copy(update=changes)


def _is_left_open(invoice: Invoice, answer: Answer) -> bool:
    """Whether an answer says nothing of what its question is about."""
    needed = _NEEDS.get(Hold(invoice.hold)) if invoice.hold is not None else None
    return needed is not None and needed not in answer.words


def _let_go(session: Session, invoice: Invoice, answer: Answer, *, at: datetime) -> str:
    name, address = answer.value(Word.CUSTOMER), answer.value(Word.SEND_TO)
    if name:
        _give_to(session, invoice, _customer_called(session, BusinessKey(invoice.business), name))
    if not address and invoice.recipient is None:
        raise Refused(
            f"No email address is known for invoice {invoice.number}. Add one: send to ADDRESS"
        )
    yes = Yes(by=answer.by, address=Address.parse(address) if address else None)
    release(session, invoice, yes, at=at)
    return _goes(invoice)


def _give_to(session: Session, invoice: Invoice, customer: Customer) -> None:
    business = BusinessKey(invoice.business)
    on_file = customers.billing_contacts(session, business, customer.id)
    invoice.customer_id = customer.id
    if on_file:
        invoice.recipient, invoice.recipient_from = on_file[0].address, "on_file"


def _customer_called(session: Session, business: BusinessKey, name: str) -> Customer:
    numbered = customers.by_number(session, business, name)
    if numbered is not None:
        return numbered
    named = customers.named(session, business, name)
    if len(named) == 1:
        return named[0]
    if named:
        numbers = ", ".join(customer.number or customer.id for customer in named)
        raise Refused(f"Several customers are called {name}: answer with a number ({numbers}).")
    known = [customer.name for customer in customers.everyone(session, business)]
    near = difflib.get_close_matches(name, known, n=_NAMES_SHOWN, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise Refused(f"No customer on file is called {name}.{hint}")


def _goes(invoice: Invoice) -> str:
    return f"Invoice {invoice.number} over {invoice.total} goes to {invoice.recipient}."
