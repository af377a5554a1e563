"""Money that staff say has come in: registered on their word, applied, and undone on their word.

A member of staff is evidence. What they type is known by what it says, so that the same line of the
same file does nothing the second time, and the same words typed twice are asked about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from worker import ledger
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.kernel.events import PaymentReturned, PaymentSettled
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import (
    STAFF_EVIDENCE,
    STRIPE_EVIDENCE,
    UNAPPLIED_EVIDENCE,
    Application,
    apply,
    holding,
    identify,
    locked,
    payable,
    reserve,
    rest,
    take_off,
)
from worker.payments.bank_reversing import let_go
from worker.payments.model import PAYMENT_MOVES, Allocation, Payment, PaymentState
from worker.store import tell


class Method(StrEnum):
    """How money came in without the gateway."""

    BANK_TRANSFER = "bank_transfer"
    CHEQUE = "cheque"
    CASH = "cash"
    CARD = "card"
    DIRECT_DEBIT = "direct_debit"


_ACCOUNTS = {
    Method.BANK_TRANSFER: Account.BANK,
    Method.CHEQUE: Account.BANK,
    Method.DIRECT_DEBIT: Account.BANK,
    Method.CASH: Account.CASH,
    # A card terminal pays out later, as the gateway does.
    Method.CARD: Account.OTHER_CLEARING,
}


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody says came in. `nth` tells payments apart that say the same."""

    amount: Money
    method: Method
    paid_on: date
    by: str
    reference: str = ""
    note: str = ""
    nth: int = 1


def register(
    session: Session,
    customer: Customer,
    item: Invoice | None,
    registration: Registration,
    *,
    at: datetime,
) -> Payment:
    """The payment, settled on the word of staff and applied to the item as far as that takes it.

    What is more stays as unapplied cash. Raises Refused when the amount is none, when the item is
    somebody else's, or while a hosted page may still take its money.
    """
    business = BusinessKey(customer.business)
    if not registration.amount.is_positive:
        raise Refused("A payment is more than nothing.")
    if item is not None and item.customer_id != customer.id:
        raise Refused(f"Invoice {item.number} is not {customer.name}'s.")
    locked(session, business, customer.id, *([item.id] if item else []))
    if item is not None:
        reserve(session, item, at=at)
    payment = _payment(customer, item, registration, at=at)
    session.add(payment)
    session.flush()
    post_settled(session, payment, at=at)
    if item is not None:
        amount = min(payment.amount, payable(session, item, payment.currency))
        if amount.is_positive:
            apply(session, Application(item, amount, payment, by=registration.by), at=at)
    tell(session, PaymentSettled(business, payment.id))
    return payment


def registered_before(
    session: Session, customer: Customer, item: Invoice | None, registration: Registration
) -> Payment | None:
    """The payment that was registered in the same words, also if it was undone since."""
    evidence = _evidence(customer, item, registration)
    return records.settled_by(session, BusinessKey(customer.business), STAFF_EVIDENCE, evidence)


def allocate(
    session: Session,
    payment: Payment,
    item: Invoice,
    amount: Money | None,
    *,
    by: str,
    at: datetime,
) -> Allocation:
    """Apply unapplied cash to an item: so much, or as much as both have.

    Raises Refused when either has less, or while a hosted page may still take the item's money.
    """
    business = BusinessKey(payment.business)
    if payment.evidence_type not in UNAPPLIED_EVIDENCE:
        raise Refused("What is left of it stands on the balance: use tillmail credits apply.")
    owing = payment.customer_id or item.customer_id
    if owing is None or item.customer_id != owing:
        raise Refused(f"Invoice {item.number} is another customer's.")
    locked(session, business, owing, item.id)
    session.refresh(payment, with_for_update=True)
    left, owed = rest(session, payment), payable(session, item, payment.currency)
    wanted = min(left, owed) if amount is None else amount
    if not wanted.is_positive or wanted > left or wanted > owed:
        raise Refused(
            f"{left} of the payment is not applied yet and {owed} is to be paid of {item.number}: "
            "name an amount that is no more than either."
        )
    reserve(session, item, at=at)
    was_nobodys = identify(session, payment, owing, at=at)
    applied = apply(session, Application(item, wanted, payment, by=by), at=at)
    if was_nobodys:
        tell(session, PaymentSettled(business, payment.id))
    return applied


def undo(session: Session, payment: Payment, *, because: str, by: str, at: datetime) -> None:
    """Take back a payment that staff registered: its items are open again, the postings reversed.

    Raises Refused for the gateway's money, which goes back by a refund, for the bank's, which the
    bank's own file takes back, and for what is undone.
    """
    business = BusinessKey(payment.business)
    if payment.evidence_type == STRIPE_EVIDENCE:
        raise Refused(
            f"Payment {payment.id} came through Stripe, which has the money. To give it back: "
            f"tillmail payments refund {payment.id}"
        )
    if payment.evidence_type != STAFF_EVIDENCE or payment.customer_id is None:
        raise Refused(
            f"Payment {payment.id} came by bank: the bank's file that takes it back undoes it."
        )
    applied = records.allocations_of(session, business, payment.id)
    locked(session, business, payment.customer_id, *(a.item_id for a in applied))
    session.refresh(payment, with_for_update=True)
    if PaymentState.RETURNED not in PAYMENT_MOVES[PaymentState(payment.state)]:
        raise Refused(f"Payment {payment.id} was undone already.")
    for allocation in records.allocations_of(session, business, payment.id):
        take_off(session, allocation, at=at)
    payment.state = PaymentState.RETURNED.value
    payment.returned_at, payment.returned_by, payment.returned_because = at, by, because
    legs = [
        ledger.debit(holding(payment), payment.amount, customer_id=payment.customer_id),
        ledger.credit(
            _ACCOUNTS[Method(payment.method)], payment.amount, customer_id=payment.customer_id
        ),
    ]
    ledger.post(session, business, source=f"payment-undone:{payment.id}", legs=legs, at=at)
    let_go(session, payment)
    tell(session, PaymentReturned(business, payment.id))


def _payment(
    customer: Customer, item: Invoice | None, registration: Registration, *, at: datetime
) -> Payment:
    return Payment(
        business=customer.business,
        id=new_id("pay"),
        customer_id=customer.id,
        state=PaymentState.SETTLED.value,
        currency=registration.amount.currency,
        amount_minor=registration.amount.minor,
        method=registration.method.value,
        evidence_type=STAFF_EVIDENCE,
        evidence_id=_evidence(customer, item, registration),
        registered_at=at,
        settled_at=at,
        reference=registration.reference or None,
        note=registration.note or None,
        paid_on=registration.paid_on,
        registered_by=registration.by,
    )


def _evidence(customer: Customer, item: Invoice | None, registration: Registration) -> str:
    """What the words say, whoever says them: another clerk's same line is the same payment."""
    said = (
        customer.id,
        item.id if item else None,
        registration.amount.minor,
        registration.amount.currency,
        registration.method.value,
        registration.paid_on.isoformat(),
        " ".join(registration.reference.split()).casefold(),
        registration.nth,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def post_settled(session: Session, payment: Payment, *, at: datetime) -> None:
    """Post money that staff vouch for: where its method brings it, and as not applied yet."""
    who = payment.customer_id
    legs = [
        ledger.debit(_ACCOUNTS[Method(payment.method)], payment.amount, customer_id=who),
        ledger.credit(holding(payment), payment.amount, customer_id=who),
    ]
    source = f"payment-settled:{payment.id}"
    ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)
