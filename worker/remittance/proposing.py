"""The proposal of `tillmail read --open-items`: one answer for all payments of one mail."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from worker.kernel.money import Money
from worker.readers.model import (
    Claim,
    Kind,
    Proposal,
    ProposedAllocation,
    Reading,
)
from worker.remittance.matching import match
from worker.remittance.model import Decision, Line, Match, Terms
from worker.remittance.numbers import How, Numbers
from worker.remittance.open_items import OpenItems

_BLANKS = re.compile(r"[\W_]+")


def propose(
    reading: Reading,
    claim: Claim | None,
    sender: str | None,
    items: OpenItems,
    terms: Terms | None = None,
) -> Proposal:
    """What a clerk would do with this mail, given the items on the list."""
    if reading.kind is not Kind.REMITTANCE:
        kind = reading.kind.value.replace("_", " ")
        return Proposal(decision=Decision.NONE, why=f"It is of the kind {kind}: nothing was paid.")
    claim = claim or Claim()
    if not reading.remittances:
        return Proposal(decision=Decision.REVIEW, why="No payment could be read in it.")
    writer = claim.written_by or sender
    own = items.numbers_of(writer) if writer else None
    if own is not None:
        found = [match(each, claim, own, terms) for each in reading.remittances]
        if claim.written_by is not None:
            why = "Somebody passed it on; whether they may is not known here."
            found = [_reviewed(each, why) for each in found]
        return _answer(found)
    named = _named_payers(claim, items)
    if len(named) != 1:
        return Proposal(decision=Decision.REVIEW, why="The sender is no payer on the list.")
    [address] = named
    numbers = items.numbers_of(address)
    matches = (
        [match(each, claim, numbers, terms) for each in reading.remittances] if numbers else []
    )
    if writer is None:
        return _answer([_reviewed(each, "Nobody is known to have sent it.") for each in matches])
    return _answer([_strict(each, numbers) for each in matches if numbers is not None])


def currency_filled(
    reading: Reading, proposal: Proposal, sender: str | None, items: OpenItems
) -> Reading:
    """The reading with the currency of the items proposed, where the payer wrote none."""
    numbers = {each.invoice_number for each in proposal.allocations}
    rows = [row for row in items.rows if row.item.number in numbers]
    own = [row for row in rows if sender and row.address == sender.casefold()]
    known = {row.item.open.currency for row in own or rows}
    if len(known) != 1:
        return reading
    [currency] = known
    filled = tuple(
        each if each.currency else each.model_copy(update={"currency": currency})
        for each in reading.remittances
    )
    return reading.model_copy(update={"remittances": filled})


def _named_payers(claim: Claim, items: OpenItems) -> list[str]:
    """The payers whose full names stand in the text, for mails from a service centre."""
    text = f" {_plain(claim.text)} "
    return [
        address for address, name in items.payers().items() if name and f" {_plain(name)} " in text
    ]


def _plain(text: str) -> str:
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _strict(found: Match, numbers: Numbers) -> Match:
    """From a sender not known only exact numbers with whole amounts are applied."""
    for line in found.lines:
        is_exact = numbers.named(line.item.number).how is How.EXACT and line.deduction is None
        is_named = any(item.number == line.item.number for item in numbers.items)
        if not (is_exact and is_named and line.amount == line.item.open):
            return _reviewed(found, "The sender is not known, and the lines are not all exact.")
        if not any(reason.startswith("The payer names") for reason in line.reasons):
            return _reviewed(found, "The sender is not known, and the numbers are not exact.")
    return found


def _reviewed(found: Match, why: str) -> Match:
    return Match(Decision.REVIEW, why, found.lines, found.total, found.unapplied, (why,))


def _answer(matches: Sequence[Match]) -> Proposal:
    """One decision for the whole mail: it is applied whole or looked at whole."""
    decisions = {found.decision for found in matches}
    decision = Decision.REVIEW if Decision.REVIEW in decisions else next(iter(decisions))
    lines = [line for found in matches for line in found.lines]
    unapplied = [found.unapplied for found in matches if found.unapplied is not None]
    numbers = [line.item.number for line in lines]
    why = " ".join(dict.fromkeys(found.why for found in matches))
    if decision is Decision.APPLY and len(set(numbers)) < len(numbers):
        decision, why = Decision.REVIEW, "Two payments are for the same item."
    return Proposal(
        decision=decision,
        why=why,
        allocations=tuple(_allocation(line) for line in lines),
        unapplied=_whole(unapplied),
    )


def _whole(amounts: list[Money]) -> Decimal:
    """What is left of the payments; of several currencies nothing can be said in one figure."""
    if len({amount.currency for amount in amounts}) != 1:
        return Decimal("0.00")
    return sum((amount.decimal for amount in amounts), Decimal(0))


def _allocation(line: Line) -> ProposedAllocation:
    return ProposedAllocation(
        invoice_number=line.item.number,
        amount=line.amount.decimal,
        deduction=None if line.deduction is None else line.deduction.decimal,
        reason=line.deduction_reason or " ".join(line.reasons) or None,
    )
