"""Disputes: a payer tells their bank that the payment was not right, and the bank decides.

While it decides the money stands on an account of its own and the item stays paid, so that nobody
is reminded of what they dispute. Lost, the item is open again; won, the money is ours again. The
gateway's fee stays with us (docs.stripe.com/disputes/how-disputes-work).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from worker import ledger, review
from worker.kernel.events import PaymentReturned
from worker.kernel.ids import BusinessKey, new_id
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import locked
from worker.payments.model import Payment
from worker.payments.ports import DisputeFacts
from worker.payments.refunding import free
from worker.payments.reversals import Dispute
from worker.store import tell

_ENDED = {"won", "lost", "warning_closed", "prevented"}
# A bank may ask before it takes the money: an inquiry moves nothing.
_ONLY_ASKS = {"warning_needs_response", "warning_under_review", "warning_closed", "prevented"}


def book_disputes(
    session: Session, payment: Payment, facts: Sequence[DisputeFacts], *, at: datetime
) -> None:
    """Book what the gateway says of a payment's disputes: each step once, in any order."""
    business = BusinessKey(payment.business)
    locked(session, business, payment.customer_id or "")
    session.refresh(payment, with_for_update=True)
    known = {d.stripe_id: d for d in records.disputes_of(session, business, payment.id)}
    for fact in facts:
        dispute = known.get(fact.dispute_id) or _open(session, payment, fact, at=at)
        dispute.status = fact.status
        if fact.status not in _ONLY_ASKS and dispute.withdrawn_at is None:
            _withdraw(session, payment, dispute, at=at)
        _post_fees(session, payment, dispute, fact, at=at)
        if fact.status in _ENDED and dispute.ended_at is None:
            _end(session, payment, dispute, at=at)


def _open(session: Session, payment: Payment, fact: DisputeFacts, *, at: datetime) -> Dispute:
    dispute = Dispute(
        business=payment.business,
        id=new_id("dsp"),
        payment_id=payment.id,
        stripe_id=fact.dispute_id,
        status=fact.status,
        currency=fact.amount.currency,
        amount_minor=fact.amount.minor,
        reason=fact.reason,
        opened_at=fact.created_at,
        answer_by=fact.answer_by,
    )
    session.add(dispute)
    session.flush()
    if fact.status not in _ENDED:
        until = f" until {fact.answer_by:%Y-%m-%d %H:%M} UTC" if fact.answer_by else ""
        said = (
            f"The payer disputes {dispute.amount} of payment {payment.id} with their bank "
            f"({dispute.reason or 'no reason given'}). Answer at Stripe{until}; no answer loses it."
        )
        _ask(session, dispute, "dispute_opened", said, at=at)
    return dispute


def _withdraw(session: Session, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    _post(session, payment, dispute, "withdrawn", Account.DISPUTED, Account.GATEWAY_CLEARING, at=at)
    dispute.withdrawn_at = at


def _end(session: Session, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    business = BusinessKey(payment.business)
    dispute.ended_at = at
    review.settle(session, business, dispute.id, answer=dispute.status, by="Stripe", at=at)
    if dispute.status == "won":
        _post(session, payment, dispute, "won", Account.GATEWAY_CLEARING, Account.DISPUTED, at=at)
    elif dispute.status == "lost":
        free(session, payment, dispute.amount, reopens=True, at=at)
        _post(session, payment, dispute, "lost", Account.CUSTOMER_BALANCE, Account.DISPUTED, at=at)
        said = (
            f"The dispute over {dispute.amount} of payment {payment.id} is lost. What it had paid "
            "is open again: collect it in another way, or credit it."
        )
        _ask(session, dispute, "dispute_lost", said, at=at)
        tell(session, PaymentReturned(business, payment.id))


def _post(
    session: Session,
    payment: Payment,
    dispute: Dispute,
    step: str,
    to: Account,
    source: Account,
    *,
    at: datetime,
) -> None:
    who = payment.customer_id
    legs = [
        ledger.debit(to, dispute.amount, customer_id=who),
        ledger.credit(source, dispute.amount, customer_id=who),
    ]
    key = f"dispute-{step}:{dispute.id}"
    ledger.post(session, BusinessKey(payment.business), source=key, legs=legs, at=at)


def _post_fees(
    session: Session, payment: Payment, dispute: Dispute, fact: DisputeFacts, *, at: datetime
) -> None:
    """Each fee once, by the movement at the gateway that took it, or gave it back."""
    for movement, fee in fact.fees:
        if fee.is_zero:
            continue
        legs = [
            ledger.debit(Account.DISPUTE_FEES, fee, customer_id=payment.customer_id),
            ledger.credit(Account.GATEWAY_CLEARING, fee, customer_id=payment.customer_id),
        ]
        source = f"dispute-fee:{dispute.id}:{movement}"
        ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)


def _ask(session: Session, dispute: Dispute, kind: str, text: str, *, at: datetime) -> None:
    review.ask(
        session,
        BusinessKey(dispute.business),
        review.Question(
            kind=kind,
            subject=dispute.id,
            text=text,
            evidence={"payment": dispute.payment_id, "stripe": dispute.stripe_id},
            choices=[f"tillmail payments show {dispute.payment_id}"],
        ),
        at=at,
    )
