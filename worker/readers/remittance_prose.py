"""A remittance in running text: who pays how much for what, in one's own words.

Amounts are paired with the references beside them, in whichever direction adds up; what an amount
is (a deduction, what is still to come, the sum of all) its neighbouring words say. Arithmetic
decides; where it does not close, a problem says so and nothing is guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

from worker.readers.model import Problem
from worker.readers.remittance_days import has_caption, paid_day
from worker.readers.remittance_drafts import (
    Doubts,
    Draft,
    DraftLine,
    checked,
    distinct,
    method_in,
    reason_in,
    squeezed,
)
from worker.readers.remittance_figures import digits
from worker.readers.remittance_pairing import Group, Said, paired
from worker.readers.remittance_settling import Role, Settled, Sum, settle
from worker.readers.remittance_tokens import Token, TokenKind, tokens
from worker.readers.remittance_words import flattened, folded, says

_BEFORE, _AFTER = 60, 32
_TAKEN_OFF_NEXT = re.compile(
    r"^[\s,;(-]*(?:less|minus|abzüglich|abzgl|unter abzug|moins|min\b|menos|meno|minus|after)"
)


def read(text: str, sent_on: dt.date | None, currency: str | None = None) -> list[Draft]:
    """The payments that the text speaks of; none where it names no figure."""
    page = flattened(text)
    found = tokens(page, sent_on=sent_on, currency=currency)
    currencies = distinct_currencies(found)
    if currency is None and len(currencies) == 1:
        # Now that the currency is known, its decimals are: "1,120.000" and "410.500" are dinars.
        currency = currencies[0]
        if digits(currency) != 2:
            found = tokens(page, sent_on=sent_on, currency=currency)
    reader = _Reader(page, found, currency)
    day = paid_day(page, sent_on)
    doubts = Doubts()
    if day is not None and sent_on is not None and day > sent_on and not has_caption(page, sent_on):
        doubts.add("TO-COME", f"it is to be paid on {day}")
    return [
        replace(
            draft,
            problems=(*draft.problems, *doubts.found),
            paid_on=day,
            method=method_in(folded(page)),
            payer_reference=next((t.text for t in found if t.kind is TokenKind.PAYMENT), None),
        )
        for draft in reader.drafts(currencies)
    ]


def distinct_currencies(found: list[Token]) -> list[str]:
    """The currencies that stand beside amounts, in their order."""
    return list(dict.fromkeys(t.currency for t in found if t.currency is not None))


class _Reader:
    def __init__(self, page: str, found: list[Token], currency: str | None) -> None:
        self._page = page
        self._tokens = found
        self._currency = currency
        self._rate = next((t.value for t in found if t.kind is TokenKind.RATE), None)
        self._words = folded(page)
        self._is_part = says("part", self._words)
        self._sums: dict[int, Sum] = {}

    def drafts(self, currencies: list[str]) -> list[Draft]:
        """One draft for each currency that is paid in."""
        if len(currencies) < 2:
            draft = self._draft()
            return [checked(draft)] if draft is not None else []
        return [checked(each) for each in self._by_currency(currencies)]

    # -- one currency ---------------------------------------------------------------------------

    def _draft(self) -> Draft | None:
        sums = [self._sum(t) for t in self._tokens if t.kind is TokenKind.AMOUNT]
        references = self._references()
        if not sums:
            if not references:
                return None
            lines = tuple(DraftLine(written, None) for written in references)
            return self._made(lines)
        if not references:
            return self._total_only(sums)
        if len(references) == 1:
            return self._single(references[0], sums)
        return self._several(references)

    def _references(self) -> list[str]:
        """The references, each once, as it was first written."""
        kept: dict[str, str] = {}
        for token in self._tokens:
            if token.kind is TokenKind.REFERENCE:
                self._merge(kept, token.text)
        return list(kept.values())

    @staticmethod
    def _merge(kept: dict[str, str], written: str) -> None:
        key = squeezed(written)
        for other in list(kept):
            # "INV-2026-0047" and later just "0047" are one.
            if key == other or (len(key) >= 3 and other.endswith(key)):
                return
            if len(other) >= 3 and key.endswith(other):
                kept[other] = written
                return
        kept[key] = written

    def _made(
        self,
        lines: tuple[DraftLine, ...],
        total: Decimal | None = None,
        *,
        is_stated: bool = False,
        on_account: Decimal | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> Draft:
        return Draft(
            lines=lines,
            total=total,
            is_total_stated=is_stated,
            currency=self._currency,
            on_account=on_account,
            is_part=self._is_part,
            rate=self._rate,
            problems=problems,
        )

    def _total_only(self, sums: list[Sum]) -> Draft:
        payable = [s for s in sums if s.role not in (Role.DEDUCTION, Role.REST)]
        totals = [s for s in payable if s.role is Role.TOTAL] or payable or sums
        values = distinct(s.value for s in totals)
        doubts = Doubts()
        if len(distinct(s.value for s in sums)) > 1 and len(values) > 1:
            doubts.add("AMOUNTS", "several amounts stand in the text and no invoice number")
        total = values[0]
        if says("on_account", self._words):
            return self._made((), total, on_account=total, problems=tuple(doubts.found))
        return self._made(
            (DraftLine(None, total),), total, is_stated=True, problems=tuple(doubts.found)
        )

    def _single(self, reference: str, sums: list[Sum]) -> Draft:
        settled = settle(sums, self._rate, digits(self._currency), is_part=self._is_part)
        amount = -settled.amount if self._is_credit(reference) else settled.amount
        line = DraftLine(reference, amount, settled.deduction, self._reason(settled))
        draft = self._made((line,), settled.amount, is_stated=True, problems=settled.problems)
        is_part = settled.is_part or self._is_part
        return replace(draft, is_part=is_part, part_of=settled.part_of)

    def _reason(self, settled: Settled) -> str | None:
        if settled.deduction is None:
            return None
        return settled.reason or reason_in(self._words, self._rate)

    def _several(self, references: list[str]) -> Draft:
        best: Draft | None = None
        for is_forward in (True, False):
            draft = self._paired(references, is_forward=is_forward)
            if draft is None:
                continue
            if draft.is_total_stated and not checked(draft).problems:
                return draft
            if best is None or (not draft.problems and bool(best.problems)):
                best = draft
        return best if best is not None else self._unpaired(references)

    def _paired(self, references: list[str], *, is_forward: bool) -> Draft | None:
        """Each reference with the amounts behind it, or before it; None where one has none."""
        groups, loose = self._groups(references, is_forward=is_forward)
        edge = len(groups) - 1 if is_forward else 0
        said = Said(self._words, self._rate, digits(self._currency), self._is_part)
        found = paired(groups, loose, edge, said)
        if found is None:
            return None
        is_stated = found.total is not None
        return self._made(found.lines, found.total, is_stated=is_stated, problems=found.problems)

    def _unpaired(self, references: list[str]) -> Draft:
        """References without amounts of their own, and one total for all."""
        sums = [self._sum(t) for t in self._tokens if t.kind is TokenKind.AMOUNT]
        totals = [s for s in sums if s.role is Role.TOTAL] or [
            s for s in sums if s.role is Role.PLAIN
        ]
        values = distinct(s.value for s in totals)
        lines = tuple(DraftLine(written, None) for written in references)
        if len(values) == 1 and len(distinct(s.value for s in sums)) == 1:
            return self._made(lines, values[0], is_stated=True)
        problem = Problem(rule="AMOUNTS", text="which amount is for which invoice is not clear")
        total = values[-1] if values else None
        return self._made(lines, total, is_stated=bool(values), problems=(problem,))

    def _groups(self, references: list[str], *, is_forward: bool) -> tuple[list[Group], list[Sum]]:
        """The amounts that follow (or precede) each reference, and those by none."""
        sums: dict[str, list[Sum]] = {written: [] for written in references}
        loose: list[Sum] = []
        current: str | None = None
        order = self._tokens if is_forward else self._tokens[::-1]
        for token in order:
            if token.kind is TokenKind.REFERENCE:
                current = _named(token.text, references)
            elif token.kind is TokenKind.AMOUNT:
                each = self._sum(token)
                (sums[current] if current is not None else loose).append(each)
        groups = [
            Group(written, tuple(sums[written]), self._is_credit(written)) for written in references
        ]
        return groups, loose

    # -- several currencies ---------------------------------------------------------------------

    def _by_currency(self, currencies: list[str]) -> list[Draft]:
        """One payment for each currency; an amount without a reference is on account."""
        references = self._references()
        drafts: list[Draft] = []
        used: set[str] = set()
        for currency in currencies:
            lines: list[DraftLine] = []
            loose: list[Decimal] = []
            for place, token in enumerate(self._tokens):
                if token.kind is TokenKind.AMOUNT and token.currency == currency:
                    reference = self._nearest(place, references)
                    if reference is None or reference in used:
                        loose.append(token.value or Decimal(0))
                    else:
                        used.add(reference)
                        lines.append(DraftLine(reference, token.value))
            drafts.append(self._in_currency(currency, lines, loose))
        return drafts

    def _in_currency(self, currency: str, lines: list[DraftLine], loose: list[Decimal]) -> Draft:
        whole = sum((line.amount or Decimal(0) for line in lines), Decimal(0))
        rest = [value for value in distinct(loose) if value != whole]
        problems: tuple[Problem, ...] = ()
        if len(rest) > 1 or (rest and lines):
            problems = (Problem(rule="CURRENCIES", text="amounts of several currencies are mixed"),)
        on_account = rest[0] if rest and not lines else None
        total = on_account if on_account is not None else whole
        return Draft(
            lines=tuple(lines),
            total=total,
            currency=currency,
            on_account=on_account,
            problems=problems,
        )

    def _nearest(self, place: int, references: list[str]) -> str | None:
        """The reference right behind an amount, else the one right before it."""
        for step in (1, -1):
            beside = place + step
            while 0 <= beside < len(self._tokens):
                token = self._tokens[beside]
                if token.kind is TokenKind.AMOUNT:
                    break
                if token.kind is TokenKind.REFERENCE:
                    return _named(token.text, references)
                beside += step
        return None

    # -- words around an amount -----------------------------------------------------------------

    def _sum(self, token: Token) -> Sum:
        known = self._sums.get(token.start)
        if known is None:
            before, after = self._around(token)
            known = Sum(token.value or Decimal(0), _role(before, after), f"{before} {after}")
            self._sums[token.start] = known
        return known

    def _around(self, token: Token) -> tuple[str, str]:
        """The folded words before and behind a token on its line, up to the next figure."""
        stops = (TokenKind.AMOUNT, TokenKind.REFERENCE, TokenKind.DAY)
        place = self._tokens.index(token)
        earlier = [t for t in self._tokens[:place] if t.kind in stops]
        following = self._tokens[place + 1] if place + 1 < len(self._tokens) else None
        last = earlier[-1] if earlier else None
        line_start = self._page.rfind("\n", 0, token.start) + 1
        start = max(last.end if last else 0, line_start, token.start - _BEFORE)
        between = self._page[start : token.start]
        if last is not None and last.kind is TokenKind.AMOUNT and start == last.end:
            between = between[len(_of_former(between)) :]
        before = re.split(r"[.;!?] ", between)[-1]
        line_end = self._page.find("\n", token.end)
        line_end = len(self._page) if line_end < 0 else line_end
        end = min(line_end, token.end + _AFTER, following.start if following else len(self._page))
        after = re.split(r"[.;!?](?: |$)", self._page[token.end : end])[0]
        if following is not None and following.start <= line_end:
            if following.kind is TokenKind.AMOUNT:
                after = _of_former(self._page[token.end : following.start])
            elif following.kind is TokenKind.RATE:
                after = ""
        return folded(before), folded(after)

    def _is_credit(self, reference: str) -> bool:
        """Whether the words right before a reference call it a credit note."""
        for token in self._tokens:
            if token.kind is TokenKind.REFERENCE and token.text == reference:
                before, after = self._around(token)
                if says("credit_note", " ".join(before.split()[-4:])) or after.startswith(
                    "(credit"
                ):
                    return True
        return False


def _of_former(between: str) -> str:
    """Of the words between two amounts those that say what the first is: "15.00 wire fee, so"."""
    head = re.split(r"[,;)=]| so | and | und | et | en | y | e ", between, maxsplit=1)[0]
    is_former = len(head) < len(between) and not _TAKEN_OFF_NEXT.match(head)
    names_it = says("deduction", folded(head)) or says("rest", folded(head))
    return head if is_former and names_it else ""


def _named(written: str, references: list[str]) -> str | None:
    key = squeezed(written)
    for reference in references:
        other = squeezed(reference)
        if other == key or (len(key) >= 3 and other.endswith(key)):
            return reference
    return None


def _role(before: str, after: str) -> Role:
    """What an amount is, by the words on its two sides."""
    near = before[-40:]
    for role, name in (
        (Role.REST, "rest"),
        (Role.DEDUCTION, "deduction"),
        (Role.TOTAL, "total"),
        (Role.ASKED, "asked"),
    ):
        if says(name, near):
            return role
    if after and not _TAKEN_OFF_NEXT.match(after):
        for role, name in (
            (Role.DEDUCTION, "deduction"),
            (Role.REST, "rest"),
            (Role.TOTAL, "total"),
        ):
            if says(name, after):
                return role
    return Role.PLAIN
