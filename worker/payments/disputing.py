"""Disputes: a payer tells their bank that the payment was not right, and the bank decides.

While it decides the money stands on an account of its own and the item stays paid, so that nobody
is reminded of what they dispute. Lost, the item is open again; won, the money is ours again. The
gateway's fee stays with us (docs.stripe.com/disputes/how-disputes-work). A returned bank debit is
a dispute that is lost already. A bank may turn its decision later; the books turn with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from worker import ledger, review
from worker.kernel.events import PaymentReturned
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import locked
from worker.payments.freeing import free, gone_of
from worker.payments.model import Payment
from worker.payments.ports import DisputeFacts
from worker.payments.refunding import GIVEN_TWICE, tell_of_loss
from worker.payments.reversals import Dispute, RefundState
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
        if dispute.ended_at is not None and fact.status not in _ENDED:
            # An earlier answer that came in late.
            continue
        if dispute.ended_at is not None and fact.status != dispute.status:
            _turn(session, payment, dispute, at=at)
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
    legs = _between(payment, dispute, Account.DISPUTED, Account.GATEWAY_CLEARING)
    _post(session, dispute, "withdrawn", legs, at=at)
    dispute.withdrawn_at = at


def _turn(session: Session, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """Take back what the first decision did; the caller then books the second."""
    if dispute.status == "lost":
        legs = [ledger.debit(Account.DISPUTED, dispute.amount, customer_id=payment.customer_id)]
        legs += [replace(leg, amount=-leg.amount) for leg in _lost(payment, dispute)]
        _post(session, dispute, "lost-turned", legs, at=at)
        _cover_refunds(session, payment, dispute, at=at)
        dispute.fee_minor = dispute.loss_minor = 0
    elif dispute.status == "won":
        legs = _between(payment, dispute, Account.DISPUTED, Account.GATEWAY_CLEARING)
        _post(session, dispute, "won-turned", legs, at=at)
    was, dispute.ended_at, dispute.turned = dispute.status, None, dispute.turned + 1
    said = (
        f"The dispute over {dispute.amount} of payment {payment.id} was {was} and has turned. What "
        "it is now is booked; what the customer has won stands on their balance."
    )
    _ask(session, dispute, "dispute_turned", said, at=at)


def _end(session: Session, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    business = BusinessKey(payment.business)
    dispute.ended_at = at
    review.settle(session, business, dispute.id, answer=dispute.status, by="Stripe", at=at)
    if dispute.status == "won":
        legs = _between(payment, dispute, Account.GATEWAY_CLEARING, Account.DISPUTED)
        _post(session, dispute, "won", legs, at=at)
    elif dispute.status == "lost":
        _lose(session, payment, dispute, at=at)


def _lose(session: Session, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """The payer has it back: what it paid is open again. What they had back before is our loss."""
    gone, fees = _gone_but(session, payment, dispute)
    left, fee_left = payment.principal - gone, payment.fee - fees
    principal = min(dispute.amount, left)
    dispute.fee_minor = min(dispute.amount - principal, fee_left).minor
    dispute.loss_minor = (dispute.amount - principal - dispute.fee).minor
    free(session, payment, principal, reopens=True, at=at)
    legs = [
        *_lost(payment, dispute),
        ledger.credit(Account.DISPUTED, dispute.amount, customer_id=payment.customer_id),
    ]
    _post(session, dispute, "lost", legs, at=at)
    is_debit = payment.method not in ("card", "link")
    what = "bank debit was returned" if is_debit else "dispute is lost"
    said = (
        f"The {what}: {dispute.amount} of payment {payment.id} ({dispute.reason or 'no reason'}). "
    )
    said += "What it had paid is open again, and the customer is told."
    if dispute.loss.is_positive:
        said += f" {dispute.loss} of it had been given back before: ask Stripe, or the customer."
    _ask(session, dispute, "debit_returned" if is_debit else "dispute_lost", said, at=at)
    tell(session, PaymentReturned(BusinessKey(payment.business), payment.id))


def _gone_but(session: Session, payment: Payment, dispute: Dispute) -> tuple[Money, Money]:
    # This one has not ended in the books yet: `gone_of` counts by the status that it has now.
    ended_at, dispute.ended_at = dispute.ended_at, None
    gone = gone_of(session, payment)
    dispute.ended_at = ended_at
    return gone


def _lost(payment: Payment, dispute: Dispute) -> list[ledger.Leg]:
    """Whose money a lost dispute took: the customer's, our fee, and what was given back before."""
    principal = dispute.amount - dispute.fee - dispute.loss
    taken = (
        (Account.CUSTOMER_BALANCE, principal),
        (Account.FEE_INCOME, dispute.fee),
        (Account.DISPUTE_LOSSES, dispute.loss),
    )
    who = payment.customer_id
    return [ledger.debit(to, much, customer_id=who) for to, much in taken if not much.is_zero]


def _cover_refunds(session: Session, payment: Payment, dispute: Dispute, *, at: datetime) -> None:
    """What a refund gave a second time it gave only once: the dispute did not take it after all."""
    business, who = BusinessKey(payment.business), payment.customer_id
    left, fee_left = dispute.amount - dispute.fee - dispute.loss, dispute.fee
    for refund in records.refunds_of(session, business, payment.id):
        principal = min(refund.loss, left)
        fee = min(refund.loss - principal, fee_left)
        if refund.state == RefundState.FAILED or not (principal + fee).is_positive:
            continue
        taken = ((Account.CUSTOMER_BALANCE, principal), (Account.FEE_INCOME, fee))
        legs = [ledger.debit(to, much, customer_id=who) for to, much in taken if much.is_positive]
        legs.append(ledger.credit(Account.DISPUTE_LOSSES, principal + fee, customer_id=who))
        source = f"refund-loss-covered:{refund.id}:{dispute.id}:{dispute.turned}"
        ledger.post(session, business, source=source, legs=legs, at=at)
        left, fee_left = left - principal, fee_left - fee
        refund.loss_minor -= (principal + fee).minor
        refund.fee_minor += fee.minor
        # What is still given twice, by another dispute, is asked about with the amount it is now.
        answer = "The dispute was turned: it was given once."
        whose = (session, business, refund.id)
        review.settle(*whose, answer=answer, by="Stripe", at=at, kind=GIVEN_TWICE)
        if refund.loss.is_positive:
            tell_of_loss(session, refund, at=at)


def _between(payment: Payment, dispute: Dispute, to: Account, source: Account) -> list[ledger.Leg]:
    who = payment.customer_id
    return [
        ledger.debit(to, dispute.amount, customer_id=who),
        ledger.credit(source, dispute.amount, customer_id=who),
    ]


def _post(
    session: Session, dispute: Dispute, step: str, legs: Sequence[ledger.Leg], *, at: datetime
) -> None:
    again = f":{dispute.turned}" if dispute.turned else ""
    key = f"dispute-{step}:{dispute.id}{again}"
    ledger.post(session, BusinessKey(dispute.business), source=key, legs=legs, at=at)


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
        source = fee_source(dispute, movement)
        ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)


def fee_source(dispute: Dispute, movement: str) -> str:
    """What a fee is posted under, by the movement at the gateway that took it."""
    return f"dispute-fee:{dispute.id}:{movement}"


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
