"""A claim's life: announced as a memo, and how it ends without money."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, payments, review
from worker.kernel.errors import Refused
from worker.kernel.events import PaymentRegistered
from worker.kernel.ids import BusinessKey
from worker.payments import Announcement, Method, Payment
from worker.remittance import records
from worker.remittance.advices import ADVICE_MOVES, Advice, AdviceState
from worker.store import tell


def announce(session: Session, advice: Advice, lapse: timedelta, *, at: datetime) -> Payment:
    """The memo of an advice, with its lines as what it is to pay; else raises Refused.

    An earlier memo for the same items is replaced: the later word of the payer counts.
    """
    business = BusinessKey(advice.business)
    customer = customers.by_id(session, business, advice.customer_id or "")
    amount = advice.amount
    if customer is None or amount is None:
        raise Refused("Whose payment it is, or how much, is not clear: say INVOICE and AMOUNT.")
    shares = [(line.item_id, line.amount) for line in records.lines_of(session, advice)]
    if any(not share.is_positive for _, share in shares):
        raise Refused("It nets a credit note: say what each invoice gets, as INVOICE and AMOUNT.")
    supersede(session, advice, {item_id for item_id, _ in shares}, at=at)
    told = Announcement(
        amount, _method(advice), shares, advice.paid_on, reference=advice.reference or ""
    )
    payment = payments.announce(session, customer, told, at=at)
    advice.payment_id = payment.id
    advice.lapses_at = at + lapse
    move(advice, AdviceState.ANNOUNCED)
    session.flush()
    tell(session, PaymentRegistered(business, payment.id))
    return payment


def supersede(
    session: Session, advice: Advice, item_ids: set[str], *, at: datetime
) -> list[Advice]:
    """End the customer's earlier claims that wait for the same items."""
    business = BusinessKey(advice.business)
    ended = []
    for earlier in records.of_customer(session, business, advice.customer_id or ""):
        if earlier.id == advice.id or earlier.state != AdviceState.ANNOUNCED:
            continue
        if not item_ids & {line.item_id for line in records.lines_of(session, earlier)}:
            continue
        because = f"A later advice took its place: {advice.id}."
        withdraw(session, earlier, AdviceState.SUPERSEDED, because=because, by="payer", at=at)
        earlier.other_id = advice.id
        ended.append(earlier)
    return ended


def withdraw(
    session: Session, advice: Advice, to: AdviceState, *, because: str, by: str, at: datetime
) -> None:
    """End a claim and its memo."""
    business = BusinessKey(advice.business)
    payment = payments.by_id(session, business, advice.payment_id or "")
    if payment is not None:
        payments.withdraw(session, payment, because=because, by=by, at=at)
    end(session, advice, to, because=because, by=by, at=at)


def end(
    session: Session, advice: Advice, to: AdviceState, *, because: str, by: str, at: datetime
) -> None:
    """Write down how a claim ended, and close what is asked about it."""
    move(advice, to)
    advice.ended_at, advice.ended_by, advice.ended_because = at, by, because
    review.settle(session, BusinessKey(advice.business), advice.id, answer=because, by=by, at=at)


def move(advice: Advice, to: AdviceState) -> None:
    """The next state; Refused where there is no such way."""
    if to not in ADVICE_MOVES[AdviceState(advice.state)]:
        raise Refused(f"Advice {advice.id} is {advice.state} by now. Nothing was changed.")
    advice.state = to.value


def _method(advice: Advice) -> Method:
    try:
        return Method(advice.method or "")
    except ValueError:
        return Method.BANK_TRANSFER
