"""What may have changed between queueing a notice and sending it (fault row 20)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.delivery.model import Notice
from worker.invoices import State
from worker.kernel.ids import BusinessKey

_MAY_GO = {State.OPEN, State.PART_PAID}


def obstacle(session: Session, notice: Notice) -> str | None:
    """Why the notice must not go out now; None when it may.

    Call it under the customer's lock, in the transaction that claims the notice.
    """
    if notice.customer_id is None:
        return None
    business = BusinessKey(notice.business)
    contact = customers.contact_at(session, business, notice.customer_id, notice.recipient)
    if contact is None:
        return "The address is not on file any more."
    if contact.suppressed_at is not None:
        return f"The address is not written to any more: {contact.suppressed_because}"
    return _item_obstacle(session, notice) if notice.kind == "invoice" else None


def _item_obstacle(session: Session, notice: Notice) -> str | None:
    invoice = invoices.by_id(session, BusinessKey(notice.business), notice.subject_id)
    if invoice is None:
        return "The invoice is gone."
    owed = invoices.still_to_pay(session, invoice)
    state = invoices.state_of(invoice, owed)
    if state not in _MAY_GO:
        return f"The invoice is {state.value} meanwhile."
    if notice.context["still_to_pay"] != {"minor": owed.minor, "currency": owed.currency}:
        return "Another amount is to be paid meanwhile."
    return None
