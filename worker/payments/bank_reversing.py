"""Bank entries that take back a credit: the payment is returned and what it paid is open again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from worker import customers, ledger, review
from worker.kernel.events import BankEntriesRecorded, PaymentReturned
from worker.kernel.ids import BusinessKey
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import holding, locked, take_off
from worker.payments.bank_entries import BankEntry, Outcome
from worker.payments.model import Payment, PaymentState
from worker.payments.returning_payouts import take_back
from worker.store import tell

_TAKEN = "The bank took it back."
_UNKNOWN = "It takes back a credit that is not here, or not for certain: look which."


def give_back(session: Session, entry: BankEntry, *, at: datetime) -> tuple[Outcome, str]:
    """Undo the credit that this entry takes back, where there is no doubt which."""
    credit = _taken_back(session, entry)
    if credit is None:
        return Outcome.LOST, _UNKNOWN
    payment = records.by_id(session, BusinessKey(entry.business), credit.payment_id or "")
    if payment is None:
        return Outcome.LOST, _UNKNOWN
    _return(session, payment, at=at)
    entry.reverses_id = credit.id
    business = BusinessKey(entry.business)
    review.settle(session, business, credit.id, answer=_TAKEN, by="tillmail", at=at)
    return Outcome.REVERSAL, f"It takes back payment {payment.id}."


def look_for_lost(session: Session, business: BusinessKey, account: str, *, at: datetime) -> None:
    """Look again for the credits of entries that came before what they take back."""
    lost = session.scalars(
        select(BankEntry)
        .where(
            BankEntry.business == business,
            BankEntry.account == account,
            BankEntry.outcome == Outcome.LOST.value,
        )
        .order_by(BankEntry.booked_on, BankEntry.position)
    ).all()
    for entry in lost:
        outcome, because = give_back(session, entry, at=at)
        entry.outcome, entry.because = outcome.value, because
        session.flush()


def let_go(session: Session, payment: Payment) -> None:
    """Have the entry that proved a payment be settled anew: the payment is undone by staff."""
    entry = session.scalar(
        select(BankEntry).where(
            BankEntry.business == payment.business, BankEntry.payment_id == payment.id
        )
    )
    if entry is not None:
        entry.payment_id = entry.outcome = entry.because = entry.settled_at = None
        tell(session, BankEntriesRecorded(BusinessKey(payment.business), entry.statement_id))


def _taken_back(session: Session, entry: BankEntry) -> BankEntry | None:
    alike = _credits_like(session, entry)
    for is_same in _SIGNS:
        found = [credit for credit in alike if is_same(entry, credit)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _credits_like(session: Session, entry: BankEntry) -> Sequence[BankEntry]:
    """Credits of the same amount, no later than the entry, that nothing has taken back yet."""
    taken = select(BankEntry.reverses_id).where(
        BankEntry.business == entry.business, BankEntry.reverses_id.is_not(None)
    )
    return session.scalars(
        select(BankEntry).where(
            BankEntry.business == entry.business,
            BankEntry.account == entry.account,
            BankEntry.amount_minor == -entry.amount_minor,
            BankEntry.payment_id.is_not(None),
            BankEntry.id.not_in(taken),
            or_(BankEntry.booked_on.is_(None), BankEntry.booked_on <= entry.booked_on)
            if entry.booked_on
            else BankEntry.payment_id.is_not(None),
        )
    ).all()


def _return(session: Session, payment: Payment, *, at: datetime) -> None:
    business = BusinessKey(payment.business)
    if payment.customer_id is not None:
        customers.lock(session, business, payment.customer_id)
        ids = [a.item_id for a in records.allocations_of(session, business, payment.id)]
        locked(session, business, payment.customer_id, *ids)
    session.refresh(payment, with_for_update=True)
    if payment.state != PaymentState.SETTLED:
        return
    for allocation in records.allocations_of(session, business, payment.id):
        take_off(session, allocation, at=at)
    payment.state = PaymentState.RETURNED.value
    payment.returned_at, payment.returned_because = at, _TAKEN
    who = payment.customer_id
    legs = [
        ledger.debit(holding(payment), payment.amount, customer_id=who),
        ledger.credit(Account.BANK, payment.amount, customer_id=who),
    ]
    ledger.post(session, business, source=f"payment-undone:{payment.id}", legs=legs, at=at)
    take_back(session, business, payment.id, at=at)
    if who is not None:
        tell(session, PaymentReturned(business, payment.id))


def _same_end_to_end(entry: BankEntry, credit: BankEntry) -> bool:
    return entry.end_to_end_id is not None and entry.end_to_end_id == credit.end_to_end_id


def _same_reference(entry: BankEntry, credit: BankEntry) -> bool:
    return entry.reference is not None and entry.reference == credit.reference


def _same_words(entry: BankEntry, credit: BankEntry) -> bool:
    said = _plain(credit.said)
    return len(said) > 8 and said in _plain(entry.said)


def _same_payer(entry: BankEntry, credit: BankEntry) -> bool:
    return entry.payer_account is not None and entry.payer_account == credit.payer_account


def _plain(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())


# The surest first; where a sign fits several credits, a person looks.
_SIGNS: tuple[Callable[[BankEntry, BankEntry], bool], ...] = (
    _same_end_to_end,
    _same_reference,
    _same_words,
    _same_payer,
)
