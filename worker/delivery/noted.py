"""What a payer is told whose word was noted: for what, and what stays open."""

from __future__ import annotations

from sqlalchemy.orm import Session

from worker import customers, invoices, payments
from worker.delivery.letters import Paper
from worker.delivery.queueing import Letter
from worker.delivery.wording import NotedNotice, PaidItem
from worker.kernel.ids import BusinessKey
from worker.kernel.money import total
from worker.payments import Payment


def noted_letter(session: Session, payment: Payment, paper: Paper, *, recipient: str) -> Letter:
    """That an announced payment is noted, to an address on file; once per payment."""
    business = BusinessKey(payment.business)
    customer = customers.by_id(session, business, payment.customer_id or "")
    shares = payments.proposed(session, business, payment.id)
    items = [(amount, invoices.by_id(session, business, i)) for i, amount in shares]
    rest = payment.amount - total((amount for amount, _ in items), payment.currency)
    notice = NotedNotice(
        business=paper.sender,
        customer_name=customer.name if customer else "",
        reference=payment.id,
        amount=payment.amount,
        paid_on=payment.paid_on,
        items=tuple(
            PaidItem(i.number, amount, invoices.still_to_pay(session, i) - amount)
            for amount, i in items
            if i is not None
        ),
        rest=rest if rest.is_positive else None,
    )
    return Letter(
        kind="remittance_noted",
        subject_id=payment.id,
        recipient=recipient,
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=payment.customer_id,
    )
