"""Do the sums of an invoice add up? The rules are those of EN 16931-1 section 6.4.

Each sum may be off by one minor unit for every amount that went into it, because sellers round
lines before or after they add them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from worker.readers.amounts import is_finer_than_currency, minor_unit
from worker.readers.model import Problem

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One row of the VAT breakdown (BG-23)."""

    basis: Decimal | None
    amount: Decimal | None
    rate: Decimal | None
    category: str | None
    kind: str | None = "VAT"
    exemption: str | None = None


@dataclass(frozen=True, slots=True)
class LineSum:
    """One line: quantity times price per `price_base` pieces, less allowances, plus charges.

    Lines of the EXTENDED profile may be nested: a GROUP is the sum of its parts, and only details
    (`counts`) are in the total.
    """

    position: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    price_base: Decimal | None = None
    allowances: tuple[Decimal | None, ...] = ()
    charges: tuple[Decimal | None, ...] = ()
    net: Decimal | None = None
    parent: str | None = None
    is_group: bool = False
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Sums:
    """The amounts of an invoice that must agree with each other, as printed; absent is None."""

    currency: str | None = None
    lines: tuple[LineSum, ...] = ()
    line_total: Decimal | None = None
    allowances: tuple[Decimal | None, ...] = ()
    allowance_total: Decimal | None = None
    charges: tuple[Decimal | None, ...] = ()
    charge_total: Decimal | None = None
    net_total: Decimal | None = None
    taxes: tuple[TaxRow, ...] = ()
    tax_total: Decimal | None = None
    grand_total: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    third_party: Decimal | None = None
    payable: Decimal | None = None
    # The MINIMUM profile and FatturaPA state what is payable without saying what was prepaid.
    is_payable_free: bool = False


def problems(sums: Sums) -> list[Problem]:
    """Every rule of EN 16931 about sums that these amounts break, in the order of the rules."""
    found = [
        *_lines(sums),
        *_groups(sums),
        *_lists(sums),
        *_net(sums),
        *_grand(sums),
        *_payable(sums),
        *_tax_rows(sums),
        *_bases(sums),
        *_digits(sums),
    ]
    return found


def _lines(sums: Sums) -> list[Problem]:
    """Each line's quantity times price (Peppol's rule; EN 16931 only describes the sum)."""
    found = []
    for line in sums.lines:
        if line.quantity is None or line.price is None or line.net is None or line.is_group:
            continue
        pieces = line.quantity / line.price_base if line.price_base else line.quantity
        adjustments = [-a for a in line.allowances if a is not None]
        adjustments += [a for a in line.charges if a is not None]
        net = pieces * line.price + sum(adjustments, ZERO)
        if abs(net - line.net) > 2 * minor_unit(sums.currency):
            text = f"line {line.position} comes to {_plain(net)}, but says {line.net:f}"
            # EN 16931 has no such rule and its own examples break it, so nothing is held for it.
            found.append(Problem(rule="PEPPOL-EN16931-R120", text=text, holds=False))
    return found


def _groups(sums: Sums) -> list[Problem]:
    found = []
    for group in sums.lines:
        parts = [x.net for x in sums.lines if x.parent is not None and x.parent == group.position]
        if group.is_group and group.net is not None and parts:
            what = f"the parts of line {group.position} add up to"
            known = [part for part in parts if part is not None]
            slack = _slack(sums, len(known))
            found += _compare("GROUP", what, sum(known, ZERO), group.net, slack)
    return found


def _nets(sums: Sums) -> list[Decimal | None]:
    return [line.net for line in sums.lines if line.counts]


def _lists(sums: Sums) -> list[Problem]:
    """Sums of amounts that the document lists one by one."""
    tax_amounts = [row.amount for row in sums.taxes]
    listed = (
        ("BR-CO-10", "the lines", _nets(sums), sums.line_total),
        ("BR-CO-11", "the allowances", sums.allowances, sums.allowance_total),
        ("BR-CO-12", "the charges", sums.charges, sums.charge_total),
        ("BR-CO-14", "the tax rows", tax_amounts, sums.tax_total),
    )
    # Profiles without lines or tax rows state their totals alone.
    may_be_unlisted = ("BR-CO-10", "BR-CO-14")
    found: list[Problem] = []
    for rule, what, amounts, stated in listed:
        known = [amount for amount in amounts if amount is not None]
        if stated is None or (rule in may_be_unlisted and not known):
            continue
        computed = sum(known, ZERO)
        broken = _compare(rule, f"{what} add up to", computed, stated, _slack(sums, len(known)))
        # Whether an allowance is written with a sign is a habit; the totals below decide.
        holds = computed != -stated
        found += [problem.model_copy(update={"holds": holds}) for problem in broken]
    return found


def _net(sums: Sums) -> list[Problem]:
    if sums.line_total is None or sums.net_total is None:
        return []
    net = sums.line_total - (sums.allowance_total or ZERO) + (sums.charge_total or ZERO)
    what = "lines less allowances plus charges are"
    return _compare("BR-CO-13", what, net, sums.net_total, _slack(sums))


def _grand(sums: Sums) -> list[Problem]:
    if sums.net_total is None or sums.grand_total is None:
        return []
    grand = sums.net_total + (sums.tax_total or ZERO)
    what = "net and tax together are"
    return _compare("BR-CO-15", what, grand, sums.grand_total, _slack(sums))


def _payable(sums: Sums) -> list[Problem]:
    if sums.grand_total is None or sums.payable is None or sums.is_payable_free:
        return []
    # The third-party payments are an extension of XRechnung (BR-DEX-09).
    extra = (sums.rounding or ZERO) + (sums.third_party or ZERO)
    payable = sums.grand_total - (sums.prepaid or ZERO) + extra
    what = "the grand total less what was prepaid is"
    return _compare("BR-CO-16", what, payable, sums.payable, _slack(sums))


def _tax_rows(sums: Sums) -> list[Problem]:
    found = []
    for row in sums.taxes:
        if row.basis is None or row.amount is None or row.rate is None:
            continue
        tax = (row.basis * row.rate / 100).quantize(
            minor_unit(sums.currency), rounding=ROUND_HALF_UP
        )
        what = f"{row.rate.normalize():f} % of {row.basis:f} is"
        # Tax may be computed line by line, or backwards from gross prices.
        lines = max(1, len(sums.lines))
        for problem in _compare("BR-CO-17", what, tax, row.amount, _slack(sums, lines)):
            # The official Schematron lets a whole unit pass: tax may be rounded to coins.
            found.append(problem.model_copy(update={"holds": abs(tax - row.amount) > 1}))
    return found


def _bases(sums: Sums) -> list[Problem]:
    bases = [row.basis for row in sums.taxes if row.basis is not None and row.kind == "VAT"]
    if sums.net_total is None or not bases or len(bases) != len(sums.taxes):
        return []
    what = "the taxed amounts add up to"
    return _compare("BR-S-08", what, sum(bases, ZERO), sums.net_total, _slack(sums, len(bases)))


def _digits(sums: Sums) -> list[Problem]:
    named = {
        "BR-DEC-09": ("the sum of the lines", sums.line_total),
        "BR-DEC-10": ("the sum of allowances", sums.allowance_total),
        "BR-DEC-11": ("the sum of charges", sums.charge_total),
        "BR-DEC-12": ("the total without tax", sums.net_total),
        "BR-DEC-13": ("the tax", sums.tax_total),
        "BR-DEC-14": ("the total with tax", sums.grand_total),
        "BR-DEC-16": ("the amount prepaid", sums.prepaid),
        "BR-DEC-17": ("the rounding", sums.rounding),
        "BR-DEC-18": ("the amount payable", sums.payable),
    }
    found = [
        Problem(rule=rule, text=_finer(what, amount, sums))
        for rule, (what, amount) in named.items()
        if amount is not None and is_finer_than_currency(amount, sums.currency)
    ]
    for line in sums.lines:
        if line.net is not None and is_finer_than_currency(line.net, sums.currency):
            text = _finer(f"the net of line {line.position}", line.net, sums)
            found.append(Problem(rule="BR-DEC-23", text=text, holds=False))
    return found


def _finer(what: str, amount: Decimal, sums: Sums) -> str:
    return f"{what}, {amount:f}, is finer than money of {sums.currency}"


def _slack(sums: Sums, parts: int = 1) -> Decimal:
    """How far a sum of so many rounded parts may be off."""
    return minor_unit(sums.currency) * max(1, parts)


def _compare(
    rule: str, what: str, computed: Decimal, stated: Decimal, slack: Decimal
) -> list[Problem]:
    if abs(computed - stated) <= slack:
        return []
    return [Problem(rule=rule, text=f"{what} {computed:f}, but the document says {stated:f}")]


def _plain(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.0001')).normalize():f}"
