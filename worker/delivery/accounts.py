"""The email with one link to all that a customer owes."""

from __future__ import annotations

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.customers import Contact
from worker.delivery.letters import Paper
from worker.delivery.queueing import Letter
from worker.delivery.wording import AccountNotice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import total


def account_letter(
    session: Session, contact: Contact, currency: str, paper: Paper, *, url: str, asked: str
) -> Letter | None:
    """The link to a contact on file, once per request; None when nothing is owed any more."""
    business = BusinessKey(contact.business)
    customer = customers.by_id(session, business, contact.customer_id)
    owed = invoices.open_of(session, business, contact.customer_id, currency)
    if customer is None or not owed:
        return None
    notice = AccountNotice(
        business=paper.sender,
        customer_name=customer.name,
        amount=total((item.still_to_pay for item in owed), currency),
        count=len(owed),
        pay_url=url,
    )
    return Letter(
        kind="account",
        subject_id=customer.id,
        recipient=contact.address,
        language=customer.language or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=customer.id,
        occasion=f"asked:{asked}",
    )
