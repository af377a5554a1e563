"""What may have changed between queueing a notice and sending it (fault row 20)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.delivery.model import Notice
from worker.invoices import State
from worker.kernel.ids import BusinessKey

# Notices that ask for what is still to pay of an item.
ASKING = ("invoice", "credit_request")
_MAY_GO = {State.OPEN, State.PART_PAID}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a notice must not go out, and whether somebody has to see to it that another does."""

    because: str
    needs_person: bool


def obstacle(session: Session, notice: Notice) -> Obstacle | None:
    """What keeps the notice from going out now; None when it may.

    Call it under the customer's lock, in the transaction that claims the notice.
    """
    if notice.customer_id is None:
        return None
    business = BusinessKey(notice.business)
    contact = customers.contact_at(session, business, notice.customer_id, notice.recipient)
    if contact is None:
        return Obstacle("The address is not on file any more.", needs_person=True)
    if contact.suppressed_at is not None:
        why = f"The address is not written to any more: {contact.suppressed_because}"
        return Obstacle(why, needs_person=True)
    return _item_obstacle(session, notice) if notice.kind in ASKING else None


def _item_obstacle(session: Session, notice: Notice) -> Obstacle | None:
    invoice = invoices.by_id(session, BusinessKey(notice.business), notice.subject_id)
    if invoice is None:
        return Obstacle("The invoice is gone.", needs_person=True)
    if invoice.rests_since is not None:
        return Obstacle(f"{invoice.rests_by} wants nothing sent about it.", needs_person=False)
    owed = invoices.still_to_pay(session, invoice)
    state = invoices.state_of(invoice, owed)
    asks_nothing = state is State.PAID and not notice.context["still_to_pay"]["minor"]
    if state not in _MAY_GO and not asks_nothing:
        return Obstacle(f"The invoice is {state.value} meanwhile.", needs_person=False)
    if notice.context["still_to_pay"] != {"minor": owed.minor, "currency": owed.currency}:
        return Obstacle("Another amount is to be paid meanwhile.", needs_person=True)
    return None
