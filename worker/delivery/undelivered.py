"""The question that a notice leaves behind which did not arrive."""

from __future__ import annotations

from sqlalchemy.orm import Session

from worker import customers, invoices, review
from worker.delivery.model import Notice
from worker.kernel.ids import BusinessKey


def undelivered(session: Session, notice: Notice, reply: str) -> review.Question:
    """What happened to whose email, why, and what to do: said once, in plain words."""
    business = BusinessKey(notice.business)
    invoice = invoices.by_id(session, business, notice.subject_id)
    customer = customers.by_id(session, business, notice.customer_id or "")
    whose = f" to {customer.name}" if customer else ""
    if invoice is None or notice.kind != "invoice":
        return review.Question(
            kind="notice_undelivered",
            subject=notice.id,
            text=f"The {notice.kind} email{whose} at {notice.recipient} did not arrive.",
            evidence=_evidence(notice, customer, reply),
            choices=["done"],
        )
    return review.Question(
        kind="notice_undelivered",
        subject=notice.id,
        text=(
            f"Invoice {invoice.number}{whose} did not arrive: {notice.recipient} could not be "
            "reached. The customer has no invoice yet. Ask them for an address that works."
        ),
        evidence=_evidence(notice, customer, reply)
        | {
            "invoice": invoice.number,
            "total": str(invoice.total),
            "due_date": invoice.due_on.isoformat() if invoice.due_on else None,
        },
        choices=["send to ADDRESS", "resend", "done"],
    )


def _evidence(
    notice: Notice, customer: customers.Customer | None, reply: str
) -> dict[str, str | None]:
    return {
        "customer": customer.name if customer else None,
        "address": notice.recipient,
        "reason": reply,
        "about": notice.subject_id,
        "notice_kind": notice.kind,
    }
