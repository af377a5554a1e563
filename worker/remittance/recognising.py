"""Advices and money known again: the same claim in another shape, or a payment that has come."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import payments
from worker.customers import Customer
from worker.kernel.ids import BusinessKey
from worker.payments import Payment
from worker.readers.model import Remittance
from worker.remittance import records
from worker.remittance.advices import Advice, AdviceState

_SAME_MONEY_WITHIN = timedelta(days=30)
_KNOWN_AGAIN = {
    AdviceState.REVIEW,
    AdviceState.ANNOUNCED,
    AdviceState.SETTLED,
    AdviceState.RECOGNISED,
}


def earlier(
    session: Session, customer: Customer, fingerprint: str, each: Remittance
) -> Advice | None:
    """The advice that says the same; another day or reference makes it another payment."""
    for advice in records.of_customer(session, BusinessKey(customer.business), customer.id):
        is_known = AdviceState(advice.state) in _KNOWN_AGAIN
        if is_known and advice.fingerprint == fingerprint and _agree(advice, each):
            return advice
    return None


def rival(session: Session, customer: Customer, thread: str, item_ids: Set[str]) -> Advice | None:
    """A claim of another conversation that waits for the same items."""
    for advice in records.of_customer(session, BusinessKey(customer.business), customer.id):
        if advice.state != AdviceState.ANNOUNCED or advice.thread == thread:
            continue
        if item_ids & {line.item_id for line in records.lines_of(session, advice)}:
            return advice
    return None


def come_already(
    session: Session, advice: Advice, item_ids: Set[str], *, is_sure: bool, at: datetime
) -> Payment | None:
    """The settled payment that an advice tells of: it paid these items, or waits unapplied.

    What waits is applied as the advice says where that `is_sure`.
    """
    business, amount = BusinessKey(advice.business), advice.amount
    if amount is None or not item_ids:
        return None
    for payment in payments.settled_of(session, business, advice.customer_id or "", amount):
        if records.of_payment(session, business, payment.id) or not _near(advice, payment, at):
            continue
        applied = payments.allocations_of(session, business, payment.id)
        if {a.item_id for a in applied} == item_ids:
            return payment
        if applied or not is_sure:
            continue
        if use(session, advice, payment, at=at):
            return payment
    return None


def use(session: Session, advice: Advice, payment: Payment, *, at: datetime) -> bool:
    """Whether what waits of a settled payment could be applied as an advice says."""
    shares = [(line.item_id, line.amount) for line in records.lines_of(session, advice)]
    return payments.apply_shares(session, payment, shares, by="remittance advice", at=at)


def _agree(advice: Advice, each: Remittance) -> bool:
    days = (advice.paid_on, each.paid_on)
    references = (advice.reference, each.payer_reference)
    return all(None in pair or pair[0] == pair[1] for pair in (days, references))


def _near(advice: Advice, payment: Payment, at: datetime) -> bool:
    told_on, came_on = advice.paid_on or at.date(), payment.paid_on
    settled_on = (payment.settled_at or payment.registered_at).date()
    return abs(told_on - (came_on or settled_on)) <= _SAME_MONEY_WITHIN
