"""What the gateway paid out, weighed against the books: each movement in it, and all together.

A payout is what was taken, less what went back and what the gateway keeps. Each movement must be
one that the books know, with its amount and its fee, and together they must be what was paid out.
What is not so is for a person, with both amounts; it is weighed again until it is.

Sources: docs.stripe.com/payouts/reconciliation, docs.stripe.com/reports/balance-transaction-types.
Fees of disputes are in the books since the dispute, so they are no cost again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import ledger, review, store
from worker.kernel.errors import TillmailError, TransientError
from worker.kernel.events import ReversalHeard
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, total
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import STRIPE_EVIDENCE
from worker.payments.disputing import fee_source
from worker.payments.model import Payment
from worker.payments.payouts import MISMATCH, Payout, by_id, kept
from worker.payments.ports import PayoutFacts, PayoutPart
from worker.payments.returning_payouts import keep_fees
from worker.payments.reversals import Dispute, RefundState
from worker.store import tell

_TAKEN = ("charge", "payment")
_CAME_BACK = ("refund_failure", "payment_failure_refund")
_GONE = ("refund", "payment_refund", "payment_reversal", *_CAME_BACK)
_PAYOUT_BACK = ("payout_failure", "payout_cancel")
_COSTS = ("stripe_fee", "stripe_fx_fee", "tax_fee")
_DISPUTES, _REFUNDS = ("du_", "dp_"), ("re_", "pyr_")
_SHOWN = 20
# So long a gateway that does not answer is only waited for.
_PATIENCE = timedelta(days=1)
_NOT_WEIGHED = "It could not be weighed:"
_NOT_YET = "Stripe is not done yet with the list of what it is made of."
_UNBOOKED = "is not booked yet; Stripe is asked for it now."


def weigh(
    session: Session,
    business: BusinessKey,
    facts: PayoutFacts,
    parts: Sequence[PayoutPart],
    *,
    at: datetime,
) -> Payout:
    """Keep a payout with what it cost, or with why it does not add up, which a person is asked."""
    if facts.is_being_itemised:
        return not_weighed(session, business, facts, TransientError(_NOT_YET), at=at)
    payout = kept(session, business, facts, at=at)
    if payout.cost_minor is not None:
        return payout
    # That it failed is known of itself; here is what it was made of.
    own = [part for part in parts if part.source_id != facts.payout_id]
    problems = _problems(session, business, facts, own)
    if problems:
        _hold(session, payout, problems, at=at)
        return payout
    payout.cost_minor, payout.problem = cost_of(own, payout.currency).minor, None
    keep_fees(session, payout, at=at)
    _close(session, payout, "It adds up now.", at=at)
    return payout


def not_weighed(
    session: Session,
    business: BusinessKey,
    facts: PayoutFacts,
    error: TillmailError,
    *,
    at: datetime,
) -> Payout:
    """Keep a payout that could not be weighed, mostly as the gateway did not say what is in it.

    A person is asked when that is for good, or has been so for a day.
    """
    payout = kept(session, business, facts, at=at)
    is_other = payout.problem is not None and not payout.problem.startswith(_NOT_WEIGHED)
    if payout.cost_minor is not None or is_other:
        return payout
    payout.problem = f"{_NOT_WEIGHED} {error}"
    may_pass = isinstance(error, TransientError) and at < payout.told_at + _PATIENCE
    if not may_pass and store.once.is_first(session, business, f"payout-dark:{payout.id}", at=at):
        _ask(session, payout, [payout.problem], at=at)
    return payout


def cost_of(parts: Iterable[PayoutPart], currency: str) -> Money:
    """What the gateway kept of these movements, but for fees of disputes. Pure."""
    fees = [
        -part.net if part.type in _COSTS else part.fee
        for part in parts
        if part.type != "adjustment"
    ]
    return total(fees, currency)


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
            problems.append(f"What it is made of comes to {together}, and not to {facts.amount}.")
    return problems


def _problem(session: Session, business: BusinessKey, part: PayoutPart, code: str) -> str | None:
    """What is wrong with one movement, and what to do about it."""
    named = f"{part.part_id} ({part.type} {part.source_id or ''}, {part.net})"
    if part.net.currency != code or part.is_exchanged:
        return f"{named} was exchanged from another currency: book it by hand."
    if part.type in _COSTS:
        return None
    if part.type in _PAYOUT_BACK:
        return _of_payout(session, business, part, named)
    payment = records.settled_by(session, business, STRIPE_EVIDENCE, part.intent_id or "")
    if payment is None:
        return f"{named} is no payment of these books: look at Stripe which program took it."
    see = f"See: tillmail payments show {payment.id}"
    if payment.settled_at is None:
        return f"{named} is not settled in these books. {see}"
    if part.type in _TAKEN:
        said = f"{named} took {part.amount}, the books say {payment.amount}. {see}"
        return None if part.amount == payment.amount else said
    if part.type in _GONE or part.type == "adjustment":
        wrong = _of_reversal(session, payment, part)
        return None if wrong is None else f"{named} {wrong} {see}"
    return f"{named} is of a kind that is not known here: book it by hand."


def _of_payout(session: Session, business: BusinessKey, part: PayoutPart, named: str) -> str | None:
    """What is wrong with the money of an earlier payout that came back."""
    payout = by_id(session, business, part.source_id or "")
    if payout is None or not payout.came_back:
        return f"{named}: that this payout failed is not here. Look at it at Stripe."
    if part.net != payout.amount:
        return f"{named} came back, the books say {payout.amount}. Compare it at Stripe."
    return None


def _of_reversal(session: Session, payment: Payment, part: PayoutPart) -> str | None:
    """What is wrong with what went back or came again: a refund or a dispute, and its fee.

    What the books have not heard of the gateway is asked about at once.
    """
    business, source = BusinessKey(payment.business), part.source_id or ""
    wrong: str | None = _UNBOOKED
    if source.startswith(_REFUNDS):
        refund = records.refund_at_gateway(session, business, source)
        came_back = part.type in _CAME_BACK
        if refund is not None and refund.booked_at is not None:
            if part.amount != (refund.amount if came_back else -refund.amount):
                wrong = (
                    f"moved {part.amount}, the books say {refund.amount} for refund {refund.id}."
                )
            elif not came_back or refund.state == RefundState.FAILED:
                wrong = None
    elif source.startswith(_DISPUTES):
        dispute = records.dispute_at_gateway(session, business, source)
        if dispute is not None:
            wrong = _of_dispute(session, dispute, part)
    if wrong == _UNBOOKED:
        tell(session, ReversalHeard(business, payment.id))
    return wrong


def _of_dispute(session: Session, dispute: Dispute, part: PayoutPart) -> str | None:
    if part.amount.is_negative:
        is_booked, booked = dispute.withdrawn_at is not None, -dispute.amount
    else:
        # One that was turned had been won, or is won now.
        has_won = dispute.turned > 0 or (dispute.status == "won" and dispute.ended_at is not None)
        is_booked, booked = has_won, dispute.amount
    if not part.amount.is_zero and not is_booked:
        return _UNBOOKED
    if not part.amount.is_zero and part.amount != booked:
        return f"moved {part.amount}, the books say {booked} for dispute {dispute.id}."
    fee = _fee_of(session, dispute, part)
    if fee is None:
        return _UNBOOKED
    if fee != part.fee:
        return f"cost {part.fee}, the books say {fee} for dispute {dispute.id}."
    return None


def _fee_of(session: Session, dispute: Dispute, part: PayoutPart) -> Money | None:
    """What the books hold that this movement of a dispute cost; None: nothing is booked yet."""
    source = fee_source(dispute, part.part_id)
    entry = ledger.find(session, BusinessKey(dispute.business), source)
    if entry is None:
        return part.fee if part.fee.is_zero else None
    booked = [p.amount_minor for p in entry.postings if p.account == Account.DISPUTE_FEES.value]
    return Money(sum(booked), entry.currency)


def _hold(session: Session, payout: Payout, problems: Sequence[str], *, at: datetime) -> None:
    """Ask about what is in the way: once, and anew only when that has changed."""
    text = " ".join(problems[:_SHOWN])
    if text == payout.problem:
        return
    _close(session, payout, "Something else is in the way now.", at=at)
    payout.problem = text
    _ask(session, payout, problems, at=at)


def _close(session: Session, payout: Payout, answer: str, *, at: datetime) -> None:
    business = BusinessKey(payout.business)
    review.settle(session, business, payout.id, answer=answer, by="tillmail", at=at, kind=MISMATCH)


def _ask(session: Session, payout: Payout, problems: Sequence[str], *, at: datetime) -> None:
    question = review.Question(
        kind=MISMATCH,
        subject=payout.id,
        text=(
            f"Stripe's payout {payout.id} over {payout.amount} is not what the books say. Nothing "
            "of it is posted. Compare it with Stripe's own list; it is looked at again by itself "
            "until it adds up, or you say done."
        ),
        evidence={f"problem_{nth}": one for nth, one in enumerate(problems[:_SHOWN], start=1)},
        choices=["done", "tillmail payments payouts"],
    )
    review.ask(session, BusinessKey(payout.business), question, at=at)
