"""Booking what was taken from a stored card: once per piece of evidence, and never refused.

The caller has fetched the evidence. Money for an item that can take less of it meanwhile, or for
none, goes to the customer's balance, and a person is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, invoices, ledger, review
from worker.kernel.events import PaymentSettled
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, zero
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import STRIPE_EVIDENCE, Application, note_allocation, payable
from worker.payments.model import Payment, PaymentState
from worker.store import tell


@dataclass(frozen=True, slots=True)
class Collected:
    """Money that the gateway took without its owner. `evidence` is the gateway's id for it.

    `item_id` is the invoice that it was taken for; None where it is to raise the balance.
    """

    customer_id: str
    evidence: str
    amount: Money
    item_id: str | None
    taken_at: datetime


def collect(
    session: Session, business: BusinessKey, collected: Collected, *, at: datetime
) -> Payment:
    """The payment that this evidence proves: booked now, or the one that was booked before."""
    customers.lock(session, business, collected.customer_id)
    item = invoices.lock(session, business, collected.item_id) if collected.item_id else None
    there = records.settled_by(session, business, STRIPE_EVIDENCE, collected.evidence)
    if there is not None:
        return there
    payment = _payment(business, collected, at=at)
    session.add(payment)
    session.flush()
    fits = zero(collected.amount.currency)
    if item is not None:
        fits = min(payable(session, item, collected.amount.currency), collected.amount)
    _post(session, payment, item, fits, at=at)
    if item is not None and fits.is_positive:
        note_allocation(session, Application(item, fits, payment=payment), at=at)
    if collected.item_id is not None and fits < collected.amount:
        _ask(session, payment, collected.item_id, payment.amount - fits, at=at)
    tell(session, PaymentSettled(business, payment.id))
    return payment


def _payment(business: BusinessKey, collected: Collected, *, at: datetime) -> Payment:
    return Payment(
        business=business,
        id=new_id("pay"),
        customer_id=collected.customer_id,
        state=PaymentState.SETTLED.value,
        currency=collected.amount.currency,
        amount_minor=collected.amount.minor,
        method="card",
        evidence_type=STRIPE_EVIDENCE,
        evidence_id=collected.evidence,
        registered_at=at,
        settled_at=collected.taken_at,
    )


def _post(
    session: Session,
    payment: Payment,
    item: invoices.Invoice | None,
    fits: Money,
    *,
    at: datetime,
) -> None:
    who, over = payment.customer_id, payment.amount - fits
    legs = [ledger.debit(Account.GATEWAY_CLEARING, payment.amount, customer_id=who)]
    if item is not None and fits.is_positive:
        legs.append(ledger.credit(Account.RECEIVABLE, fits, customer_id=who, item_id=item.id))
    if over.is_positive:
        legs.append(ledger.credit(Account.CUSTOMER_BALANCE, over, customer_id=who))
    source = f"payment-settled:{payment.id}"
    ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)


def _ask(session: Session, payment: Payment, item_id: str, over: Money, *, at: datetime) -> None:
    business = BusinessKey(payment.business)
    item = invoices.by_id(session, business, item_id)
    review.ask(
        session,
        business,
        review.Question(
            kind="payment_over",
            subject=payment.id,
            text=(
                f"{payment.amount} was taken from a stored card for "
                f"{item.number if item else item_id}, which was paid in another way meanwhile: "
                f"{over} now stands on the customer's balance. Use it or give it back."
            ),
            evidence={"invoice": item_id, "paid": str(payment.amount), "over": str(over)},
            choices=[f"tillmail payments show {payment.id}"],
        ),
        at=at,
    )
