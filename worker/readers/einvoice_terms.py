"""Which terms that EN 16931 requires an e-invoice does not state, and which codes it makes up.

A missing number, day, currency or total holds the invoice. The rest is said and lets it pass: a
document that people can read and pay is worth more than a perfect one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from worker.kernel.money import NotMoney, digits_of
from worker.readers.einvoice import CREDIT_NOTE_CODES, Draft, Party
from worker.readers.einvoice_profiles import Level, level_of
from worker.readers.ibans import is_wrong_iban
from worker.readers.model import Problem, Source

# UNTDID 1001, the codes that EN 16931 reads as invoices (its code lists, sheet "1001").
_CODES = (
    "71 80 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384 385 386 387 "
    "388 389 390 393 394 395 456 457 471 472 473 500 501 527 553 575 623 633 751 780 817 870 "
    "875 876 877 935"
)
INVOICE_CODES = frozenset(_CODES.split())


def problems(draft: Draft) -> list[Problem]:
    """The rules about required terms and codes that the document breaks, in their order."""
    if draft.source in (Source.FATTURAPA, Source.EDIFACT):
        # What these require is their own; here it matters that the invoice can be paid.
        return [*_header(draft), *_payable(draft)]
    level = level_of(draft.profile)
    found = [*_header(draft), *_parties(draft, level), *_totals(draft, level)]
    # ZUGFeRD 1 is older than EN 16931 and required less.
    if level is not Level.ZUGFERD_1:
        found += _taxes(draft)
        found += [*_lines(draft, level), *_terms(draft, level)]
    return found


def _header(draft: Draft) -> Iterator[Problem]:
    if draft.number is None:
        yield Problem(rule="BR-02", text="the invoice number is missing")
    if draft.issue_date is None:
        yield Problem(rule="BR-03", text="the issue date is missing")
    if draft.currency is None:
        yield Problem(rule="BR-05", text="the currency is missing")
    elif not _is_currency(draft.currency):
        yield Problem(rule="BR-CL-04", text=f"{draft.currency[:20]!r} is not a currency code")
    if draft.iban and is_wrong_iban(draft.iban):
        text = f"the check digits of {draft.iban[:40]} are wrong"
        yield Problem(rule="IBAN", text=text, holds=False)
    if draft.type_code is None:
        if not draft.is_credit_note:
            yield Problem(rule="BR-04", text="the type code is missing", holds=False)
    elif not _is_known_code(draft):
        text = f"{draft.type_code[:20]!r} is no type code of invoices or credit notes"
        yield Problem(rule="BR-CL-01", text=text)


def _is_known_code(draft: Draft) -> bool:
    if draft.source is Source.FATTURAPA:
        return (draft.type_code or "").startswith("TD")
    return draft.type_code in INVOICE_CODES | CREDIT_NOTE_CODES


def _payable(draft: Draft) -> Iterator[Problem]:
    if draft.sums.payable is None and draft.sums.grand_total is None:
        yield Problem(rule="BR-15", text="the amount payable is missing")


def _parties(draft: Draft, level: Level) -> Iterator[Problem]:
    yield from _party("seller", draft.seller, ("BR-06", "BR-08", "BR-09"))
    required = ("BR-07", "BR-10", "BR-11")
    # MINIMUM names the buyer without an address.
    yield from _party("buyer", draft.buyer, required[:1] if level is Level.MINIMUM else required)
    if not draft.seller.is_identified:
        text = "the seller has no identifier: tax, registration or other number"
        yield Problem(rule="BR-CO-26", text=text, holds=False)


def _party(role: str, party: Party, rules: tuple[str, ...]) -> Iterator[Problem]:
    facts = (
        (party.name, "name"),
        (party.has_address, "postal address"),
        (party.country, "country"),
    )
    for rule, (fact, what) in zip(rules, facts, strict=False):
        if not fact:
            yield Problem(rule=rule, text=f"the {role}'s {what} is missing", holds=False)


def _totals(draft: Draft, level: Level) -> Iterator[Problem]:
    sums = draft.sums
    if sums.line_total is None and level is not Level.MINIMUM:
        yield Problem(rule="BR-12", text="the sum of the lines is missing", holds=False)
    if sums.net_total is None:
        yield Problem(rule="BR-13", text="the total without tax is missing", holds=False)
    if sums.grand_total is None:
        # What is payable is enough to be paid; without both there is nothing to ask for.
        text = "the total with tax is missing"
        yield Problem(rule="BR-14", text=text, holds=sums.payable is None)
    if sums.payable is None and level is not Level.ZUGFERD_1:
        yield Problem(rule="BR-15", text="the amount payable is missing")
    if not sums.taxes and level is not Level.MINIMUM:
        yield Problem(rule="BR-CO-18", text="there is no tax breakdown", holds=False)
    if sums.payable is not None and sums.payable < 0 and not draft.is_credit_note:
        text = "an invoice that asks for less than nothing is booked as a credit"
        yield Problem(rule="SIGN", text=text, holds=False)


# UNTDID 5305 as EN 16931 uses it: the rules' names by category, and which need a reason.
_CATEGORIES = {
    "S": "S", "Z": "Z", "E": "E", "AE": "AE", "K": "IC", "G": "G", "O": "O", "L": "AF", "M": "AG",
    "B": "B",
}  # fmt: skip
_EXEMPT = frozenset({"E", "AE", "K", "G", "O"})


def _taxes(draft: Draft) -> Iterator[Problem]:
    for row in draft.sums.taxes:
        if row.category is None or row.kind not in (None, "VAT"):
            continue
        name = _CATEGORIES.get(row.category)
        if name is None:
            text = f"{row.category[:10]!r} is no category of VAT"
            yield Problem(rule="BR-CL-17", text=text, holds=False)
        elif row.category in _EXEMPT and not row.exemption:
            text = f"the reason is missing why VAT of category {row.category} is not charged"
            yield Problem(rule=f"BR-{name}-10", text=text, holds=False)
        elif row.category in _EXEMPT | {"Z"} and row.amount:
            text = f"VAT of category {row.category} is charged, {row.amount:f}"
            yield Problem(rule=f"BR-{name}-09", text=text)
        elif row.category == "S" and row.rate is not None and row.rate <= 0:
            yield Problem(rule="BR-S-05", text="the standard rate of VAT is not above zero")


def _lines(draft: Draft, level: Level) -> Iterator[Problem]:
    if level in (Level.MINIMUM, Level.BASIC_WL):
        return
    if not draft.lines:
        yield Problem(rule="BR-16", text="there are no lines", holds=False)
    for index, line in enumerate(draft.lines, 1):
        facts = {
            "BR-21": (line.position, "number"),
            "BR-22": (line.quantity, "quantity"),
            "BR-23": (line.unit or line.quantity is None, "unit"),
            "BR-24": (line.net_amount, "net amount"),
            "BR-25": (line.name, "name"),
            "BR-26": (line.unit_price, "price"),
        }
        for rule, (fact, what) in facts.items():
            if fact is None:
                where = line.position or f"no. {index}"
                yield Problem(rule=rule, text=f"the {what} of line {where} is missing", holds=False)


def _terms(draft: Draft, level: Level) -> Iterator[Problem]:
    asks = draft.sums.payable is not None and draft.sums.payable > Decimal(0)
    silent = draft.due_date is None and not draft.has_terms
    if asks and silent and level is not Level.MINIMUM:
        text = "neither a due date nor payment terms are given"
        yield Problem(rule="BR-CO-25", text=text, holds=False)


def _is_currency(code: str) -> bool:
    try:
        digits_of(code)
    except NotMoney:
        return False
    return True
