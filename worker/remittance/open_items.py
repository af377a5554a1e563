"""A list of items in a CSV file, and whose they are, for proposals without a database."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from worker.kernel.money import Money, NotMoney
from worker.remittance.model import Item
from worker.remittance.numbers import Numbers, squeezed

COLUMNS = ("payer", "payer_email", "invoice_number", "currency", "open_amount")
_SETTLED = frozenset({"paid", "settled", "closed", "void", "voided", "cancelled", "written_off"})


class NotOpenItems(ValueError):
    """The file is no list of open items; the message names the line and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Row:
    """An item and whose it is."""

    payer: str
    address: str
    item: Item


def read(lines: Iterable[str]) -> list[Row]:
    """The items in the lines of a CSV file; other columns are ignored."""
    reader = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise NotOpenItems(f"Its first line names no column {', '.join(missing)}.")
    return [_row(fields, number) for number, fields in enumerate(reader, start=2)]


def _row(fields: dict[str, str | None], number: int) -> Row:
    texts = {name: (value or "").strip() for name, value in fields.items() if name is not None}
    try:
        item = Item(
            number=texts["invoice_number"],
            open=Money.parse(texts["open_amount"], texts["currency"]),
            issued_on=_day(texts.get("issued_on", "")),
            due_on=_day(texts.get("due_on", "")),
            is_settled=texts.get("status", "").casefold() in _SETTLED,
        )
    except (NotMoney, ValueError) as error:
        raise NotOpenItems(f"Line {number}: {error}") from error
    return Row(texts["payer"], texts["payer_email"].casefold(), item)


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


@dataclass(slots=True)
class OpenItems:
    """Rows by payer, with the numbers that belong to others."""

    rows: list[Row]

    def numbers_of(self, address: str) -> Numbers | None:
        """The items of the payer with this address; None where there is none."""
        own = [row.item for row in self.rows if row.address == address.casefold()]
        if not own:
            return None
        foreign = {squeezed(r.item.number) for r in self.rows if r.address != address.casefold()}
        return Numbers(own, foreign)

    def payers(self) -> dict[str, str]:
        """The name of each payer, by address."""
        return {row.address: row.payer for row in self.rows}
