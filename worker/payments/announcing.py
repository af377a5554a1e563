"""Payments that somebody says are under way: a memo with what it is to pay, and nothing posted.

Evidence settles it, once: a member of staff or a standing order of the owner here, a bank entry in
`settling_from_bank`. Without any it is withdrawn, and nothing has to be undone in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from worker import invoices, store
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import PaymentSettled
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total, zero
from worker.payments import records
from worker.payments.applying import (
    STAFF_EVIDENCE,
    Application,
    apply,
    locked,
    payable,
    rest,
    unwanted_checkout,
)
from worker.payments.model import PAYMENT_MOVES, Payment, PaymentState
from worker.payments.registering import Method, post_settled
from worker.store import Record, tell


class ProposedAllocation(Record):
    """What an announced payment is to pay of one item once it is settled."""

    __tablename__ = "proposed_allocation"
    business: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str]
    amount_minor: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
    )

    @property
    def amount(self) -> Money:
        """What is to be applied."""
        return Money(self.amount_minor, self.currency)


Index("ix_proposed_allocation_item", ProposedAllocation.business, ProposedAllocation.item_id)

Shares = Sequence[tuple[str, Money]]


@dataclass(frozen=True, slots=True)
class Announcement:
    """What somebody says is paid; `shares` are items by id with what each is to get."""

    amount: Money
    method: Method
    shares: Shares
    paid_on: date | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who vouches for the money, when it came, and with `shares` what it pays instead."""

    by: str
    paid_on: date
    amount: Money | None = None
    shares: Shares | None = None


def announce(session: Session, customer: Customer, told: Announcement, *, at: datetime) -> Payment:
    """The memo. Raises Refused for no amount, or shares that are more than it or somebody else's.

    A settler finds it by `announced_for`, or in any query by its state, customer and amount.
    """
    business = BusinessKey(customer.business)
    locked(session, business, customer.id, *(item_id for item_id, _ in told.shares))
    if not told.amount.is_positive:
        raise Refused("A payment is more than nothing.")
    payment = Payment(
        business=business,
        id=new_id("pay"),
        customer_id=customer.id,
        state=PaymentState.ANNOUNCED.value,
        currency=told.amount.currency,
        amount_minor=told.amount.minor,
        method=told.method.value,
        registered_at=at,
        reference=told.reference or None,
        paid_on=told.paid_on,
    )
    session.add(payment)
    session.flush()
    _propose(session, payment, told.shares)
    return payment


def confirm(session: Session, payment: Payment, word: Confirmation, *, at: datetime) -> Payment:
    """Settle an announced payment on a person's word, post it and apply what was proposed.

    Settled already, it is left as it is. What the items cannot take stays as unapplied cash. Raises
    Refused when it was withdrawn, or while a hosted page may still take an item's money.
    """
    business = BusinessKey(payment.business)
    before = [item_id for item_id, _ in proposed(session, business, payment.id)]
    wanted = [item_id for item_id, _ in word.shares or ()]
    locked(session, business, payment.customer_id or "", *before, *wanted)
    session.refresh(payment, with_for_update=True)
    if payment.state == PaymentState.SETTLED:
        return payment
    if PaymentState.SETTLED not in PAYMENT_MOVES[PaymentState(payment.state)]:
        raise Refused(f"Payment {payment.id} was {payment.state}: register it anew.")
    if unwanted_checkout(session, business, wanted or before):
        raise Refused("A payment page for one of its invoices is open. Try again in a moment.")
    if word.amount is not None:
        if not word.amount.is_positive or word.amount.currency != payment.currency:
            raise Refused(f"A payment in {payment.currency} is more than nothing of it.")
        payment.amount_minor = word.amount.minor
    if word.shares is not None:
        _forget(session, payment)
        _propose(session, payment, word.shares)
    _settle(session, payment, word, at=at)
    apply_proposed(session, payment, by=word.by, at=at)
    tell(session, PaymentSettled(business, payment.id))
    return payment


def apply_proposed(session: Session, payment: Payment, *, by: str, at: datetime) -> None:
    """Apply what is left of a settled payment to what it was announced for, as far as it goes.

    Whoever settled it on other evidence calls this after posting; what was applied stays applied.
    """
    there = {
        a.item_id
        for a in records.allocations_of(session, BusinessKey(payment.business), payment.id)
    }
    shares = proposed(session, BusinessKey(payment.business), payment.id)
    left = [(item_id, amount) for item_id, amount in shares if item_id not in there]
    apply_shares(session, payment, left, by=by, at=at)


def apply_shares(
    session: Session, payment: Payment, shares: Shares, *, by: str, at: datetime
) -> bool:
    """Whether what is left of a settled payment was applied: so much to each item as it takes.

    Not while a hosted page may take the money of one of the items: that one is asked to end.
    """
    business = BusinessKey(payment.business)
    ids = [item_id for item_id, _ in shares]
    locked(session, business, payment.customer_id or "", *ids)
    if not shares or unwanted_checkout(session, business, ids):
        return False
    left = rest(session, payment)
    for item_id, amount in shares:
        item = invoices.by_id(session, business, item_id)
        fits = _fits(session, payment, item, min(amount, left))
        if item is not None and fits.is_positive:
            apply(session, Application(item, fits, payment, by=by), at=at)
            left = left - fits
    return True


def withdraw(session: Session, payment: Payment, *, because: str, by: str, at: datetime) -> None:
    """End a memo that brought no money. Raises Refused when it has been settled."""
    locked(session, BusinessKey(payment.business), payment.customer_id or "")
    session.refresh(payment, with_for_update=True)
    if payment.state == PaymentState.WITHDRAWN:
        return
    if PaymentState.WITHDRAWN not in PAYMENT_MOVES[PaymentState(payment.state)]:
        raise Refused(f"Payment {payment.id} is {payment.state}: undo it instead.")
    payment.state = PaymentState.WITHDRAWN.value
    payment.returned_at, payment.returned_by, payment.returned_because = at, by, because


def proposed(session: Session, business: BusinessKey, payment_id: str) -> list[tuple[str, Money]]:
    """What an announced payment is to pay: items by id, with the amounts."""
    rows = store.every(
        session, ProposedAllocation, order="item_id", business=business, payment_id=payment_id
    )
    return [(row.item_id, row.amount) for row in rows]


def announced_for(
    session: Session, business: BusinessKey, item_ids: Sequence[str]
) -> dict[str, list[tuple[Payment, Money]]]:
    """Announced payments by the item they are to pay, with how much of it, the first first."""
    found: dict[str, list[tuple[Payment, Money]]] = {}
    rows = session.execute(
        select(Payment, ProposedAllocation)
        .join(
            ProposedAllocation,
            (ProposedAllocation.business == Payment.business)
            & (ProposedAllocation.payment_id == Payment.id),
        )
        .where(
            Payment.business == business,
            Payment.state == PaymentState.ANNOUNCED.value,
            ProposedAllocation.item_id.in_(item_ids),
        )
        .order_by(Payment.registered_at, Payment.id)
    )
    for payment, row in rows:
        found.setdefault(row.item_id, []).append((payment, row.amount))
    return found


def settled_of(
    session: Session, business: BusinessKey, customer_id: str, amount: Money
) -> Sequence[Payment]:
    """A customer's settled payments of just this amount, the last first."""
    return session.scalars(
        select(Payment)
        .where(
            Payment.business == business,
            Payment.customer_id == customer_id,
            Payment.currency == amount.currency,
            Payment.amount_minor == amount.minor,
            Payment.state == PaymentState.SETTLED.value,
        )
        .order_by(Payment.registered_at.desc(), Payment.id)
    ).all()


def _propose(session: Session, payment: Payment, shares: Shares) -> None:
    together = total((amount for _, amount in shares), payment.currency)
    if together > payment.amount:
        raise Refused(f"{together} is to be paid with {payment.amount}: that is more than it is.")
    for item_id, amount in shares:
        item = invoices.by_id(session, BusinessKey(payment.business), item_id)
        if item is None or item.customer_id != payment.customer_id:
            raise Refused(f"{item.number if item else item_id} is another customer's.")
        if not amount.is_positive:
            raise Refused(f"{amount} is no payment for {item.number}.")
        session.add(
            ProposedAllocation(
                business=payment.business,
                payment_id=payment.id,
                item_id=item_id,
                currency=amount.currency,
                amount_minor=amount.minor,
            )
        )
    session.flush()


def _forget(session: Session, payment: Payment) -> None:
    for row in store.every(
        session,
        ProposedAllocation,
        order="item_id",
        business=payment.business,
        payment_id=payment.id,
    ):
        session.delete(row)
    session.flush()


def _settle(session: Session, payment: Payment, word: Confirmation, *, at: datetime) -> None:
    if payment.customer_id is None:
        raise PermanentError(f"Payment {payment.id} is nobody's.")
    payment.state = PaymentState.SETTLED.value
    # One word settles one memo: the memo is what the evidence is about.
    payment.evidence_type, payment.evidence_id = STAFF_EVIDENCE, f"announced:{payment.id}"
    payment.settled_at, payment.registered_by = at, word.by
    payment.paid_on = payment.paid_on or word.paid_on
    session.flush()
    post_settled(session, payment, at=at)


def _fits(session: Session, payment: Payment, item: Invoice | None, most: Money) -> Money:
    if item is None:
        return zero(payment.currency)
    return min(payable(session, item, payment.currency), most)
