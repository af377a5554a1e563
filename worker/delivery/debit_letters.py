"""The email about a bank debit that has begun: what the bank was asked, and what happens next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from worker import customers
from worker.businesses import BANK_DAYS
from worker.delivery.letters import Paper, kind_of, receipt_to
from worker.delivery.plain_values import fields_of
from worker.delivery.queueing import Letter
from worker.delivery.wording import PaidItem, SenderFace
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.payments import Payment


@dataclass(frozen=True, slots=True)
class DebitStartedNotice:
    """That a bank is asked to pay, and has not paid yet. Template folder `debit_started`.

    `days`: how many working days that usually takes; None where nobody knows.
    """

    business: SenderFace
    customer_name: str
    reference: str
    amount: Money
    method: str
    items: tuple[PaidItem, ...]
    fee: Money | None = None
    days: int | None = None

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


def debit_letter(
    session: Session, payment: Payment, items: Sequence[tuple[Invoice, Money]], paper: Paper
) -> Letter | None:
    """That the debit is under way; None when nobody is known to tell.

    `items`: what it is to pay, and how much of each.
    """
    recipient = receipt_to(session, payment, [item for item, _ in items])
    customer = customers.by_id(session, BusinessKey(payment.business), payment.customer_id or "")
    if recipient is None or customer is None:
        return None
    notice = DebitStartedNotice(
        business=paper.sender,
        customer_name=customer.name,
        reference=payment.id,
        amount=payment.amount,
        method=payment.method,
        items=tuple(PaidItem(i.number, much, much, kind_of(i)) for i, much in items),
        fee=payment.fee if payment.fee.is_positive else None,
        days=BANK_DAYS.get(payment.method),
    )
    return Letter(
        kind="debit_started",
        subject_id=payment.id,
        recipient=recipient,
        language=customer.language or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=customer.id,
    )
