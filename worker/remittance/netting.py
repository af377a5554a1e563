"""Credit notes that a payer nets, where the books have set them against an invoice already.

The payer writes "invoice 1,000, credit note -200, paid 800"; in the books the note lowered the
invoice to 800 when it was issued. The two lines are one, of 800, if note and invoice are both this
payer's, both named surely, and the note's amount is written to the cent. Else the lines stay as
they are, and matching finds that they do not agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.kernel.money import Money
from worker.readers.model import Remittance, RemittanceLine
from worker.remittance.numbers import How, Numbers

_SURE = (How.EXACT, How.VARIANT)


@dataclass(frozen=True, slots=True)
class SetAgainst:
    """A credit note that was set whole against one invoice."""

    note: str
    invoice: str
    amount: Money


def has_netted(remittance: Remittance) -> bool:
    """Whether any line takes something off: most advices have none."""
    return any(_is_credit(line) for line in remittance.lines)


def netted(remittance: Remittance, numbers: Numbers, notes: Mapping[str, SetAgainst]) -> Remittance:
    """The same payment with each note's line joined to that of its invoice. Pure."""
    lines = list(remittance.lines)
    for line in remittance.lines:
        note = notes.get(_surely(line, numbers) or "") if _is_credit(line) else None
        if note is not None and _is_whole(line, note, remittance.currency):
            _join(lines, line, note, numbers)
    return remittance.model_copy(update={"lines": tuple(lines)})


def _join(
    lines: list[RemittanceLine], credit: RemittanceLine, note: SetAgainst, numbers: Numbers
) -> None:
    of_invoice = [line for line in lines if _surely(line, numbers) == note.invoice]
    if len(of_invoice) != 1:
        return
    [line] = of_invoice
    if line.amount is not None and credit.amount is not None:
        less = line.model_copy(update={"amount": line.amount + credit.amount})
        lines[lines.index(line)] = less
        lines.remove(credit)


def _is_credit(line: RemittanceLine) -> bool:
    return line.amount is not None and line.amount < 0


def _is_whole(line: RemittanceLine, note: SetAgainst, currency: str | None) -> bool:
    same = currency in (None, note.amount.currency) and line.deduction is None
    return same and line.amount == -note.amount.decimal


def _surely(line: RemittanceLine, numbers: Numbers) -> str | None:
    """The one item that a line surely names."""
    named = numbers.named(line.as_written or line.invoice_number or "")
    found: Sequence[str] = [item.number for item in named.items]
    return found[0] if named.how in _SURE and len(found) == 1 else None
