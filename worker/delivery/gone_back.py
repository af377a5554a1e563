"""The emails about money that goes back: given back by staff, or taken back by a payer's bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.delivery.letters import Paper, kind_of, receipt_to
from worker.delivery.plain_values import fields_of
from worker.delivery.queueing import Letter
from worker.delivery.wording import PaidItem, SenderFace
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.payments import Payment

Kind = Literal["refund", "payment_returned"]


@dataclass(frozen=True, slots=True)
class GoneBackNotice:
    """That money went back (folder `refund`), or a bank kept it (`payment_returned`)."""

    business: SenderFace
    customer_name: str
    reference: str
    amount: Money
    method: str
    items: tuple[PaidItem, ...] = ()
    pay_url: str | None = None

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


def gone_back_letter(
    session: Session,
    payment: Payment,
    went: tuple[Kind, str, Money],
    items: Sequence[tuple[Invoice, str | None]],
    paper: Paper,
) -> Letter | None:
    """That so much went back; None when nobody is known to tell.

    `went`: of which kind, the id of the refund, dispute or payment, and how much; `items` are open
    again, each with where it is paid.
    """
    business, (kind, subject, amount) = BusinessKey(payment.business), went
    recipient = receipt_to(session, payment, [item for item, _ in items])
    customer = customers.by_id(session, business, payment.customer_id or "")
    if recipient is None or customer is None:
        return None
    owed = [(item, invoices.still_to_pay(session, item), url) for item, url in items]
    still_open = [(item, rest, url) for item, rest, url in owed if rest.is_positive]
    notice = GoneBackNotice(
        business=paper.sender,
        customer_name=customer.name,
        reference=subject,
        amount=amount,
        method=payment.method,
        items=tuple(PaidItem(i.number, rest, rest, kind_of(i)) for i, rest, _ in still_open),
        pay_url=next((url for _, _, url in still_open if url), None),
    )
    return Letter(
        kind=kind,
        subject_id=subject,
        recipient=recipient,
        language=customer.language or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=customer.id,
    )
