"""Applying money to an item, and taking it off again: the two moves that every verb is made of.

What a payment brought and nothing has used stands on one account: the gateway's money on the
customer's balance, what staff registered or the bank told of in unapplied cash (unidentified while
nobody knows whose it is). Applying moves from there to what the customer owes; undoing moves it
back. Callers hold the customer's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, invoices, ledger
from worker.invoices import Invoice, State
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import CheckoutUnwanted, CreditRequestPaid
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, total, zero
from worker.ledger import Account
from worker.payments import finding_checkouts, lanes, payouts, records
from worker.payments.model import Allocation, CheckoutState, Payment, PaymentState
from worker.store import tell

STRIPE_EVIDENCE = "stripe_payment"
STAFF_EVIDENCE = "staff"
BANK_EVIDENCE = "bank_entry"
# What staff or the bank told of, and nobody has used yet, is unapplied cash; the rest is balance.
UNAPPLIED_EVIDENCE = (STAFF_EVIDENCE, BANK_EVIDENCE)
_PAYABLE = {State.OPEN, State.PART_PAID}


@dataclass(frozen=True, slots=True)
class Application:
    """What is applied to which item: from a payment, a credit note, an accepted deduction with the
    account that bears it, or (none of them) the balance.
    """

    item: Invoice
    amount: Money
    payment: Payment | None = None
    credit_note: Invoice | None = None
    by: str | None = None
    bearer: Account | None = None


def locked(session: Session, business: BusinessKey, customer_id: str, *item_ids: str) -> None:
    """Lock the customer, then the items by id: in this order everywhere."""
    customers.lock(session, business, customer_id)
    for item_id in sorted(set(item_ids)):
        if invoices.lock(session, business, item_id) is None:
            raise PermanentError(f"Invoice {item_id} is missing.")


def payable(session: Session, item: Invoice, currency: str) -> Money:
    """How much money of a currency the item can take now."""
    owed = invoices.still_to_pay(session, item)
    is_open = not item.is_credit and invoices.state_of(item, owed) in _PAYABLE
    return owed if is_open and owed.currency == currency else zero(currency)


def holding(payment: Payment) -> Account:
    """Where the part of a payment stands that is not applied."""
    if payment.evidence_type not in UNAPPLIED_EVIDENCE:
        return Account.CUSTOMER_BALANCE
    return Account.UNAPPLIED_CASH if payment.customer_id else Account.UNIDENTIFIED_CASH


def identify(session: Session, payment: Payment, customer_id: str, *, at: datetime) -> bool:
    """Whose money unidentified cash is; whether that was not known before.

    Raises Refused when somebody else found another owner meanwhile.
    """
    if payment.customer_id is not None:
        if payment.customer_id != customer_id:
            raise Refused(f"Payment {payment.id} is another customer's.")
        return False
    if _is_payout(session, payment):
        raise Refused(f"Payment {payment.id} is a payout of Stripe. It is no customer's money.")
    legs = [ledger.debit(holding(payment), payment.amount)]
    payment.customer_id = customer_id
    legs.append(ledger.credit(holding(payment), payment.amount, customer_id=customer_id))
    source = f"payment-identified:{payment.id}"
    ledger.post(session, BusinessKey(payment.business), source=source, legs=legs, at=at)
    return True


def rest(session: Session, payment: Payment) -> Money:
    """What a payment brought and is applied to nothing; of a payout of the gateway, nothing."""
    if payment.state != PaymentState.SETTLED or _is_payout(session, payment):
        return zero(payment.currency)
    applied = records.allocations_of(session, BusinessKey(payment.business), payment.id)
    return payment.principal - total((a.amount for a in applied), payment.currency)


def _is_payout(session: Session, payment: Payment) -> bool:
    if payment.customer_id is not None or payment.evidence_type != BANK_EVIDENCE:
        return False
    payout = payouts.of_payment(session, BusinessKey(payment.business), payment.id)
    return payout is not None and payout.is_at_bank


def balance(session: Session, business: BusinessKey, customer_id: str, currency: str) -> Money:
    """What a customer has prepaid, overpaid or been credited, and not used yet."""
    return -ledger.held_for_customer(
        session, business, Account.CUSTOMER_BALANCE, customer_id, currency
    )


def note_allocation(session: Session, application: Application, *, at: datetime) -> Allocation:
    """The row of an application; the caller posts it."""
    allocation = allocation_of(application, at=at)
    session.add(allocation)
    session.flush()
    raise_balance(session, application.item, allocation, at=at)
    return allocation


def raise_balance(session: Session, item: Invoice, allocation: Allocation, *, at: datetime) -> None:
    """What was paid of a credit request stands on its customer's balance: posted once."""
    if item.is_credit_request:
        _prepaid(session, allocation, item.customer_id, allocation.amount, "prepaid", at=at)
        tell(session, CreditRequestPaid(BusinessKey(item.business), allocation.id))


def allocation_of(application: Application, *, at: datetime) -> Allocation:
    """The row of an application, not written yet."""
    item, amount = application.item, application.amount
    return Allocation(
        business=item.business,
        id=new_id("alc"),
        payment_id=application.payment.id if application.payment else None,
        credit_note_id=application.credit_note.id if application.credit_note else None,
        bearer=application.bearer.value if application.bearer else None,
        item_id=item.id,
        currency=amount.currency,
        amount_minor=amount.minor,
        allocated_at=at,
        allocated_by=application.by,
    )


def apply(session: Session, application: Application, *, at: datetime) -> Allocation:
    """Apply what stands on the holding account of a payment, or on the balance, to an item."""
    item, amount, payment = application.item, application.amount, application.payment
    source = holding(payment) if payment else Account.CUSTOMER_BALANCE
    allocation = note_allocation(session, application, at=at)
    who = item.customer_id
    ledger.post(
        session,
        BusinessKey(item.business),
        source=f"allocated:{allocation.id}",
        legs=[
            ledger.debit(source, amount, customer_id=who),
            ledger.credit(Account.RECEIVABLE, amount, customer_id=who, item_id=item.id),
        ],
        at=at,
    )
    return allocation


def take_off(session: Session, allocation: Allocation, *, at: datetime) -> None:
    """Undo an application: the item is open again, and the money stands where it stood before."""
    if allocation.credit_note_id is not None:
        raise PermanentError(f"Allocation {allocation.id} is of a credit note, and that stands.")
    business = BusinessKey(allocation.business)
    payment = records.by_id(session, business, allocation.payment_id or "")
    item = invoices.by_id(session, business, allocation.item_id)
    who = item.customer_id if item else None
    if item is not None and item.is_credit_request:
        _lower_balance(session, allocation, item, at=at)
    back = holding(payment) if payment else Account(allocation.bearer or Account.CUSTOMER_BALANCE)
    of_item = allocation.item_id if allocation.bearer else None
    allocation.undone_at = at
    ledger.post(
        session,
        business,
        source=f"allocation-undone:{allocation.id}",
        legs=[
            ledger.debit(
                Account.RECEIVABLE, allocation.amount, customer_id=who, item_id=allocation.item_id
            ),
            ledger.credit(back, allocation.amount, customer_id=who, item_id=of_item),
        ],
        at=at,
    )


def reserve(session: Session, item: Invoice, *, at: datetime) -> None:
    """Raises Refused while the item's money may be taken in another way: by a page, or a charge."""
    business = BusinessKey(item.business)
    if unwanted_checkout(session, business, [item.id]):
        if (
            finding_checkouts.being_paid(session, business, [item.id])[item.id]
            is CheckoutState.PROCESSING
        ):
            raise Refused(
                f"A bank debit for {item.number} is under way: wait until the bank has decided."
            )
        raise Refused(f"A payment page for {item.number} is open. Try again in a moment.")
    if lanes.is_busy(session, business, item.id, at=at):
        raise Refused(f"A stored card is being charged for {item.number}. Try again in a moment.")


def _lower_balance(session: Session, undone: Allocation, item: Invoice, *, at: datetime) -> None:
    """What a credit request had brought is gone; what the balance paid with it is open again.

    A refund may have used the balance and left what its own payment paid: then that is open.
    """
    business, who, code = BusinessKey(item.business), item.customer_id or "", item.currency
    whose = (session, business, who, code)
    for used in [*records.paid_by_balance(*whose), *records.paid_on(*whose, STRIPE_EVIDENCE)]:
        missing = undone.amount - balance(session, business, who, code)
        if not missing.is_positive:
            break
        take_off(session, used, at=at)
        paid = invoices.by_id(session, business, used.item_id)
        if used.amount > missing and paid is not None:
            source = records.by_id(session, business, used.payment_id or "")
            rest = Application(paid, used.amount - missing, source, by=used.allocated_by)
            apply(session, rest, at=at)
    _prepaid(session, undone, who, -undone.amount, "prepaid-undone", at=at)


def _prepaid(
    session: Session,
    allocation: Allocation,
    who: str | None,
    amount: Money,
    what: str,
    *,
    at: datetime,
) -> None:
    about = {"customer_id": who, "item_id": allocation.item_id}
    legs = [
        ledger.debit(Account.CREDIT_REQUESTED, amount, **about),
        ledger.credit(Account.CUSTOMER_BALANCE, amount, customer_id=who),
    ]
    source = f"{what}:{allocation.id}"
    ledger.post(session, BusinessKey(allocation.business), source=source, legs=legs, at=at)


def unwanted_checkout(session: Session, business: BusinessKey, item_ids: Sequence[str]) -> bool:
    """Whether a hosted page may still take an item's money; if so it is asked to be ended.

    A bank debit that is under way cannot be: whoever asks waits until the bank has decided.
    """
    live = [
        found for i in item_ids if (found := finding_checkouts.live_checkout(session, business, i))
    ]
    for checkout in live:
        if checkout.state != CheckoutState.PROCESSING:
            tell(session, CheckoutUnwanted(business, checkout.id))
    return bool(live)
