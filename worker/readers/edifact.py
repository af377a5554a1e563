"""EDIFACT INVOIC (D.93A to D.16B): the terms of EN 16931 in segments.

Codes are those of the UN/EDIFACT directories: 1001 documents, 2005 dates, 5025 amounts, 3035
parties, 1153 references.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from worker.readers.amounts import NotAnAmount, decimal_text
from worker.readers.arithmetic import LineSum, Sums, TaxRow
from worker.readers.dates import NotADay, edifact_day
from worker.readers.edifact_segments import Message, Segment
from worker.readers.einvoice import CREDIT_NOTE_CODES, Draft, Party
from worker.readers.model import Line, Problem, Source

_SELLERS = ("SE", "SU", "II")
_BUYERS = ("BY", "IV")
_DOCUMENT_DAYS = ("137", "3")
_DUE_DAYS = ("13", "265")
# The first that the summary has: from EN 16931's own code to those of older guides.
_GRAND_TOTALS = ("388", "77", "39", "86", "128")
_LINE_NETS = ("203", "66")
_ALLOWANCE_AMOUNTS = ("204", "8", "23")


def read(message: Message) -> Draft:
    """The terms that one INVOIC message states."""
    problems: list[Problem] = []
    header, lines, summary = _sections(message.segments)
    amounts = _Amounts(message.decimal_mark, problems)
    draft = Draft(Source.EDIFACT, problems=problems)
    begin = next((s for s in header if s.tag == "BGM"), Segment("BGM", ()))
    draft.type_code = begin.get(1, 1) or None
    draft.is_credit_note = draft.type_code in CREDIT_NOTE_CODES
    draft.number = begin.get(2, 1) or None
    draft.issue_date = _day(header, _DOCUMENT_DAYS, problems)
    draft.due_date = _day(header, _DUE_DAYS, problems)
    draft.currency = _currency(header)
    draft.seller, draft.buyer = _party(header, _SELLERS), _party(header, _BUYERS)
    draft.iban = next((s.get(2, 1) for s in header if s.tag == "FII" and s.get(1) == "RB"), None)
    draft.payment_reference = _reference(header, "PQ")
    draft.contract = _reference(header, "CT")
    # IV is the invoice, OI the previous one: senders use either for what a credit note credits.
    named = (_reference(header, code) for code in ("IV", "OI"))
    draft.preceding = tuple(number for number in named if number)
    draft.lines = tuple(_line(group, amounts) for group in lines)
    draft.sums = _sums(header, summary, amounts, draft)
    return draft


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Reads amounts as this interchange writes them; what is none is left out and noted."""

    decimal_mark: str
    problems: list[Problem]

    def read(self, text: str) -> Decimal | None:
        if not text:
            return None
        # ISO 9735 section 10: point and comma are equally allowed, whatever UNA says.
        try:
            return decimal_text(text.replace(",", "."))
        except NotAnAmount as error:
            self.problems.append(Problem(rule="EDIFACT", text=str(error)))
            return None

    def first(self, segments: Iterable[Segment], codes: Sequence[str]) -> Decimal | None:
        """The amount (MOA) of the first of these codes that there is."""
        found = {s.get(1, 1): s.get(1, 2) for s in reversed(list(segments)) if s.tag == "MOA"}
        return next((self.read(found[code]) for code in codes if code in found), None)


def _sections(
    segments: tuple[Segment, ...],
) -> tuple[list[Segment], list[list[Segment]], list[Segment]]:
    """The header, each line's group and the summary (behind UNS)."""
    header: list[Segment] = []
    lines: list[list[Segment]] = []
    summary: list[Segment] = []
    target = header
    for segment in segments:
        if segment.tag == "UNS":
            target = summary
        elif segment.tag == "LIN" and target is not summary:
            target = []
            lines.append(target)
        target.append(segment)
    return header, lines, summary


def _day(segments: list[Segment], codes: Sequence[str], problems: list[Problem]) -> dt.date | None:
    for code in codes:
        for segment in segments:
            if segment.tag == "DTM" and segment.get(1, 1) == code:
                try:
                    return edifact_day(segment.get(1, 2), segment.get(1, 3) or None)
                except NotADay as error:
                    problems.append(Problem(rule="EDIFACT", text=str(error)))
    return None


def _currency(header: list[Segment]) -> str | None:
    for segment in header:
        if segment.tag == "CUX" and segment.get(1, 2):
            return segment.get(1, 2)
    # Where no segment names it, the amounts themselves may.
    return next((s.get(1, 3) for s in header if s.tag == "MOA" and s.get(1, 3)), None)


def _reference(segments: list[Segment], code: str) -> str | None:
    found = (s.get(1, 2) for s in segments if s.tag == "RFF" and s.get(1, 1) == code)
    return next((text for text in found if text), None)


def _party(header: list[Segment], roles: Sequence[str]) -> Party:
    for role in roles:
        for index, segment in enumerate(header):
            if segment.tag == "NAD" and segment.get(1) == role:
                return _read_party(segment, list(_group(header, index)))
    return Party()


def _group(header: list[Segment], start: int) -> Iterator[Segment]:
    """What belongs to a NAD: everything up to the next party or the terms."""
    for segment in header[start + 1 :]:
        if segment.tag in ("NAD", "CUX", "PAT", "PYT", "ALC", "TAX", "TOD"):
            return
        yield segment


def _read_party(segment: Segment, group: list[Segment]) -> Party:
    # C080 holds the name in lines; older writers put name and address into C058.
    name = " ".join(filter(None, (segment.get(4, i) for i in range(1, 6))))
    vat_id = _reference(group, "VA")
    emails = (s.get(1, 1) for s in group if s.tag == "COM" and s.get(1, 2) == "EM")
    return Party(
        name=name or segment.get(3, 1) or None,
        vat_id=vat_id,
        number=segment.get(2, 1) or None,
        email=next(emails, None),
        country=segment.get(9) or None,
        has_address=bool(segment.get(6) or segment.get(5)),
        is_identified=bool(vat_id or segment.get(2, 1)),
    )


def _line(group: list[Segment], amounts: _Amounts) -> Line:
    quantity = next((s for s in group if s.tag == "QTY" and s.get(1, 1) == "47"), None)
    names = {s.get(1): s.get(3, 4) for s in reversed(group) if s.tag == "IMD"}
    price = next((s for s in group if s.tag == "PRI"), Segment("PRI", ()))
    rate = next((s for s in group if s.tag == "TAX"), Segment("TAX", ()))
    return Line(
        position=group[0].get(1) or None,
        name=names.get("F") or next(filter(None, names.values()), None),
        description=names.get("A"),
        quantity=amounts.read(quantity.get(1, 2)) if quantity else None,
        unit=(quantity.get(1, 3) or None) if quantity else None,
        unit_price=amounts.read(price.get(1, 2)),
        tax_rate=amounts.read(rate.get(5, 4)),
        net_amount=amounts.first(group, _LINE_NETS),
    )


def _sums(header: list[Segment], summary: list[Segment], amounts: _Amounts, draft: Draft) -> Sums:
    totals = [s for s in _until_tax(summary) if s.tag == "MOA"]
    allowances, charges = _allowances_and_charges(header, amounts)
    taxes = tuple(_tax_rows(summary, amounts))
    grand = amounts.first(totals, _GRAND_TOTALS)
    sums = Sums(
        currency=draft.currency,
        lines=tuple(LineSum(position=x.position, net=x.net_amount) for x in draft.lines),
        line_total=amounts.first(totals, ("79",)),
        net_total=amounts.first(totals, ("389", "125")),
        taxes=taxes,
        tax_total=amounts.first(totals, ("176", "124")),
        grand_total=grand,
        prepaid=amounts.first(totals, ("113",)),
        rounding=amounts.first(totals, ("165",)),
        payable=amounts.first(totals, ("9",)),
    )
    if sums.net_total is None:
        return sums
    return replace(
        sums,
        allowances=allowances,
        allowance_total=amounts.first(totals, ("260",)),
        charges=charges,
        charge_total=amounts.first(totals, ("259",)),
    )


def _until_tax(summary: list[Segment]) -> Iterator[Segment]:
    for segment in summary:
        if segment.tag in ("TAX", "ALC"):
            return
        yield segment


def _tax_rows(summary: list[Segment], amounts: _Amounts) -> Iterator[TaxRow]:
    starts = [i for i, s in enumerate(summary) if s.tag == "TAX"]
    for start, end in pairwise([*starts, len(summary)]):
        group = summary[start:end]
        basis = amounts.first(group, ("125",))
        if basis is not None:
            yield TaxRow(
                basis=basis,
                amount=amounts.first(group, ("124",)),
                rate=amounts.read(group[0].get(5, 4)),
                category=group[0].get(6) or None,
            )


def _allowances_and_charges(
    header: list[Segment], amounts: _Amounts
) -> tuple[tuple[Decimal | None, ...], tuple[Decimal | None, ...]]:
    found: dict[str, list[Decimal | None]] = {"A": [], "C": []}
    for index, segment in enumerate(header):
        if segment.tag == "ALC" and segment.get(1) in found:
            group: list[Segment] = []
            for after in header[index + 1 :]:
                if after.tag == "ALC":
                    break
                group.append(after)
            found[segment.get(1)].append(amounts.first(group, _ALLOWANCE_AMOUNTS))
    return tuple(found["A"]), tuple(found["C"])
