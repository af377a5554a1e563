"""Payouts that did not stay at the bank: taken back by its line, or failed by the gateway's word.

A payout that is paid may fail days later; then the money is at the gateway again, and a movement
`payout_failure` takes it into a later payout (docs.stripe.com/payouts#payout-failures). Whichever
of bank and gateway is heard first undoes the posting, once; what the gateway kept stays a cost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import ledger, review, store
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.ledger import Account
from worker.payments.bank_entries import BankEntry
from worker.payments.payouts import Payout, kept, line_of, of_payment, payout_state
from worker.payments.ports import PayoutFacts

_CLEARING = Account.GATEWAY_CLEARING
_FAILED = "payout_failed"


def take_back(session: Session, business: BusinessKey, payment_id: str, *, at: datetime) -> None:
    """The bank took the line of a payout back: the gateway has the money again, its fees stay."""
    met = of_payment(session, business, payment_id)
    # The gateway may tell of its failure at this very moment.
    payout = store.lock(session, Payout, business, met.id) if met is not None else None
    if payout is None or payout.returned_at is not None:
        return
    if payout.is_at_bank:
        _undo(session, payout, f"payout-returned:{payout.id}", at=at)
    payout.returned_at = at
    answer = "The bank took it back, and the books have it so."
    review.settle(session, business, payout.id, answer=answer, by="tillmail", at=at)


def fail(session: Session, business: BusinessKey, facts: PayoutFacts, *, at: datetime) -> Payout:
    """The gateway says that the bank did not take it: booked once, and a person is told.

    Where a line of the bank had brought it, that money is nobody's again until the bank takes it
    back or a person knows better.
    """
    payout = kept(session, business, facts, at=at)
    if payout.failed_at is not None:
        return payout
    if payout.is_at_bank:
        _undo(session, payout, f"payout-failed:{payout.id}", at=at)
    payout.failed_at, payout.failure = at, facts.failure or "Stripe does not say why."
    # What may be in the way of its parts is told anew: it is another question by now.
    payout.problem = None
    review.settle(session, business, payout.id, answer="It failed.", by="Stripe", at=at)
    keep_fees(session, payout, at=at)
    _tell(session, payout, line_of(session, payout), at=at)
    return payout


def release(
    session: Session, business: BusinessKey, payout_id: str, *, by: str, at: datetime
) -> BankEntry:
    """The bank's line of a failed payout, which staff say is another's: it may be met anew.

    Raises Refused when there is none to release.
    """
    payout = store.lock(session, Payout, business, payout_id)
    line = line_of(session, payout) if payout is not None else None
    if payout is None or line is None:
        raise Refused(
            f"No line of the bank is payout {payout_id}'s. See: tillmail payments payouts"
        )
    if payout.failed_at is None or payout.returned_at is not None:
        raise Refused(
            f"Payout {payout_id} is {payout_state(payout)}: only of one that failed, and that the "
            "bank has not taken back, the line may be another's."
        )
    payout.entry_id = None
    line.because = f"{by} says that it is not Stripe's payout {payout_id}, which failed."
    answer = "Its line is another's."
    review.settle(session, business, payout_id, answer=answer, by=by, at=at, kind=_FAILED)
    return line


def keep_fees(session: Session, payout: Payout, *, at: datetime) -> None:
    """What the gateway kept is a cost, also of a payout that never came to be at the bank."""
    cost = payout.cost
    is_elsewhere = payout.failed_at is None or payout.reconciled_at is not None
    if is_elsewhere or cost is None or cost.is_zero:
        return
    legs = [ledger.debit(Account.PROCESSING_COST, cost), ledger.credit(_CLEARING, cost)]
    source = f"payout-fees:{payout.id}"
    ledger.post(session, BusinessKey(payout.business), source=source, legs=legs, at=at)


def _undo(session: Session, payout: Payout, source: str, *, at: datetime) -> None:
    legs = [
        ledger.debit(_CLEARING, payout.amount),
        ledger.credit(Account.UNIDENTIFIED_CASH, payout.amount),
    ]
    ledger.post(session, BusinessKey(payout.business), source=source, legs=legs, at=at)


def _tell(session: Session, payout: Payout, line: BankEntry | None, *, at: datetime) -> None:
    evidence: dict[str, Any] = {"stripe_says": payout.failure, "arrives_on": payout.arrives_on}
    why = (payout.failure or "").rstrip(".")
    text = f"Stripe's payout {payout.id} over {payout.amount} failed: {why}. "
    choices = ["done", "tillmail payments payouts"]
    if line is None:
        text += "The money is at Stripe again and goes out with a later payout. "
    elif payout.returned_at is not None:
        text += "The bank took it back, too. The money goes out with a later payout. "
    else:
        line.because = f"Stripe's payout {payout.id} was met with it, and failed since."
        text += (
            f"But the bank's line of {line.booked_on} brought it and is not taken back. That money "
            "is nobody's again: if the bank takes it back, it is booked by itself; if it is a "
            "customer's, or another payout's, say so. "
        )
        evidence |= {
            "bank_line": line.id,
            "bank_booked_on": line.booked_on,
            "bank_says": line.said[:300],
            "payment": line.payment_id,
        }
        choices += [
            f"tillmail payments allocate {line.payment_id} INVOICE",
            f"tillmail payments release {payout.id}",
        ]
    text += "See at Stripe that the bank account it pays to is right."
    shown = {name: str(value) for name, value in evidence.items()}
    question = review.Question(_FAILED, payout.id, text, shown, choices)
    review.ask(session, BusinessKey(payout.business), question, at=at)
