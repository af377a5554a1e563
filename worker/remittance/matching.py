"""A claim against a payer's items: what it pays, why it is that, and what else it might be.

Pure and explainable. It is applied only when the reading adds up, each number names one item of
this payer, each amount is what is open (less what the terms allow), and nothing explains the facts
as well. Every other case is for a person, with the likeliest lines proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from worker.kernel.money import Money, NotMoney, total, zero
from worker.readers.model import Claim, Covers, Remittance, RemittanceLine
from worker.remittance.describing import described
from worker.remittance.model import Decision, Item, Line, Match, Terms
from worker.remittance.numbers import How, Named, Numbers
from worker.remittance.subsets import making
from worker.remittance.terms import why_not_allowed

_MAX_LINES = 500


def match(
    remittance: Remittance, claim: Claim, numbers: Numbers, terms: Terms | None = None
) -> Match:
    """What to do with one payment of one payer."""
    if claim.is_resent:
        return Match(Decision.NONE, "The payer sends an earlier advice again; no new money.")
    currency, doubt = _currency(remittance, numbers.items)
    if currency is None:
        return Match(Decision.REVIEW, doubt, doubts=(doubt,))
    items = [item for item in numbers.items if item.open.currency == currency]
    case = _Case(remittance, claim, numbers, terms or Terms(), currency)
    case.doubts += [doubt] if doubt else []
    problems = (*remittance.problems, *claim.problems)
    case.doubts += [f"Reading: {p.text}." for p in problems if p.holds]
    if any(_written(line) for line in remittance.lines):
        case.by_numbers()
    elif remittance.lines:
        case.by_total(items)
    case.check_rest()
    return case.answer()


def _currency(remittance: Remittance, items: Sequence[Item]) -> tuple[str | None, str]:
    """The currency to match in; one that is not said must be the only one that the payer owes."""
    owed = {item.open.currency for item in items}
    if remittance.currency is not None:
        if remittance.currency in owed:
            return remittance.currency, ""
        return None, f"Paid in {remittance.currency}, in which this payer owes nothing."
    if len(owed) == 1:
        return owed.pop(), ""
    return None, "The advice names no currency, and the payer owes in several or none."


@dataclass(slots=True)
class _Case:
    """One payment while it is matched: lines found so far, and doubts that a person must settle."""

    remittance: Remittance
    claim: Claim
    numbers: Numbers
    terms: Terms
    currency: str
    lines: list[Line] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    # -- by number ------------------------------------------------------------------------------

    def by_numbers(self) -> None:
        """Every line by the number that it names."""
        if len(self.remittance.lines) > _MAX_LINES:
            self.doubts.append(f"It has more than {_MAX_LINES} lines.")
        for line in self.remittance.lines[:_MAX_LINES]:
            self._line(line)
        self._no_item_twice()
        self._fill()
        self._nothing_else_named()

    def _line(self, line: RemittanceLine) -> None:
        written = _written(line)
        if written is None:
            self.doubts.append("A line names no invoice.")
            return
        named = self.numbers.named(written)
        if named.how in (How.UNKNOWN, How.SLIP, How.FOREIGN) or len(named.items) == 0:
            self._unnamed(line, named)
        elif named.how is How.RANGE:
            self._ranged(line, named)
        elif len(named.items) > 1:
            numbers = ", ".join(item.number for item in named.items)
            self.doubts.append(f"“{written}” may be {numbers}.")
        else:
            self._one(line, named.items[0], named)

    def _unnamed(self, line: RemittanceLine, named: Named) -> None:
        near = ", ".join(item.number for item in named.near[:3])
        if named.how is How.FOREIGN:
            self.doubts.append(f"“{_written(line)}” is an invoice of another customer.")
        elif named.how is How.SLIP:
            self.doubts.append(f"“{_written(line)}” is no item of this payer; {near} is near.")
        elif line.amount is not None:
            self.doubts.append(f"“{_written(line)}” is no item of this payer.")
        else:
            self.ignored.append(_written(line) or "")

    def _ranged(self, line: RemittanceLine, named: Named) -> None:
        """A range is taken whole: every item in it is open, and together they are the amount."""
        why = (f"“{_written(line)}” is a range of {len(named.items)} items.",)
        if any(item.is_settled or item.open.currency != self.currency for item in named.items):
            self.doubts.append(f"In “{_written(line)}” are items that are not open.")
        for item in named.items:
            self.lines.append(Line(item, item.open, reasons=why))
        amount = self._money(line.amount)
        if amount is None or item_sum(named.items, self.currency) != amount:
            self.doubts.append(f"The items of “{_written(line)}” are not the amount paid.")

    def _one(self, line: RemittanceLine, item: Item, named: Named) -> None:
        """One item named: its amount, and whether something else explains it as well."""
        if item.is_settled:
            self.doubts.append(f"{item.number} is already paid.")
            return
        if item.open.currency != self.currency:
            self.doubts.append(f"{item.number} is in {item.open.currency}, not {self.currency}.")
            return
        amount = self._money(line.amount)
        if amount is None and line.amount is not None:
            self.doubts.append(f"{line.amount} is no amount in {self.currency}.")
            return
        reasons = [_how(_written(line) or "", item, named)]
        cash = item.open if amount is None else amount
        rivals = [other for other in named.near if other.open == cash]
        if rivals:
            others = ", ".join(other.number for other in rivals)
            self.doubts.append(f"“{_written(line)}” may also be {others}, of the same amount.")
        proposed = Line(item, cash, rivals=tuple(i.number for i in rivals))
        if amount is not None:
            proposed = self._priced(proposed, line, reasons)
        self.lines.append(replace(proposed, reasons=tuple(reasons)))

    def _priced(self, proposed: Line, line: RemittanceLine, reasons: list[str]) -> Line:
        """The line with its deduction, if amount and deduction are what is open."""
        item, amount = proposed.item, proposed.amount
        taken_off = self._money(line.deduction)
        if taken_off is None and amount == item.open:
            reasons.append("The amount is all that is open.")
            return proposed
        if taken_off is None and self.claim.rate is not None:
            share = item.open.rate(self.claim.rate / 100)
            taken_off = share if item.open - share == amount and share.is_positive else None
        if taken_off is not None and not taken_off.is_zero:
            return self._deducted(proposed, taken_off, line, reasons)
        whole = self._money(self.claim.part_of)
        is_part = self.claim.is_part and zero(self.currency) < amount < item.open
        is_part = is_part and (whole is None or whole == item.open)
        if is_part and len(self.remittance.lines) == 1:
            reasons.append(f"A part payment, as the payer says; {item.open - amount} stays open.")
            return proposed
        self.doubts.append(f"{amount} is paid for {item.number}, of which {item.open} is open.")
        return proposed

    def _deducted(
        self, proposed: Line, taken_off: Money, line: RemittanceLine, reasons: list[str]
    ) -> Line:
        item, reason = proposed.item, line.deduction_reason
        proposed = replace(proposed, deduction=taken_off, deduction_reason=reason)
        if proposed.amount + taken_off != item.open:
            self.doubts.append(
                f"{proposed.amount} and {taken_off} are not the {item.open} of {item.number}."
            )
            return proposed
        paid_on = self.remittance.paid_on or self.claim.sent_on
        refusal = why_not_allowed(self.terms, item, taken_off, reason or "", paid_on)
        if refusal:
            self.doubts.append(refusal)
        else:
            reasons.append(f"The amount and {taken_off} taken off are all that is open.")
        return proposed

    def _no_item_twice(self) -> None:
        seen = [line.item.number for line in self.lines]
        for number in sorted({number for number in seen if seen.count(number) > 1}):
            self.doubts.append(f"{number} stands twice in it.")

    def _fill(self) -> None:
        """Where numbers have no amounts of their own the whole must be the stated sum."""
        if all(line.amount is not None for line in self.remittance.lines) or not self.lines:
            return
        stated = self._money(self.remittance.total)
        if self.claim.rate is None or stated is None or self._sum() == stated:
            return
        rate = self.claim.rate / 100
        shared = [replace(line, deduction=line.item.open.rate(rate)) for line in self.lines]
        shared = [
            replace(line, amount=line.item.open - line.deduction)
            for line in shared
            if line.deduction
        ]
        if item_amounts(shared, self.currency) == stated:
            self.lines = shared
            paid_on = self.remittance.paid_on or self.claim.sent_on
            for line in shared:
                taken_off = line.item.open - line.amount
                refusal = why_not_allowed(self.terms, line.item, taken_off, "discount", paid_on)
                self.doubts += [refusal] if refusal else []

    def _nothing_else_named(self) -> None:
        """Another open item that the text names may be what was meant."""
        used = {line.item.number for line in self.lines}
        for item in self.numbers.mentioned(self.claim.text):
            if item.number not in used and not item.is_settled:
                self.doubts.append(f"{item.number} is named as well, and not in its lines.")

    # -- by total -------------------------------------------------------------------------------

    def by_total(self, items: Sequence[Item]) -> None:
        """A sum alone: applied only where the payer says what it is for, and that makes the sum."""
        stated = self._money(self.remittance.total)
        unpaid = [item for item in items if not item.is_settled and not item.open.is_zero]
        if stated is None:
            self.doubts.append("No amount is stated.")
            return
        if self.claim.covers in (Covers.ALL, Covers.PERIOD):
            self._described(described(self.claim, unpaid, stated), stated)
            return
        if self.claim.covers is Covers.OLDEST:
            self._oldest_first(unpaid, stated)
            return
        found = making([item.open.minor for item in unpaid], stated.minor)
        self.doubts.append("Only a total is stated, and no invoice.")
        if found is None:
            return
        why = "These items make the total; others may as well."
        if found.is_only:
            why = "Only these items make the total."
        self.lines += [Line(unpaid[i], unpaid[i].open, reasons=(why,)) for i in found.places]

    def _described(self, found: Sequence[Item], stated: Money) -> None:
        if not found:
            self.doubts.append(f"The items that the payer describes are not {stated} together.")
        why = ("The payer describes these items, and together they are the total.",)
        self.lines += [Line(item, item.open, reasons=why) for item in found]

    def _oldest_first(self, unpaid: Sequence[Item], stated: Money) -> None:
        """Oldest first is the payer's wish; how far it reaches a person confirms."""
        self.doubts.append("The payer asks to settle the oldest first.")
        left = stated
        dated = [item for item in unpaid if item.due_on is not None and item.open.is_positive]
        for item in sorted(dated, key=lambda i: (str(i.due_on), i.number)):
            if not left.is_positive:
                break
            amount = min(left, item.open)
            self.lines.append(Line(item, amount, reasons=("The oldest that is open.",)))
            left -= amount

    # -- the whole ------------------------------------------------------------------------------

    def check_rest(self) -> None:
        """The lines are the whole payment, to the cent."""
        stated = self._money(self.remittance.total)
        on_account = self.remittance.on_account
        if on_account is not None and on_account != 0:
            self.doubts.append(f"{on_account} is on account, for no item.")
        if stated is None:
            self.doubts.append("No total is stated.")
        elif not stated.is_positive:
            self.doubts.append(f"The total, {stated}, is no payment.")
        elif self._sum() != stated and not on_account:
            self.doubts.append(f"The lines make {self._sum()}, the total is {stated}.")

    def answer(self) -> Match:
        """The decision with its reason in one sentence."""
        stated = self._money(self.remittance.total)
        unapplied = stated - self._sum() if stated is not None else None
        doubts = tuple(dict.fromkeys(doubt for doubt in self.doubts if doubt))
        if doubts or not self.lines:
            why = " ".join(doubts[:3]) or "Nothing in it names an item."
            return Match(Decision.REVIEW, why, tuple(self.lines), stated, unapplied, doubts)
        count = len(self.lines)
        what = f"{count} items" if count > 1 else self.lines[0].item.number
        why = f"{stated} pays {what}: numbers, amounts and total agree."
        return Match(Decision.APPLY, why, tuple(self.lines), stated, unapplied)

    def _sum(self) -> Money:
        return item_amounts(self.lines, self.currency)

    def _money(self, amount: Decimal | None) -> Money | None:
        try:
            return None if amount is None else Money.of(amount, self.currency)
        except NotMoney:
            return None


def _written(line: RemittanceLine) -> str | None:
    """The number as the payer wrote it, or as a program's data name it."""
    return line.as_written or line.invoice_number


def _how(written: str, item: Item, named: Named) -> str:
    if named.how is How.EXACT:
        return f"The payer names {item.number}."
    return f"“{written}” can only be {item.number}."


def item_sum(items: Iterable[Item], currency: str) -> Money:
    """All that is open of these items, which are in this currency."""
    return total((item.open for item in items if item.open.currency == currency), currency)


def item_amounts(lines: Iterable[Line], currency: str) -> Money:
    """The cash of these lines."""
    return total((line.amount for line in lines), currency)
