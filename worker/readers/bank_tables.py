"""Bank statements as lists: CSV or XLSX, with the columns that the bank happens to have.

A list is a bank's when one of its first rows names a day, an amount (or a debit and a credit) and
what the movement was, in words banks use, and nothing that only an advice or an invoice list has.
Signs, decimal marks and the order of days are taken from evidence in the list, or left out.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from worker.readers import columns
from worker.readers.amounts import with_currency_digits
from worker.readers.columns import DayOrder
from worker.readers.model import Balance, BankDetail, BankEntry, Problem, Statement
from worker.readers.statements import MAX_ENTRIES, checked, refuse_flood, short
from worker.readers.tables import Table

# How far down a list its header may stand: banks put addresses and periods above it.
_HEADER_ROWS = 40
_ROLES: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("bank_columns.toml").read_text("utf-8")
)
# A list with one of these tells what was paid with which document: an advice, no bank's list.
_OTHERS = _ROLES.pop("no_bank")
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words}
_CURRENCY = re.compile(r"\b(?:in )?([A-Z]{3})\b|([€£$])")
_SYMBOLS = {"€": "EUR", "£": "GBP", "$": None}
_NO_CURRENCY = frozenset({"BIC", "PIN", "NON", "SEP", "TAN"})
_DEBIT_SIDES = frozenset({"af", "d", "s", "dr", "debit", "debet", "soll", "debito", "出金", "-"})
_CREDIT_SIDES = frozenset(
    {"bij", "c", "h", "cr", "k", "credit", "kredit", "haben", "credito", "入金", "+"}
)
_MONEY = ("amount", "debit", "credit", "balance")


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns of a list are, and the currency that their names say."""

    row: int
    places: dict[str, int]
    currency: str | None = None

    @property
    def day(self) -> int:
        """The column of the day that counts."""
        return self.places.get("booked", self.places.get("value", 0))


def header(table: Table) -> Header | None:
    """The header of a bank's list; None where the table is none."""
    for number, row in enumerate(table.rows[:_HEADER_ROWS]):
        words = [_folded(cell) for cell in row]
        if any(
            word == other or word.startswith(f"{other} ") for word in words for other in _OTHERS
        ):
            return None
        places: dict[str, int] = {}
        for index, word in enumerate(words):
            if word in _ROLE_OF:
                places.setdefault(_ROLE_OF[word], index)
        if _is_bank_list(places):
            found = Header(number, places, _currency_in(row, places))
            return found if _is_of_days(table, found) else None
    return None


def _is_of_days(table: Table, found: Header) -> bool:
    """Whether most rows are movements: a letter with a small table in it is no bank's list."""
    below = table.column(found.day, found.row + 1)
    return 2 * sum(map(columns.looks_like_day, below)) >= len(below)


def _is_bank_list(places: dict[str, int]) -> bool:
    is_sided = "balance" in places or {"debit", "credit"} <= places.keys()
    # A payer too tells amounts with the day they are worth; the day of a booking only a bank.
    has_day = "booked" in places or ("value" in places and is_sided)
    has_amount = "amount" in places or {"debit", "credit"} <= places.keys()
    has_words = bool(places.keys() & {"text", "name", "balance"})
    return has_day and has_amount and has_words


def _folded(cell: str) -> str:
    """The words of a heading as they are compared: no accents, marks, or currency."""
    bare = _CURRENCY.sub(" ", cell[:80]) if len(cell) > 3 else cell
    plain = unicodedata.normalize("NFKD", bare.casefold().replace("ß", "ss"))
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(re.sub(r"[^\w]+|_", " ", plain.replace("ł", "l")).split())


def _currency_in(row: tuple[str, ...], places: dict[str, int]) -> str | None:
    for role in _MONEY:
        found = _CURRENCY.search(row[places[role]]) if role in places else None
        if found and found[1] not in _NO_CURRENCY:
            return found[1] or _SYMBOLS[found[2]]
    return None


def read(table: Table, found: Header, file_format: str) -> Statement:
    """The statement that the list is."""
    draft = _List(table, found)
    entries = tuple(draft.entries())
    opening, closing = draft.balances(entries)
    return checked(
        Statement(
            format=file_format,
            account=draft.account(),
            entries=entries,
            currency=draft.currency,
            opening=opening,
            closing=closing,
            problems=tuple(draft.problems()),
        )
    )


class _List:
    """The rows below the header, and how their amounts and days are written."""

    def __init__(self, table: Table, found: Header) -> None:
        self._table = table
        self._places = found.places
        day = found.day
        self._rows = [
            number
            for number in range(found.row + 1, len(table.rows))
            if columns.looks_like_day(self._cell(number, day))
        ]
        refuse_flood(len(self._rows), MAX_ENTRIES, "entries")
        self._day_column = day
        written = [
            self._text(n, role) for n in self._rows for role in _MONEY if not self._typed(n, role)
        ]
        self._marks = columns.decimal_marks(written)
        order = columns.day_order(self._cell(number, day) for number in self._rows)
        # Whoever puts the month first writes a decimal point.
        self._order = order or (DayOrder.DMY if self._marks == {","} else None)
        own = {self._text(number, "currency") for number in self._rows} - {""}
        self.currency = own.pop() if len(own) == 1 else (found.currency if not own else None)
        debits = [self._amount(number, "debit") or 0 for number in self._rows]
        self._debits_are_negative = any(debits) and all(value <= 0 for value in debits)

    def _cell(self, row: int, column: int) -> str:
        cells = self._table.rows[row]
        return cells[column] if column < len(cells) else ""

    def _text(self, row: int, role: str) -> str:
        return self._cell(row, self._places[role]) if role in self._places else ""

    def _typed(self, row: int, role: str) -> bool:
        return (row, self._places.get(role, -1)) in self._table.typed

    def _amount(self, row: int, role: str) -> Decimal | None:
        text = self._text(row, role)
        if self._typed(row, role):
            return columns.amount(text, ".")
        mark = next(iter(self._marks)) if len(self._marks) == 1 else None
        return columns.amount(text, mark) if len(self._marks) < 2 else None

    def _day(self, row: int, column: int) -> dt.date | None:
        return columns.day(self._cell(row, column), self._order)

    def account(self) -> str:
        """The account that every row names, if one does."""
        named = {self._text(number, "account") for number in self._rows} - {""}
        return named.pop() if len(named) == 1 else ""

    def entries(self) -> Iterator[BankEntry]:
        """One entry for each row that has a day."""
        for number in self._rows:
            currency = self._text(number, "currency") or self.currency
            value = self._signed(number)
            amount = with_currency_digits(value, currency) if value is not None else None
            words = short(self._text(number, "text"))
            name = self._text(number, "name") or None
            yield BankEntry(
                date=self._day(number, self._day_column),
                amount=amount,
                currency=currency,
                reference=self._text(number, "reference")[:255],
                text=words,
                value_date=self._day(number, self._places["value"])
                if "value" in self._places
                else None,
                details=(
                    BankDetail(
                        amount=amount,
                        currency=currency,
                        counterparty_name=name,
                        counterparty_account=self._text(number, "party_account") or None,
                        text=words,
                    ),
                ),
            )

    def _signed(self, row: int) -> Decimal | None:
        if "amount" in self._places:
            return self._by_side(self._amount(row, "amount"), row)
        debit, credit = self._amount(row, "debit"), self._amount(row, "credit")
        for role, value in (("debit", debit), ("credit", credit)):
            if value is None and self._text(row, role):
                return None
        if debit is None and credit is None:
            return None
        # Some banks write debits with a minus, some without, and a minus may mean a correction.
        return (credit or Decimal(0)) + (
            (debit or Decimal(0)) * (1 if self._debits_are_negative else -1)
        )

    def _by_side(self, value: Decimal | None, row: int) -> Decimal | None:
        """The amount with the sign of the column that says debit or credit, if there is one."""
        side = _folded(self._text(row, "side")) or self._text(row, "side")
        if value is None or "side" not in self._places:
            return value
        if side in _DEBIT_SIDES:
            return -abs(value)
        return abs(value) if side in _CREDIT_SIDES else None

    def balances(self, entries: tuple[BankEntry, ...]) -> tuple[Balance | None, Balance | None]:
        """The first and the last balance of the column, where there is one for every row."""
        totals = [self._amount(number, "balance") for number in self._rows]
        if not totals or any(each is None for each in totals) or len(totals) != len(entries):
            return None, None
        known = [each for each in totals if each is not None]
        amounts = [entry.amount or Decimal(0) for entry in entries]
        # Newest first, the list ends where the account began.
        is_newest_first = len(known) > 1 and all(
            known[i] - amounts[i] == known[i + 1] for i in range(len(known) - 1)
        )
        first, last = (len(known) - 1, 0) if is_newest_first else (0, len(known) - 1)
        opening = Balance(amount=known[first] - amounts[first], currency=self.currency)
        closing = Balance(amount=known[last], currency=self.currency, date=entries[last].date)
        return opening, closing

    def problems(self) -> Iterator[Problem]:
        """What of the list was not evident."""
        if len(self._marks) > 1:
            yield Problem(rule="DECIMAL", text="its amounts have points and commas as decimal mark")
        elif not self._marks and any(
            columns.is_ambiguous(self._text(number, role))
            for number in self._rows
            for role in _MONEY
            if not self._typed(number, role)
        ):
            yield Problem(rule="DECIMAL", text="whether 1,234 is a thousand or one is not evident")
        if any(self._day(number, self._day_column) is None for number in self._rows):
            yield Problem(rule="DATE", text="whether day or month comes first is not evident")
        places = {self._places[role] for role in _MONEY if role in self._places}
        if any(column in places for _, column in self._table.formulas):
            yield Problem(rule="FORMULA", text="its amounts are formulas, calculated elsewhere")
