"""What a business says of its own layout, to help read it: a plain value handed in with the bytes.

A hint names words and habits; it never names an amount. It outweighs what is guessed, and
arithmetic still has to agree before a total counts as proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.readers.invoice_words import folded


class Hints(BaseModel):
    """Words that stand beside the facts in the business's own documents, and its own names."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    number: tuple[str, ...] = Field(default=(), description="Labels of the invoice's number")
    issue_date: tuple[str, ...] = Field(default=(), description="Labels of its day")
    due_date: tuple[str, ...] = Field(default=(), description="Labels of the day to pay by")
    total: tuple[str, ...] = Field(default=(), description="Labels of the amount payable")
    customer_number: tuple[str, ...] = Field(default=(), description="Labels of the buyer's number")
    sellers: tuple[str, ...] = Field(default=(), description="The seller's names as printed")
    date_order: Literal["day_first", "month_first"] | None = None
    decimal_mark: Literal[".", ","] | None = None

    @cached_property
    def roles_by_phrase(self) -> Mapping[str, tuple[str, ...]]:
        """The hinted labels as they are compared, with what they name."""
        named = {
            "number": self.number,
            "issue_date": self.issue_date,
            "due_date": self.due_date,
            "payable": self.total,
            "customer_number": self.customer_number,
        }
        table: dict[str, tuple[str, ...]] = {}
        for role, phrases in named.items():
            for phrase in filter(None, map(folded, phrases)):
                table[phrase] = (*table.get(phrase, ()), role)
        return table


NO_HINTS = Hints()
