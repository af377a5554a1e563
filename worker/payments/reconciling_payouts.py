"""Payouts that add up, met with the bank's own line for each.

Only then is one posted, once: Dr unidentified cash, where the bank's line stands, Dr processing
cost, Cr gateway clearing. A line without a payout, and a payout without a line, are for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import ledger, review, store
from worker.kernel.ids import BusinessKey
from worker.kernel.money import zero
from worker.ledger import Account
from worker.payments.bank_entries import BankEntry
from worker.payments.payouts import Payout, bank_told_until, failed_alike, unmet_lines, waiting

# The bank books within days of the day that the gateway names.
_DAYS_EARLY, _DAYS_LATE = 3, 10
_WAITS_FOR = timedelta(days=3)


def reconcile(session: Session, business: BusinessKey, *, at: datetime) -> int:
    """Post every payout that adds up and that one line of the bank surely is; gives how many.

    A line that says it is a payout, and that no payout is after days, is for a person, once; so is
    a payout that is none of the lines of its time.
    """
    due, lines = waiting(session, business), unmet_lines(session, business)
    free = [entry for entry in lines if not _names_failed(session, entry)]
    done = 0
    for payout in due:
        entry = _line_of(payout, due, free) if payout.cost_minor is not None else None
        if entry is not None:
            _post(session, payout, entry, at=at)
            lines.remove(entry)
            free.remove(entry)
            done += 1
    for entry in lines:
        if entry.settled_at is not None and entry.settled_at + _WAITS_FOR <= at:
            _ask_about_line(session, entry, at=at)
    for payout in due:
        if payout.entry_id is None and payout.cost_minor is not None:
            _ask_about_payout(session, payout, at=at)
    return done


def _post(session: Session, payout: Payout, entry: BankEntry, *, at: datetime) -> None:
    business = BusinessKey(payout.business)
    cost = payout.cost if payout.cost is not None else zero(payout.currency)
    legs = [ledger.debit(Account.UNIDENTIFIED_CASH, payout.amount)]
    if not cost.is_zero:
        legs.append(ledger.debit(Account.PROCESSING_COST, cost))
    legs.append(ledger.credit(Account.GATEWAY_CLEARING, payout.amount + cost))
    ledger.post(session, business, source=f"payout:{payout.id}", legs=legs, at=at)
    payout.entry_id, payout.reconciled_at = entry.id, at
    entry.because = f"It is Stripe's payout {payout.id}."
    answer = f"It is payout {payout.id}."
    for subject in (entry.id, payout.id):
        review.settle(session, business, subject, answer=answer, by="tillmail", at=at)
    session.flush()


def _line_of(payout: Payout, due: Sequence[Payout], lines: Sequence[BankEntry]) -> BankEntry | None:
    """The one line that names the payout, or the only one that it can be, and it only that."""
    fitting = [entry for entry in lines if _fits(payout, entry)]
    named = [entry for entry in fitting if _names(entry, payout)]
    if len(named) == 1:
        return named[0]
    if len(fitting) != 1:
        return None
    rivals = [other for other in due if other.entry_id is None and _fits(other, fitting[0])]
    return fitting[0] if rivals == [payout] else None


def _fits(payout: Payout, entry: BankEntry) -> bool:
    if (entry.amount_minor, entry.currency) != (payout.amount_minor, payout.currency):
        return False
    days = (entry.booked_on - payout.arrives_on).days if entry.booked_on else 0
    return -_DAYS_EARLY <= days <= _DAYS_LATE


def _names_failed(session: Session, entry: BankEntry) -> bool:
    """Whether a line is of a payout that failed, by its own words: then it is no other's."""
    return any(_names(entry, payout) for payout in failed_alike(session, entry))


def _names(entry: BankEntry, payout: Payout) -> bool:
    said = " ".join((entry.said, entry.end_to_end_id or "", *entry.structured)).upper()
    words = [word.upper() for word in (payout.id, payout.reference) if word]
    return any(word in said for word in words)


def _ask_about_line(session: Session, entry: BankEntry, *, at: datetime) -> None:
    business = BusinessKey(entry.business)
    if not store.once.is_first(session, business, f"payout-unknown:{entry.id}", at=at):
        return
    text = (
        f"The bank tells of a payout of {entry.amount} on {entry.booked_on}, and Stripe of no "
        "such one. The money stands on unidentified cash."
    )
    failed = " ".join(f"{one.id} ({one.failure})" for one in failed_alike(session, entry))
    if failed:
        text += " A payout of this amount failed: the bank may take the line back by itself."
    question = review.Question(
        kind="payout_unknown",
        subject=entry.id,
        text=text,
        evidence={"bank_says": entry.said[:300], "payment": entry.payment_id}
        | ({"failed": failed} if failed else {}),
        choices=["done", "tillmail payments payouts"],
    )
    review.ask(session, business, question, at=at)


def _ask_about_payout(session: Session, payout: Payout, *, at: datetime) -> None:
    """Once, when the bank has told of all the days on which it could have come."""
    business = BusinessKey(payout.business)
    last = payout.arrives_on + timedelta(days=_DAYS_LATE)
    told_until = bank_told_until(session, business, payout.currency)
    if told_until is None or told_until <= last:
        return
    if not store.once.is_first(session, business, f"payout-unmet:{payout.id}", at=at):
        return
    question = review.Question(
        kind="payout_unmet",
        subject=payout.id,
        text=(
            f"Stripe paid out {payout.amount} on {payout.arrives_on} (payout {payout.id}), and no "
            f"line of the bank until {told_until} surely is it. Nothing of it is posted. See where "
            "Stripe paid it to; a line that comes later still settles it."
        ),
        evidence={"reference": payout.reference},
        choices=["done", "tillmail payments payouts", "tillmail payments import FILE"],
    )
    review.ask(session, business, question, at=at)
