"""Charging a stored card at once, because staff were asked to, under the mandate that it has.

The customer is there, at the telephone or the desk: no notice and no time to object. What a
mandate and the owner's limits forbid, they forbid here, too; and a card that is declined is not
tried again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, invoices, payments
from worker.autocharge import items, records
from worker.autocharge.model import ENDED, Charge, ChargeState
from worker.autocharge.planning import chosen
from worker.autocharge.promising import Promise, why_no_card
from worker.autocharge.terms import Terms
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.events import ChargeDue
from worker.kernel.ids import BusinessKey, new_id
from worker.payments import CheckoutState
from worker.store import tell


def take(session: Session, invoice: Invoice, terms: Terms, *, by: str, at: datetime) -> Charge:
    """The charge over all that is owed, which a job makes now in the name of this person.

    Raises Refused when nothing is owed, no stored card may be charged so much, or a charge for it
    is planned or a bank debit under way already.
    """
    business = BusinessKey(invoice.business)
    customer = customers.lock(session, business, invoice.customer_id or "")
    invoices.lock(session, business, invoice.id)
    item = items.of_invoice(session, invoice)
    if not item.owed.is_positive:
        raise Refused(f"Nothing is to be paid of {item.number}.")
    day = day_in(terms.hours.zone, at)
    _refuse_second(session, business, item)
    if payments.being_paid(session, business, [item.id]).get(item.id) is CheckoutState.PROCESSING:
        # It would wait for the bank, and charge the card when the customer is long gone.
        raise Refused(f"A bank debit for {item.number} is under way: wait for what the bank says.")
    why = why_no_card(session, customer, Promise(item.owed, item.contract, day), terms)
    if why is not None:
        raise Refused(f"{why} Open a payment page instead: --page")
    given = records.mandates_of(session, business, {customer.id})[customer.id]
    in_force = [one for one in given if one.revoked_at is None]
    mandate = chosen(in_force, item.contract, item.owed.currency)
    if mandate is None:
        raise Refused("No stored card covers it. Open a payment page instead: --page")
    charge = Charge(
        business=business,
        id=new_id("chg"),
        item_kind=item.kind,
        item_id=item.id,
        customer_id=customer.id,
        mandate_id=mandate.id,
        state=ChargeState.NOTICED.value,
        currency=item.owed.currency,
        amount_minor=item.owed.minor,
        planned_at=at,
        taken_by=by,
        due_on=day,
        not_before=at,
        due_at=at,
        looks=0,
        is_last=False,
    )
    session.add(charge)
    session.flush()
    tell(session, ChargeDue(business, charge.id))
    return charge


def _refuse_second(session: Session, business: BusinessKey, item: items.Item) -> None:
    for earlier in records.of_item(session, business, item.kind, item.id):
        if ChargeState(earlier.state) not in ENDED:
            raise Refused(
                f"Charge {earlier.id} of {earlier.amount} for {item.number} is {earlier.state} "
                f"already. See: tillmail charges show {earlier.id}"
            )
