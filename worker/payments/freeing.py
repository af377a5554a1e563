"""Freeing money to go back: what of a payment is left, and what it paid that is open again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from worker import invoices
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, total
from worker.payments import records
from worker.payments.applying import STRIPE_EVIDENCE, Application, apply, balance, take_off
from worker.payments.model import Allocation, Payment
from worker.payments.reversals import Refund, RefundState


def free(
    session: Session, payment: Payment, amount: Money, *, reopens: bool, at: datetime
) -> list[str]:
    """Have so much stand on the customer's balance, and give the items that are open again.

    The balance itself is used first, unless the items are to be reopened; then what the payment
    was applied to, the last first; then what the balance and the gateway's other money pay since.
    """
    business, who = BusinessKey(payment.business), payment.customer_id or ""

    def lacking() -> Money:
        return amount - balance(session, business, who, amount.currency)

    # What a credit request brought is on the balance by itself, and nobody is asked for it again.
    own = [
        a
        for a in records.allocations_of(session, business, payment.id)
        if not records.is_prepayment(session, business, a.item_id)
    ]
    newest_first = sorted(own, key=lambda a: (a.allocated_at, a.id), reverse=True)
    wanted = amount if reopens else lacking()
    reopened = _take_off(session, newest_first, wanted, at=at)
    whose = (session, business, who, amount.currency)
    others = [*records.paid_by_balance(*whose)]
    others += [a for a in records.paid_on(*whose, STRIPE_EVIDENCE) if a.payment_id != payment.id]
    reopened += _take_off(session, others, lacking(), at=at)
    if lacking().is_positive:
        raise PermanentError(f"{amount} of payment {payment.id} cannot be found in the books.")
    return reopened


def parts_of(session: Session, payment: Payment, amount: Money) -> tuple[Money, Money, Money]:
    """What of an amount that goes back is principal, what fee, and what had gone back before.

    What was paid for items goes first. Stripe refuses to refund what is charged back (its error is
    `charge_disputed`); but a refund made just before may be heard of after the dispute, and a bank
    that returns a debit does not ask whether it was refunded (docs.stripe.com/payments/sepa-debit).
    """
    gone, fees = gone_of(session, payment)
    principal = min(amount, payment.principal - gone)
    fee = min(amount - principal, payment.fee - fees)
    return principal, fee, amount - principal - fee


def gone_of(session: Session, payment: Payment) -> tuple[Money, Money]:
    """What of a payment's principal and of its fee has gone back for good, as booked."""
    business, code = BusinessKey(payment.business), payment.currency
    refunds: list[Refund] = [
        r for r in records.refunds_of(session, business, payment.id) if _is_gone(r)
    ]
    lost = [
        d
        for d in records.disputes_of(session, business, payment.id)
        if d.status == "lost" and d.ended_at is not None
    ]
    principal = [r.principal for r in refunds]
    principal += [d.amount - d.fee - d.loss for d in lost]
    return total(principal, code), total([*(r.fee for r in refunds), *(d.fee for d in lost)], code)


def _is_gone(refund: Refund) -> bool:
    return refund.booked_at is not None and refund.state != RefundState.FAILED


def _take_off(
    session: Session, allocations: Sequence[Allocation], wanted: Money, *, at: datetime
) -> list[str]:
    """Undo as many as it takes, the last of them only in part; gives their items."""
    reopened = []
    for allocation in allocations:
        if not wanted.is_positive:
            break
        take_off(session, allocation, at=at)
        reopened.append(allocation.item_id)
        wanted -= allocation.amount
        if wanted.is_negative:
            _apply_rest(session, allocation, -wanted, at=at)
    return reopened


def _apply_rest(session: Session, undone: Allocation, amount: Money, *, at: datetime) -> None:
    business = BusinessKey(undone.business)
    item = invoices.by_id(session, business, undone.item_id)
    if item is None:
        raise PermanentError(f"Invoice {undone.item_id} is missing.")
    source = records.by_id(session, business, undone.payment_id or "")
    apply(session, Application(item, amount, source, by=undone.allocated_by), at=at)
