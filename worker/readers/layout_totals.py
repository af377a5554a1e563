"""The totals of an invoice in a layout: labels propose, arithmetic decides.

Every amount with a word for a total beside or above it is a candidate. Of all candidates the ones
are taken that explain each other: net and tax make the grand total, less what was prepaid it is the
amount payable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from worker.readers import written_amounts
from worker.readers.invoice_words import LONGEST_PHRASE, ROLES_BY_PHRASE, folded
from worker.readers.layout_labels import Labelled
from worker.readers.page_layout import Cell, Layout, Row
from worker.readers.written_amounts import WrittenAmount

ROLES = ("payable", "grand", "net", "tax", "prepaid", "no_total")
_CENT = Decimal("0.02")
_DIGIT = re.compile(r"\d")
_MAX_PER_ROLE = 14
# Words that make a bare "total" one without or with tax: `Summe netto`, `Total inkl. MwSt.`
_WITHOUT_TAX_WORDS = (
    "netto net ht excl exclusief excluding ekskl exkl eks ohne zzgl hors iliquido veroton bez fara"
    " imponibile sin sem ilikvido haric exkluderat"
)
_WITH_TAX_WORDS = (
    "brutto gross ttc incl inkl inklusief inclusief including inc inclusa incluido verollinen"
    " cu con com s dahil med comprese inkludert"
)
_WITHOUT_TAX = frozenset(_WITHOUT_TAX_WORDS.split())
_WITH_TAX = frozenset(_WITH_TAX_WORDS.split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """An amount that a label calls something."""

    role: str
    value: Decimal
    weight: float
    label: str
    cell: Cell
    is_money: bool = True


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals that were found, how surely, and where they stand."""

    payable: Decimal | None = None
    grand: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    prepaid: Decimal | None = None
    confidence: float = 0.0
    is_proven: bool = False
    places: dict[str, Cell] = field(default_factory=dict)
    # Every amount that is called a sum without tax, the sum of the lines among them.
    subtotals: tuple[Decimal, ...] = ()


def read(layout: Layout, mark: str, hinted: Iterable[Labelled] = ()) -> Totals:
    """The totals of the layout, its amounts read with this decimal mark.

    `hinted` are texts that the business itself calls the amount payable.
    """
    found = [*_candidates(layout, mark), *_hinted(hinted, mark)]
    counts: dict[Decimal, int] = {}
    for row in layout.rows:
        for cell in row.cells:
            for amount in written_amounts.find(cell.text, mark):
                counts[amount.value] = counts.get(amount.value, 0) + 1
    by_role = {role: _best(found, role, counts) for role in ROLES}
    grands = by_role["grand"] or by_role["payable"]
    if not grands:
        return Totals()
    scored = [
        _explained(grand, by_role, counts) for grand in [*by_role["grand"], *by_role["payable"]]
    ]
    best = max(scored, key=lambda each: each[0])
    # Rows of a tax table each add up as the whole does; the whole is the largest.
    rivals = [t for score, t in scored if t.is_proven and score > best[0] - 0.6]
    chosen = max(rivals, key=lambda t: abs(t.grand or Decimal(0))) if rivals else best[1]
    chosen = chosen if best[1].is_proven else best[1]
    return replace(chosen, subtotals=tuple(candidate.value for candidate in by_role["net"]))


def _best(found: Iterable[Candidate], role: str, counts: dict[Decimal, int]) -> list[Candidate]:
    """The strongest candidates of a role, each amount once."""
    strongest: dict[Decimal, Candidate] = {}
    for candidate in found:
        if candidate.role == role:
            kept = strongest.get(candidate.value)
            if kept is None or candidate.weight > kept.weight:
                strongest[candidate.value] = candidate
    ordered = sorted(
        strongest.values(), key=lambda c: -(c.weight + 0.05 * min(counts.get(c.value, 0), 4))
    )
    return ordered[:_MAX_PER_ROLE]


def _explained(
    grand: Candidate, by_role: dict[str, list[Candidate]], counts: dict[Decimal, int]
) -> tuple[float, Totals]:
    """How well the other candidates explain this grand total, and the totals that do."""
    score = grand.weight + 0.1 * min(counts.get(grand.value, 0), 4)
    net, tax, support = _net_and_tax(grand.value, by_role)
    payable, prepaid, more = _payable(grand, by_role)
    score += support + more + 0.02 * float(min(abs(grand.value), Decimal(1)))
    places = {"grand_total": grand.cell}
    named = {"net_total": net, "tax_total": tax, "total": payable, "prepaid": prepaid}
    for name, candidate in named.items():
        if candidate is not None:
            places[name] = candidate.cell
    tax_value = tax.value if tax else None
    if net and not tax and support > 0:
        tax_value = grand.value - net.value
    totals = Totals(
        payable=payable.value if payable else grand.value,
        grand=grand.value,
        net=net.value if net else None,
        tax=tax_value,
        prepaid=_unsigned(prepaid, grand) if prepaid else None,
        confidence=min(1.0, 0.45 + 0.15 * score),
        is_proven=support >= 1.5,
        places=places,
    )
    return score, totals


def _unsigned(prepaid: Candidate, grand: Candidate) -> Decimal:
    """As a deduction it is often printed with a sign; what was paid is an amount."""
    return prepaid.value if grand.value < 0 else abs(prepaid.value)


def _net_and_tax(
    grand: Decimal, by_role: dict[str, list[Candidate]]
) -> tuple[Candidate | None, Candidate | None, float]:
    best: tuple[Candidate | None, Candidate | None, float] = (None, None, 0.0)
    for net in by_role["net"]:
        for tax in by_role["tax"]:
            if tax.value != 0 and abs(net.value + tax.value - grand) <= _CENT:
                support = 2.0 + 0.2 * (net.weight + tax.weight)
                if support > best[2]:
                    best = (net, tax, support)
        if best[1] is None or net.value == grand:
            rates = _taxes_that_sum(grand - net.value, by_role["tax"])
            if rates and best[2] < 1.7:
                best = (net, None, 1.7)
            elif net.value == grand:
                zero = next((tax for tax in by_role["tax"] if tax.value == 0), None)
                support = 1.7 + 0.3 * (net.weight + zero.weight) if zero else 0.6
                best = (net, zero, support) if support > best[2] else best
    return best


def _taxes_that_sum(wanted: Decimal, taxes: list[Candidate]) -> bool:
    """Whether two taxes of different rates add up to the difference."""
    values = [tax.value for tax in taxes if tax.value]
    return wanted != 0 and any(
        abs(a + b - wanted) <= _CENT for i, a in enumerate(values) for b in values[i + 1 :]
    )


def _payable(
    grand: Candidate, by_role: dict[str, list[Candidate]]
) -> tuple[Candidate | None, Candidate | None, float]:
    """The amount payable and what was prepaid, where they go with the grand total."""
    best: tuple[Candidate | None, Candidate | None, float] = (None, None, 0.0)
    for payable in by_role["payable"]:
        for prepaid in by_role["prepaid"]:
            fits = abs(grand.value - abs(prepaid.value) - payable.value) <= _CENT
            if prepaid.value != 0 and fits and 1.5 + 0.2 * payable.weight > best[2]:
                best = (payable, prepaid, 1.5 + 0.2 * payable.weight)
        if payable.value == grand.value and best[2] < 1.0:
            best = (payable, None, 1.0)
        elif best[2] < 0.3 and payable.is_money and abs(payable.value) < abs(grand.value):
            best = (payable, None, 0.3 * payable.weight)
    return best


def _candidates(layout: Layout, mark: str) -> Iterator[Candidate]:
    for index, row in enumerate(layout.rows):
        if not any(character.isdigit() for character in row.text):
            continue
        for place, cell in enumerate(row.cells):
            amounts = list(written_amounts.find(cell.text, mark))
            for number, amount in enumerate(amounts):
                before = amounts[number - 1].end if number else 0
                own_words = cell.text[before : amount.start]
                if _has_letters(own_words):
                    yield from _named(own_words, amount, cell, 1.0 + _late(index))
                else:
                    yield from _by_place(layout, index, place, amount)


def _hinted(hinted: Iterable[Labelled], mark: str) -> Iterator[Candidate]:
    for each in hinted:
        amount = next(written_amounts.find(each.value, mark), None)
        if amount is not None:
            yield Candidate("payable", amount.value, 2 + each.strength, each.label, each.cell)


def _late(index: int) -> float:
    """A little more for what stands further down: totals come last."""
    return 0.02 * min(index, 100) / 100


def _by_place(layout: Layout, index: int, place: int, amount: WrittenAmount) -> Iterator[Candidate]:
    """What the words left of the amount and above it call it."""
    row = layout.rows[index]
    cell = row.cells[place]
    label, distance = _left_label(row, place)
    if label:
        yield from _named(label, amount, cell, (1.0 - 0.12 * distance) + _late(index))
    if amount.is_money:
        for head, rows_up in _heads(layout, index, cell):
            yield from _named(head, amount, cell, 0.65 - 0.01 * rows_up + _late(index))


def _left_label(row: Row, place: int) -> tuple[str, int]:
    """The words left of the amount, and how many cells of figures stand between."""
    distance = 0
    pieces: list[str] = []
    for cell in reversed(row.cells[:place]):
        if _has_letters(cell.text) and len(pieces) < 3:
            pieces.insert(0, cell.text)
            if ":" in cell.text or _DIGIT.search(cell.text):
                break
        elif pieces:
            break
        else:
            distance += 1
    return " ".join(pieces), distance


def _heads(layout: Layout, index: int, cell: Cell) -> Iterator[tuple[str, int]]:
    """The words above the amount in its column, the nearest first."""
    found = 0
    for up, row in enumerate(reversed(layout.rows[max(0, index - 24) : index]), 1):
        if row.page != cell.page:
            return
        for other in row.cells:
            overlap = min(cell.right, other.right) - max(cell.left, other.left)
            narrow = min(cell.right - cell.left, other.right - other.left)
            if overlap > 0.3 * narrow and _has_letters(other.text):
                yield other.text, up
                found += 1
        if found >= 2:
            return


def _has_letters(text: str) -> bool:
    return sum(character.isalpha() for character in text) >= 2 and folded(text) not in (
        "eur",
        "usd",
        "gbp",
        "chf",
        "pln",
        "dkk",
        "sek",
        "nok",
    )


def _named(words: str, amount: WrittenAmount, cell: Cell, weight: float) -> Iterator[Candidate]:
    """The candidates that these words make of an amount."""
    plain = folded(words.rpartition(":")[0] if words.rstrip().endswith(":") else words).split()
    if not plain or len(plain) > 16:
        return
    roles, size, coverage = _roles(plain)
    if "no_total" in roles:
        return
    bonus = 0.2 * coverage + 0.06 * size + (0.15 if amount.is_money else -0.4)
    for role in roles:
        label = " ".join(plain)
        turned = _turned(role, plain)
        yield Candidate(turned, amount.value, weight + bonus, label, cell, amount.is_money)


def _roles(words: list[str]) -> tuple[tuple[str, ...], int, float]:
    """The roles of the longest phrase in the words; of equals the last, it is nearest."""
    for size in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        for start in range(len(words) - size, -1, -1):
            phrase = " ".join(words[start : start + size])
            roles = tuple(r for r in ROLES_BY_PHRASE.get(phrase, ()) if r in ROLES)
            if roles:
                return roles, size, size / len(words)
    return (), 0, 0.0


def _turned(role: str, words: list[str]) -> str:
    """`Total` means net or gross by the words that stand with it."""
    if role == "grand" and not _WITH_TAX.isdisjoint(words):
        return "grand"
    if role == "grand" and not _WITHOUT_TAX.isdisjoint(words):
        return "net"
    is_sum = any("grand" in ROLES_BY_PHRASE.get(word, ()) for word in words)
    if role in ("net", "tax") and is_sum and not _WITH_TAX.isdisjoint(words):
        return "grand"
    if role == "tax" and is_sum and not _WITHOUT_TAX.isdisjoint(words):
        return "net"
    return role
