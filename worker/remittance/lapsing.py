"""How claims end by what happens elsewhere: money comes, goes back, or is too late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import payments, review
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.payments import Payment, PaymentState
from worker.remittance import recognising, records
from worker.remittance.advices import Advice, AdviceState
from worker.remittance.asking import ask_deductions, ask_lapsed
from worker.remittance.claiming import end, withdraw

_A_SWEEP = 200


def note_settled(session: Session, payment: Payment, *, at: datetime) -> None:
    """Close the claims that a settled payment answers: its own memo, or one for the same money.

    What a bank entry settled and did not apply itself is applied as was announced.
    """
    if payment.state != PaymentState.SETTLED or payment.customer_id is None:
        return
    business = BusinessKey(payment.business)
    waiting = records.waiting_of(session, business, payment.customer_id)
    # Most payments answer no claim: they cost one question.
    own = records.of_payment(session, business, payment.id) if waiting else ()
    for advice in own:
        if advice.state == AdviceState.ANNOUNCED:
            by = payment.registered_by or f"evidence: {payment.evidence_type}"
            payments.apply_proposed(session, payment, by=by, at=at)
            because = f"{payment.amount} came: {payment.id}."
            end(session, advice, AdviceState.SETTLED, because=because, by=by, at=at)
            ask_deductions(session, advice, at=at)
    if waiting and not own:
        _came_otherwise(session, payment, at=at)


def note_returned(session: Session, payment: Payment, *, at: datetime) -> None:
    """A settled payment that staff undid takes its claim along."""
    if payment.state != PaymentState.RETURNED:
        return
    for advice in records.of_payment(session, BusinessKey(payment.business), payment.id):
        _owe_deductions(session, advice, at=at)
        if advice.state == AdviceState.SETTLED:
            because = payment.returned_because or "The payment was undone."
            by = payment.returned_by or "tillmail"
            end(session, advice, AdviceState.WITHDRAWN, because=because, by=by, at=at)


def lapse_unproved(session: Session, *, at: datetime) -> int:
    """End the claims whose time is over, and tell staff of each once; gives how many."""
    due = records.to_lapse(session, at=at, limit=_A_SWEEP)
    for advice in due:
        because = "Nothing proved it in time."
        withdraw(session, advice, AdviceState.LAPSED, because=because, by="tillmail", at=at)
        ask_lapsed(session, advice, at=at)
    return len(due)


def undo(session: Session, advice: Advice, *, because: str, by: str, at: datetime) -> None:
    """Take an advice back: its memo is withdrawn, its settled payment undone.

    Raises Refused for what has ended, and for money that others than staff settled.
    """
    business = BusinessKey(advice.business)
    payment = payments.by_id(session, business, advice.payment_id or "")
    if advice.state == AdviceState.SETTLED and payment is not None:
        payments.undo(session, payment, because=because, by=by, at=at)
        note_returned(session, payment, at=at)
    elif advice.state == AdviceState.ANNOUNCED:
        withdraw(session, advice, AdviceState.WITHDRAWN, because=because, by=by, at=at)
    elif advice.state == AdviceState.REVIEW:
        end(session, advice, AdviceState.REFUSED, because=because, by=by, at=at)
    else:
        raise Refused(f"Advice {advice.id} is {advice.state}: there is nothing to undo.")


def _owe_deductions(session: Session, advice: Advice, *, at: datetime) -> None:
    """What was taken off a payment that is undone is owed again, and not asked about any more."""
    business = BusinessKey(advice.business)
    for line in records.lines_of(session, advice):
        if line.deduction is None:
            continue
        name = records.line_id(line)
        review.settle(session, business, name, answer="The payment was undone.", by="", at=at)
        if line.allocation_id is not None:
            payments.owe_deduction_again(session, business, line.allocation_id, at=at)


def _came_otherwise(session: Session, payment: Payment, *, at: datetime) -> None:
    """The same money by another way: staff registered it, or a page took it, for the same items."""
    business = BusinessKey(payment.business)
    applied = payments.allocations_of(session, business, payment.id)
    paid = {allocation.item_id for allocation in applied}
    for advice in records.waiting_of(session, business, payment.customer_id or ""):
        if advice.amount != payment.amount:
            continue
        items = {line.item_id for line in records.lines_of(session, advice)}
        if paid == items or (not paid and recognising.use(session, advice, payment, at=at)):
            because = f"{payment.amount} came as {payment.id}."
            withdraw(session, advice, AdviceState.RECOGNISED, because=because, by="tillmail", at=at)
            advice.payment_id = payment.id
            ask_deductions(session, advice, at=at)
            return
