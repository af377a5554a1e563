"""Money that goes back through the gateway: asked for by staff, or found to have gone.

A refund's row and key are committed before the call. What the gateway then says of it, when asked,
is booked: once, also when the refund was made at the gateway's own dashboard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, invoices, ledger, review
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import PaymentReturned, RefundAsked, ReversalHeard
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total, zero
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import STRIPE_EVIDENCE, balance, locked
from worker.payments.freeing import free, parts_of
from worker.payments.model import Payment, PaymentState
from worker.payments.ports import RefundFacts, RefundOrder
from worker.payments.reversals import REFUND_MOVES, Refund, RefundState
from worker.store import tell

# Stripe keeps idempotency keys for 24 hours at least: after that the same key is a new request.
KEY_IS_GOOD = timedelta(hours=23)
DASHBOARD = "the gateway's dashboard"
# What a person is asked about a refund of what a lost dispute had taken.
GIVEN_TWICE = "refund_given_twice"
STATES = {
    "pending": RefundState.UNDER_WAY,
    "requires_action": RefundState.UNDER_WAY,
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_GONE = {RefundState.UNDER_WAY, RefundState.DONE}
# What can only be an earlier answer that came in late: two jobs ask, and the slower one is told.
_OVERTAKEN = {
    RefundState.DONE: {RefundState.UNDER_WAY},
    RefundState.FAILED: {RefundState.UNDER_WAY, RefundState.DONE},
}


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What staff want given back. `reopens`: what it paid is to be paid again."""

    amount: Money | None
    by: str
    because: str = ""
    reopens: bool = False


def refundable(session: Session, payment: Payment) -> Money:
    """How much of a payment the gateway can still give back."""
    if payment.evidence_type != STRIPE_EVIDENCE or payment.state != PaymentState.SETTLED:
        return zero(payment.currency)
    business = BusinessKey(payment.business)
    gone = [r.amount for r in records.refunds_of(session, business, payment.id) if _counts(r)]
    disputes = records.disputes_of(session, business, payment.id)
    gone += [one.amount for one in disputes if one.withdrawn_at and one.status != "won"]
    left = payment.amount - total(gone, payment.currency)
    return left if left.is_positive else zero(payment.currency)


def ask_refund(session: Session, payment: Payment, wish: RefundWish, *, at: datetime) -> Refund:
    """The refund to ask the gateway for; told, so that a job asks.

    Raises Refused when the payment did not come through the gateway, or has less left.
    """
    if payment.evidence_type != STRIPE_EVIDENCE or payment.customer_id is None:
        raise Refused(
            f"Payment {payment.id} did not come through Stripe: give it back the way it came, and "
            f"then: tillmail payments undo {payment.id} --reason TEXT"
        )
    business = BusinessKey(payment.business)
    customers.lock(session, business, payment.customer_id)
    session.refresh(payment, with_for_update=True)
    left = refundable(session, payment)
    amount = left if wish.amount is None else wish.amount
    used = _used(session, payment)
    if not wish.reopens and used.is_positive and amount > left - used:
        raise Refused(
            f"{left - used} of payment {payment.id} can be given back, not {amount}: {used} of it "
            "was used for invoices since. To have those paid again, say so: --reopen"
        )
    if not amount.is_positive or amount > left:
        raise Refused(f"{left} of payment {payment.id} can be given back, not {amount}.")
    refund = _row(payment, amount, wish, at=at)
    session.add(refund)
    session.flush()
    tell(session, RefundAsked(business, refund.id))
    return refund


def _used(session: Session, payment: Payment) -> Money:
    """What of a payment for credit requests is not on the balance any more."""
    business, code = BusinessKey(payment.business), payment.currency
    applied = records.allocations_of(session, business, payment.id)
    prepaid = [a for a in applied if records.is_prepayment(session, business, a.item_id)]
    gone = total((a.amount for a in prepaid), code)
    refunds = records.refunds_of(session, business, payment.id)
    refunded = [one.principal for one in refunds if _counts(one) and one.booked_at]
    left = gone - total(refunded, code)
    used = left - balance(session, business, payment.customer_id or "", code)
    return used if prepaid and used.is_positive else zero(code)


def refund_order(refund: Refund, payment: Payment) -> RefundOrder:
    """The order as it goes to the gateway; the same refund always gives the same order."""
    return RefundOrder(
        reference=refund.id,
        business=refund.business,
        intent_id=payment.evidence_id or "",
        amount=refund.amount,
    )


def is_key_good(refund: Refund, *, at: datetime) -> bool:
    """Whether asking again with its key cannot give the money back twice."""
    return at < refund.asked_at + KEY_IS_GOOD


def refund_declined(session: Session, refund: Refund, why: str, *, at: datetime) -> None:
    """The gateway said no: nothing went back, and a person is told."""
    session.refresh(refund, with_for_update=True)
    if refund.state != RefundState.ASKED:
        return
    _move(refund, RefundState.DECLINED, at=at)
    refund.problem = why[:500]
    _tell_staff(session, refund, f"{refund.amount} could not be given back: {why}", at=at)


def refund_told(session: Session, refund: Refund) -> None:
    """The gateway was told: what it says when it is asked is booked."""
    tell(session, ReversalHeard(BusinessKey(refund.business), refund.payment_id))


def book_refunds(
    session: Session, payment: Payment, facts: Sequence[RefundFacts], *, at: datetime
) -> None:
    """Book what the gateway says of a payment's refunds: each once, and back again if it failed."""
    business = BusinessKey(payment.business)
    locked(session, business, payment.customer_id or "")
    session.refresh(payment, with_for_update=True)
    for fact in sorted(facts, key=lambda f: (f.created_at, f.refund_id)):
        refund = _known(session, payment, fact) or _from_dashboard(session, payment, fact, at=at)
        state = STATES.get(fact.status)
        if state is None:
            raise PermanentError(f"Refund {fact.refund_id} is {fact.status}, which is not known.")
        if state in _OVERTAKEN.get(RefundState(refund.state), ()):
            continue
        if state is not RefundState(refund.state):
            _move(refund, state, at=at)
            refund.problem = None
        if state in _GONE and refund.booked_at is None:
            _book(session, payment, refund, at=at)
        elif state is RefundState.FAILED:
            _failed(session, payment, refund, at=at)


def _given(refund: Refund, leg: Callable[..., ledger.Leg], who: str | None) -> list[ledger.Leg]:
    """Whose money it is that goes back: the customer's, our fee, and what was given before."""
    taken = (
        (Account.CUSTOMER_BALANCE, refund.principal),
        (Account.FEE_INCOME, refund.fee),
        (Account.DISPUTE_LOSSES, refund.loss),
    )
    return [leg(to, much, customer_id=who) for to, much in taken if not much.is_zero]


def _counts(refund: Refund) -> bool:
    return RefundState(refund.state) not in {RefundState.FAILED, RefundState.DECLINED}


def _row(payment: Payment, amount: Money, wish: RefundWish, *, at: datetime) -> Refund:
    return Refund(
        business=payment.business,
        id=new_id("ref"),
        payment_id=payment.id,
        state=RefundState.ASKED.value,
        currency=amount.currency,
        amount_minor=amount.minor,
        key=new_id("refund"),
        reopens=wish.reopens,
        because=wish.because or None,
        asked_by=wish.by,
        asked_at=at,
    )


def _known(session: Session, payment: Payment, fact: RefundFacts) -> Refund | None:
    business = BusinessKey(payment.business)
    for refund in records.refunds_of(session, business, payment.id):
        if refund.stripe_id == fact.refund_id or refund.id == fact.reference:
            refund.stripe_id = fact.refund_id
            return refund
    return None


def _from_dashboard(
    session: Session, payment: Payment, fact: RefundFacts, *, at: datetime
) -> Refund:
    refund = _row(payment, fact.amount, RefundWish(fact.amount, DASHBOARD), at=at)
    refund.stripe_id = fact.refund_id
    session.add(refund)
    session.flush()
    return refund


def _book(session: Session, payment: Payment, refund: Refund, *, at: datetime) -> None:
    business, who = BusinessKey(payment.business), payment.customer_id
    principal, fee, loss = parts_of(session, payment, refund.amount)
    refund.fee_minor, refund.loss_minor = fee.minor, loss.minor
    reopened = free(session, payment, principal, reopens=refund.reopens, at=at)
    legs = [
        *_given(refund, ledger.debit, who),
        ledger.credit(Account.GATEWAY_CLEARING, refund.amount, customer_id=who),
    ]
    ledger.post(session, business, source=f"refunded:{refund.id}", legs=legs, at=at)
    refund.booked_at = at
    tell(session, PaymentReturned(business, payment.id))
    if refund.asked_by == DASHBOARD:
        open_again = ", ".join(_numbers(session, business, reopened)) or "none"
        said = (
            f"{refund.amount} of payment {payment.id} went back at Stripe's dashboard and is "
            f"booked. Invoices that are open again: {open_again}."
        )
        _tell_staff(session, refund, said, at=at)
    if loss.is_positive:
        tell_of_loss(session, refund, at=at)


def _failed(session: Session, payment: Payment, refund: Refund, *, at: datetime) -> None:
    if refund.problem is not None:
        return
    refund.problem = "The customer's bank did not take it."
    who = payment.customer_id
    if refund.booked_at is not None:
        answer = "It came back."
        review.settle(
            session, BusinessKey(payment.business), refund.id, answer=answer, by="Stripe", at=at
        )
        legs = [
            ledger.debit(Account.GATEWAY_CLEARING, refund.amount, customer_id=who),
            *_given(refund, ledger.credit, who),
        ]
        source = f"refund-failed:{refund.id}"
        ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)
        _cover_losses(session, payment, refund, at=at)
    said = (
        f"{refund.amount} of payment {payment.id} came back to Stripe: the customer's bank did not "
        "take it. Find another way to give it back; until then it stands where it stood, or on "
        "the customer's balance. What a lost dispute took is not given back again."
    )
    _tell_staff(session, refund, said, at=at)


def _cover_losses(session: Session, payment: Payment, refund: Refund, *, at: datetime) -> None:
    """What a lost dispute took a second time it took only once: the refund never arrived."""
    business, who = BusinessKey(payment.business), payment.customer_id
    principal, fee = refund.principal, refund.fee
    for dispute in records.disputes_of(session, business, payment.id):
        loss = min(dispute.loss, principal + fee)
        if dispute.status != "lost" or not loss.is_positive:
            continue
        of_principal = min(loss, principal)
        taken = (
            (Account.CUSTOMER_BALANCE, of_principal),
            (Account.FEE_INCOME, loss - of_principal),
        )
        legs = [ledger.debit(to, much, customer_id=who) for to, much in taken if much.is_positive]
        legs.append(ledger.credit(Account.DISPUTE_LOSSES, loss, customer_id=who))
        source = f"dispute-loss-covered:{dispute.id}:{refund.id}"
        ledger.post(session, business, source=source, legs=legs, at=at)
        principal, fee = principal - of_principal, fee - (loss - of_principal)
        dispute.loss_minor -= loss.minor
        dispute.fee_minor += (loss - of_principal).minor


def _numbers(session: Session, business: BusinessKey, item_ids: Sequence[str]) -> list[str]:
    found = (invoices.by_id(session, business, item_id) for item_id in item_ids)
    return [item.number for item in found if item is not None]


def _move(refund: Refund, to: RefundState, *, at: datetime) -> None:
    if to not in REFUND_MOVES[RefundState(refund.state)]:
        raise PermanentError(f"Refund {refund.id} cannot go from {refund.state} to {to}.")
    refund.state = to.value
    refund.ended_at = None if to is RefundState.UNDER_WAY else at


def _tell_staff(session: Session, refund: Refund, text: str, *, at: datetime) -> None:
    review.ask(
        session,
        BusinessKey(refund.business),
        review.Question(
            kind="refund",
            subject=refund.id,
            text=text,
            evidence={"payment": refund.payment_id, "amount": str(refund.amount)},
            choices=[f"tillmail payments show {refund.payment_id}"],
        ),
        at=at,
    )


def tell_of_loss(session: Session, refund: Refund, *, at: datetime) -> None:
    """Ask a person for what went back twice."""
    question = review.Question(
        kind=GIVEN_TWICE,
        subject=refund.id,
        text=(
            f"{refund.loss} of payment {refund.payment_id} went back twice: a lost dispute had "
            f"taken it, and refund {refund.stripe_id} gave it once more. The second time is booked "
            "as our loss. Ask Stripe, or the customer, to give it back."
        ),
        evidence={"payment": refund.payment_id, "stripe": refund.stripe_id, "by": refund.asked_by},
        choices=["done", f"tillmail payments show {refund.payment_id}"],
    )
    review.ask(session, BusinessKey(refund.business), question, at=at)
