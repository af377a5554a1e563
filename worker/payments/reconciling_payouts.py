"""What the gateway paid out to the bank: weighed against the books, then met with the bank's line.

A payout is what was taken, less what went back and what the gateway keeps. Each movement in it must
be one that the books know, and together they must be what was paid out. Only then, and only with
the bank's own line for it, is it posted, once: Dr unidentified cash, where the bank's line stands,
Dr processing cost, Cr gateway clearing. What does not add up is for a person; nothing is posted.

Sources: docs.stripe.com/payouts/reconciliation, docs.stripe.com/reports/balance-transaction-types.
Fees of disputes are in the books since the dispute, so they are no cost again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import ledger, review, store
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, total, zero
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import STRIPE_EVIDENCE
from worker.payments.bank_entries import BankEntry
from worker.payments.payouts import Payout, of_payment, that_came_back, unmet_lines, waiting
from worker.payments.ports import PayoutFacts, PayoutPart

# The bank books within days of the day that the gateway names.
_DAYS_EARLY, _DAYS_LATE = 3, 10
_WAITS_FOR = timedelta(days=3)
_TAKEN = ("charge", "payment")
_GONE = (
    "refund", "payment_refund", "refund_failure", "payment_failure_refund", "payment_reversal",
)  # fmt: skip
_COSTS = ("stripe_fee", "stripe_fx_fee", "tax_fee")
_SHOWN = 20


def weigh(
    session: Session,
    business: BusinessKey,
    facts: PayoutFacts,
    parts: Sequence[PayoutPart],
    *,
    at: datetime,
) -> Payout:
    """Keep a payout with what it cost, or with why it does not add up, which a person is asked."""
    row = Payout(
        business=business,
        id=facts.payout_id,
        currency=facts.amount.currency,
        amount_minor=facts.amount.minor,
        arrives_on=facts.arrives_on,
        reference=facts.reference,
        told_at=at,
    )
    store.once.add_once(session, row)
    payout = store.lock(session, Payout, business, facts.payout_id) or row
    if payout.cost_minor is not None:
        return payout
    problems = _problems(session, business, facts, parts)
    if problems:
        payout.problem = " ".join(problems[:_SHOWN])
        _ask(session, payout, problems, at=at)
        return payout
    payout.cost_minor, payout.problem = cost_of(parts, payout.currency).minor, None
    review.settle(session, business, payout.id, answer="It adds up now.", by="tillmail", at=at)
    return payout


def cost_of(parts: Iterable[PayoutPart], currency: str) -> Money:
    """What the gateway kept of these movements, but for fees of disputes. Pure."""
    fees = [
        -part.net if part.type in _COSTS else part.fee
        for part in parts
        if part.type != "adjustment"
    ]
    return total(fees, currency)


def reconcile(session: Session, business: BusinessKey, *, at: datetime) -> int:
    """Post every payout that adds up and that one line of the bank surely is; gives how many.

    A line that says it is a payout, and that no payout is after days, is for a person.
    """
    due, lines = waiting(session, business), unmet_lines(session, business)
    done = 0
    for payout in due:
        entry = _line_of(payout, due, lines) if payout.cost_minor is not None else None
        if entry is not None:
            _post(session, payout, entry, at=at)
            lines.remove(entry)
            done += 1
    for entry in lines:
        if entry.settled_at is not None and entry.settled_at + _WAITS_FOR <= at:
            _ask_about_line(session, entry, at=at)
    return done


def take_back(session: Session, business: BusinessKey, payment_id: str, *, at: datetime) -> None:
    """The bank took the line of a payout back: the gateway has the money again, its fees stay."""
    payout = of_payment(session, business, payment_id)
    if payout is None:
        return
    payout.returned_at = at
    legs = [
        ledger.debit(Account.GATEWAY_CLEARING, payout.amount),
        ledger.credit(Account.UNIDENTIFIED_CASH, payout.amount),
    ]
    ledger.post(session, business, source=f"payout-returned:{payout.id}", legs=legs, at=at)


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
    review.settle(session, business, entry.id, answer=answer, by="tillmail", at=at)
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


def _names(entry: BankEntry, payout: Payout) -> bool:
    said = " ".join((entry.said, entry.end_to_end_id or "", *entry.structured)).upper()
    words = [word.upper() for word in (payout.id, payout.reference) if word]
    return any(word in said for word in words)


def _problems(
    session: Session, business: BusinessKey, facts: PayoutFacts, parts: Sequence[PayoutPart]
) -> list[str]:
    """Why a payout is not what the books say; nothing where it is."""
    if not facts.is_itemised:
        return ["Stripe does not say what it is made of: it was not made automatically."]
    code = facts.amount.currency
    problems = [
        found for part in parts if (found := _problem(session, business, part, code)) is not None
    ]
    if not problems:
        together = total((part.net for part in parts), code)
        if together != facts.amount:
            problems.append(f"What it is made of comes to {together}.")
    return problems


def _problem(session: Session, business: BusinessKey, part: PayoutPart, code: str) -> str | None:
    """What is wrong with one movement."""
    named = f"{part.part_id} ({part.type} {part.source_id or ''}, {part.net})"
    if part.net.currency != code or part.is_exchanged:
        return f"{named} was exchanged from another currency."
    if part.type in _COSTS:
        return None
    if part.type in ("payout_failure", "payout_cancel"):
        came_back = that_came_back(session, business, part.source_id or "")
        return None if came_back else f"{named}: the bank's line that came back is not here."
    payment = records.settled_by(session, business, STRIPE_EVIDENCE, part.intent_id or "")
    if payment is None:
        return f"{named} is no payment of these books."
    if payment.settled_at is None:
        return f"{named} is not settled in these books."
    if part.type in _TAKEN:
        same = part.amount == payment.amount
        return None if same else f"{named} took {part.amount}, the books say {payment.amount}."
    if part.type in _GONE or part.type == "adjustment":
        return None if _is_booked(session, business, part) else f"{named} is not booked yet."
    return f"{named} is of a kind that is not known here."


def _is_booked(session: Session, business: BusinessKey, part: PayoutPart) -> bool:
    """Whether what went back is in the books: a refund, a dispute, or a debit that failed."""
    source = part.source_id or ""
    if source.startswith(("re_", "pyr_")):
        refund = records.refund_at_gateway(session, business, source)
        if refund is None or refund.booked_at is None:
            return False
        return part.amount in (refund.amount, -refund.amount)
    if source.startswith(("du_", "dp_")):
        return records.dispute_at_gateway(session, business, source) is not None
    return False


def _ask(session: Session, payout: Payout, problems: Sequence[str], *, at: datetime) -> None:
    question = review.Question(
        kind="payout_mismatch",
        subject=payout.id,
        text=(
            f"Stripe's payout {payout.id} over {payout.amount} is not what the books say. Nothing "
            "of it is posted. Compare it with Stripe's own list; it is looked at again by itself."
        ),
        evidence={f"problem_{nth}": one for nth, one in enumerate(problems[:_SHOWN], start=1)},
        choices=["done", "tillmail payments payouts"],
    )
    review.ask(session, BusinessKey(payout.business), question, at=at)


def _ask_about_line(session: Session, entry: BankEntry, *, at: datetime) -> None:
    question = review.Question(
        kind="payout_unknown",
        subject=entry.id,
        text=(
            f"The bank tells of a payout of {entry.amount} on {entry.booked_on}, and Stripe of no "
            "such one. The money stands on unidentified cash."
        ),
        evidence={"bank_says": entry.said[:300], "payment": entry.payment_id},
        choices=["done", "tillmail payments payouts"],
    )
    review.ask(session, BusinessKey(entry.business), question, at=at)
