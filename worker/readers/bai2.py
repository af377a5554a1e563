"""BAI2 cash management files (BAI version 2, now X9.121): groups of accounts with their movements.

Records of numbered kinds, fields between commas, `88` goes on. Amounts have no point: the currency
says how many of the digits are cents. The last field of a movement is words and may hold anything.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from worker.readers import charsets
from worker.readers.amounts import minor_unit
from worker.readers.dates import NotADay, edifact_day
from worker.readers.model import Balance, BankDetail, BankEntry, Problem, Statement
from worker.readers.statements import (
    MAX_ENTRIES,
    MAX_LINES,
    MAX_STATEMENTS,
    NotAStatement,
    checked,
    refuse_flood,
    short,
)

MAX_SIZE_BYTES = 32 * 1024 * 1024
_RECORD = re.compile(r"(01|02|03|16|49|88|98|99),")
_AMOUNT = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_KEY = re.compile(r"(EREF|REMI|CRNM|DBNM|CACT|DACT): *(.*)", re.DOTALL)
_OPENING, _CLOSING = "010", "015"


def is_bai2(data: bytes) -> bool:
    """Whether the bytes begin with a file header of this format."""
    head = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    return re.match(rb"01,[^,\n]{1,40},[^,\n]{0,40},\d{6},\d{0,4},", head) is not None


def read(data: bytes) -> list[Statement]:
    """The accounts in the file, in its order; NotAStatement where it is none."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotAStatement(f"it is larger than {MAX_SIZE_BYTES >> 20} MiB")
    group: list[str] = []
    drafts: list[_Draft] = []
    for kind, fields, text in _records(charsets.decode(data, None)[0]):
        if kind == "02":
            group = fields
        elif kind == "03":
            drafts.append(_Draft(group, fields))
        elif kind == "16" and drafts:
            drafts[-1].movements.append((fields, text))
            refuse_flood(len(drafts[-1].movements), MAX_ENTRIES, "entries")
        elif kind == "49" and drafts:
            drafts[-1].trailer = fields
        refuse_flood(len(drafts), MAX_STATEMENTS, "statements")
    return [draft.statement() for draft in drafts]


def _records(text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each record with the fields of all its lines, and its lines' words for a movement."""
    refuse_flood(text.count("\n"), MAX_LINES, "lines")
    lines: list[str] = []
    for line in [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), "99,"]:
        found = _RECORD.match(line)
        if found is None or found[1] == "88":
            # A line of no kind is a wrapped one.
            lines.append(line[3:] if found else line)
            continue
        if lines and lines[0].strip():
            yield _record(lines)
        lines = [line]


def _record(lines: list[str]) -> tuple[str, list[str], list[str]]:
    ended = [line.rstrip() for line in lines if line.strip()]
    kind, rest = ended[0][:2], [ended[0][3:], *ended[1:]]
    # A slash ends a line's fields; within words it is just a slash.
    cut = [line.removesuffix("/") for line in rest]
    return kind, ",".join(cut).split(","), cut


@dataclass(slots=True)
class _Draft:
    """One account while its records pass by."""

    group: list[str]
    account: list[str]
    movements: list[tuple[list[str], list[str]]] = field(default_factory=list)
    trailer: list[str] = field(default_factory=list)

    def statement(self) -> Statement:
        """The statement that the records make."""
        # Without a code the standard means US dollars.
        currency = _at(self.account, 1) or _at(self.group, 5) or "USD"
        day = _day(_at(self.group, 3))
        entries = tuple(_entry(fields, text, currency, day) for fields, text in self.movements)
        sums = dict(_summaries(self.account[2:]))
        return checked(
            Statement(
                format="bai2",
                account=_at(self.account, 0),
                entries=entries,
                currency=currency,
                # Banks that report sums alone tell no movement that could lead to the closing.
                opening=_balance(sums.get(_OPENING), currency, None) if entries else None,
                closing=_balance(sums.get(_CLOSING), currency, day),
                problems=tuple(self._problems(currency)),
            )
        )

    def _problems(self, currency: str) -> Iterator[Problem]:
        """The account's control total: the sum of every amount of its records."""
        stated = _minor(_at(self.trailer, 0))
        amounts = [_minor(_at(fields, 1)) or 0 for fields, _ in self.movements]
        amounts += [value for _, value in _summaries(self.account[2:])]
        if stated is not None and stated != sum(amounts):
            text = f"the control total is {stated}, the amounts make {sum(amounts)} ({currency})"
            yield Problem(rule="CONTROL", text=text)


def _at(fields: list[str], index: int) -> str:
    return fields[index].strip() if index < len(fields) else ""


def _summaries(fields: list[str]) -> Iterator[tuple[str, int]]:
    """Code and amount of each summary, of which an item count and the funds type follow."""
    index = 0
    while index + 1 < len(fields):
        code, amount = _at(fields, index), _minor(_at(fields, index + 1))
        index += 3 + _funds_fields(fields, index + 3)
        if code and amount is not None:
            yield code, amount


def _funds_fields(fields: list[str], index: int) -> int:
    """How many fields the funds type at this place takes, itself included."""
    kind = _at(fields, index).upper()
    if kind == "S":
        return 4
    if kind == "V":
        return 3
    if kind == "D":
        count = _at(fields, index + 1)
        return 2 + 2 * int(count) if count.isdecimal() and len(count) < 3 else 2
    return 1


def _entry(fields: list[str], lines: list[str], currency: str, day: dt.date | None) -> BankEntry:
    code = _at(fields, 0)
    place = 2 + _funds_fields(fields, 2)
    amount = _signed(_minor(_at(fields, 1)), code, currency)
    found = [match for line in lines[1:] if (match := _KEY.match(line.strip()))]
    keys = {match[1]: match[2] for match in found}
    is_credit = amount is not None and amount >= 0
    words = short(",".join(fields[place + 2 :])).strip(", ")
    detail = BankDetail(
        amount=amount,
        currency=currency,
        counterparty_name=keys.get("DBNM" if is_credit else "CRNM"),
        counterparty_account=keys.get("DACT" if is_credit else "CACT"),
        end_to_end_id=keys.get("EREF") or _at(fields, place + 1) or None,
        text=short(keys.get("REMI", "")) or words,
    )
    return BankEntry(
        date=day,
        amount=amount,
        currency=currency,
        reference=_at(fields, place),
        text=words,
        value_date=_value_day(fields),
        code=code,
        details=(detail,),
    )


def _value_day(fields: list[str]) -> dt.date | None:
    return _day(_at(fields, 3)) if _at(fields, 2).upper() == "V" else None


def _signed(minor: int | None, code: str, currency: str) -> Decimal | None:
    """Codes from 400 to 699 are debits, as are 920 to 959 among those that banks make."""
    if minor is None or not code.isdecimal():
        return None
    is_debit = 400 <= int(code) <= 699 or 920 <= int(code) <= 959
    value = minor * minor_unit(currency)
    return -value if is_debit and value else value


def _minor(text: str) -> int | None:
    return int(text) if _AMOUNT.fullmatch(text.strip()) else None


def _balance(minor: int | None, currency: str, day: dt.date | None) -> Balance | None:
    if minor is None:
        return None
    return Balance(amount=minor * minor_unit(currency), currency=currency, date=day)


def _day(text: str) -> dt.date | None:
    try:
        return edifact_day(f"20{text}", "102")
    except NotADay:
        return None
