"""Whether what a payer took off is what the terms allow."""

from __future__ import annotations

import datetime as dt

from worker.kernel.money import Money
from worker.remittance.model import Item, Terms

# A payer's own rounding of the discount may differ by the smallest unit.
_ROUNDING = 1


def why_not_allowed(
    terms: Terms, item: Item, taken_off: Money, reason: str, paid_on: dt.date | None
) -> str | None:
    """Why a person must look at the deduction; None where the terms allow it as it is."""
    if not taken_off.is_positive or not item.open.is_positive:
        return f"The deduction from {item.number} is not one from an invoice."
    if reason.startswith("bank fee"):
        if taken_off > item.open.rate(terms.fee_rate):
            return f"The bank fee of {taken_off} is more than {terms.fee_rate:%} of {item.number}."
        return None
    if reason and "discount" not in reason and not reason.startswith("deduction"):
        return f"{taken_off} was taken off {item.number} for {reason}."
    return _why_no_discount(terms, item, taken_off, paid_on)


def _why_no_discount(
    terms: Terms, item: Item, taken_off: Money, paid_on: dt.date | None
) -> str | None:
    allowed = item.open.rate(terms.discount_rate)
    if abs(taken_off.minor - allowed.minor) > _ROUNDING:
        return f"{taken_off} is not the discount on {item.number}, which is {allowed}."
    if paid_on is None or item.issued_on is None:
        return f"Whether the discount on {item.number} was in time is not known."
    if (paid_on - item.issued_on).days > terms.discount_days:
        return f"The discount on {item.number} was taken after {terms.discount_days} days."
    return None
