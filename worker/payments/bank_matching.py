"""What a bank entry pays, decided from what is known of it. Pure: nothing is looked up here.

Money is applied only where the number and the customer are certain and nothing else explains the
entry as well; else it waits as unapplied cash of a certain customer, or as unidentified cash.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.kernel.money import Money, total
from worker.payments.bank_entries import Outcome


@dataclass(frozen=True, slots=True)
class Named:
    """An invoice that the entry names. `owed` is nothing where it takes no money."""

    item_id: str
    number: str
    customer_id: str
    owed: Money
    is_strong: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A payment of the entry's amount that somebody announced, or staff registered.

    `item_ids` are what it is for; `is_named`: the entry says its reference; `days` lie between it
    and the entry. `shares` are what an announced one is to pay of each item, as far as it is owed.
    """

    payment_id: str
    customer_id: str
    item_ids: frozenset[str] = frozenset()
    is_named: bool = False
    days: int = 0
    shares: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of an entry. The sets hold customers: who is meant by what it says."""

    amount: Money
    named: tuple[Named, ...] = ()
    by_number: frozenset[str] = frozenset()
    by_account: frozenset[str] = frozenset()
    by_name: frozenset[str] = frozenset()
    announced: tuple[Claimed, ...] = ()
    registered: tuple[Claimed, ...] = ()
    is_payout: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What an entry is booked as, why, and what spoke against more.

    `payment_id` is the announced payment that it settles, or the registered one that it proves.
    """

    outcome: Outcome
    because: str
    customer_id: str | None = None
    payment_id: str | None = None
    applies: tuple[tuple[str, Money], ...] = ()
    rivals: tuple[str, ...] = ()


def decide(facts: Facts) -> Decision:
    """What becomes of money that came in; the first rule that applies."""
    payer, conflict = _payer(facts)
    if facts.is_payout and payer is None:
        because = "It looks like a payout of Stripe: it waits for the list of them."
        return Decision(Outcome.PAYOUT, because)
    for rule in (_registered, _announced):
        decision = rule(facts, payer)
        if decision is not None:
            return decision
    if payer is None:
        because = conflict or "Nothing in it names an invoice or a customer for certain."
        return Decision(Outcome.UNIDENTIFIED, because, rivals=_rivals(facts))
    return _applied(facts, payer)


def _payer(facts: Facts) -> tuple[str | None, str]:
    """Whose money it is for certain, or why that is not clear."""
    by_item = frozenset(n.customer_id for n in facts.named if _counts(n, facts.amount))
    said = {
        "the invoice numbers": by_item,
        "the customer number": facts.by_number,
        "the payer's account": facts.by_account,
        "the payer's name": facts.by_name,
    }
    meant = {source: who for source, who in said.items() if who}
    if not meant:
        return None, ""
    agreed = frozenset.intersection(*meant.values())
    if len(agreed) == 1:
        return next(iter(agreed)), ""
    if agreed:
        return None, f"By {' and '.join(meant)} it may be of several customers."
    return None, f"It contradicts itself: {' and '.join(meant)} mean different customers."


def _counts(named: Named, amount: Money) -> bool:
    """Whether a number is surely meant: it is no accident, or it owes the very amount."""
    return named.is_strong or named.owed == amount


def _registered(facts: Facts, payer: str | None) -> Decision | None:
    """A payment that staff wrote down before the bank told of it is the same money."""
    item_ids = {named.item_id for named in facts.named if _counts(named, facts.amount)}
    alike = [
        one
        for one in facts.registered
        if (one.customer_id == payer and (one.item_ids & item_ids or not item_ids))
        or (one.is_named and payer in (None, one.customer_id))
        or (one.customer_id == payer and not one.item_ids)
    ]
    if not alike:
        return None
    best = min(alike, key=lambda c: (not c.item_ids & item_ids, not c.is_named, c.days))
    because = "Staff registered this payment before; the bank's line proves it."
    return Decision(Outcome.RECOGNISED, because, best.customer_id, best.payment_id)


def _announced(facts: Facts, payer: str | None) -> Decision | None:
    item_ids = {named.item_id for named in facts.named if _counts(named, facts.amount)}
    alike = [
        one
        for one in facts.announced
        if (one.customer_id == payer or (payer is None and one.is_named))
        and not _is_of_others(one, item_ids)
    ]
    told = [one for one in alike if one.is_named or one.item_ids & item_ids] or alike
    if len(told) != 1:
        return None
    [one] = told
    if one.item_ids:
        because = "It was announced, and what for."
        return Decision(
            Outcome.APPLIED, because, one.customer_id, one.payment_id, applies=one.shares
        )
    applied = _applied(facts, one.customer_id)
    because = f"It was announced. {applied.because}"
    return Decision(
        applied.outcome, because, one.customer_id, one.payment_id, applied.applies, applied.rivals
    )


def _is_of_others(one: Claimed, item_ids: set[str]) -> bool:
    """Whether the entry names other invoices than the payment is for."""
    return bool(one.item_ids and item_ids) and not one.is_named and not one.item_ids & item_ids


def _applied(facts: Facts, payer: str) -> Decision:
    """What of a certain customer's money goes to which invoices."""
    amount = facts.amount
    meant = [named for named in facts.named if _counts(named, amount)]
    owing = [named for named in meant if named.owed.is_positive]
    numbers = ", ".join(named.number for named in meant)
    if not meant:
        return _kept(facts, payer, "The customer is known, but no invoice is named.")
    if any(named.customer_id != payer for named in meant):
        return _kept(facts, payer, f"It names invoices of several customers: {numbers}.")
    if not owing:
        return _kept(facts, payer, f"Nothing is to be paid of {numbers} any more.")
    if len(owing) < len(meant):
        return _kept(facts, payer, f"Of {numbers} only some are to be paid still.")
    whole = total((named.owed for named in owing), amount.currency)
    if whole == amount:
        applies = tuple((named.item_id, named.owed) for named in owing)
        return Decision(Outcome.APPLIED, f"It names {numbers}.", payer, applies=applies)
    if len(owing) > 1:
        return _kept(facts, payer, f"{numbers} together owe {whole}, and that is not the amount.")
    part = ((owing[0].item_id, min(amount, owing[0].owed)),)
    because = f"It names {numbers}, which owed {owing[0].owed}."
    return Decision(Outcome.APPLIED, because, payer, applies=part)


def _kept(facts: Facts, payer: str, because: str) -> Decision:
    return Decision(Outcome.UNAPPLIED, because, payer, rivals=_rivals(facts))


def _rivals(facts: Facts) -> tuple[str, ...]:
    items = [f"{named.number} owes {named.owed}" for named in facts.named]
    claims = [f"announced: {one.payment_id}" for one in facts.announced]
    claims += [f"registered: {one.payment_id}" for one in facts.registered]
    return (*items, *claims)
