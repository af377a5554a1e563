"""SWIFT MT940 statements and MT942 reports, as banks really write them.

The standard wants 65 characters a line and a tag at each line's start; banks wrap tags, amounts
and words anywhere, leave out lines and repeat them. So a file is first cut at the tags that these
messages have, and nothing else that looks like one; a field then owns all lines up to the next.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from worker.readers import charsets, mt940_details
from worker.readers.model import Balance, BankDetail, BankEntry, EntryStatus, Problem, Statement
from worker.readers.mt940_details import account_in
from worker.readers.statements import (
    MAX_ENTRIES,
    MAX_LINES,
    MAX_STATEMENTS,
    NotAStatement,
    checked,
    money,
    refuse_flood,
    short,
)

MAX_SIZE_BYTES = 32 * 1024 * 1024
_TAGS = "13D?|20|21|25P?|28C?|34F|60[FM]|61|62[FM]|64|65|86|90[CD]|NS"
# A tag may be cut from its colon by a wrap; a time like `:12:11` in the words is none.
_TAG = re.compile(rf"(?:^|\n)(?::|:\n)({_TAGS}):", re.ASCII)
_END = re.compile(r"\n(?:-(?:\}.{0,300})?[ \t\x03]*(?=\n|$)|\{1:)")
_STARTS = (
    re.compile(rb"(?:^|\n):61:\s?\d{6}"),
    re.compile(rb"(?:^|\n):6[0245][FM]?:[CD]\d{6}"),
    re.compile(rb"(?:^|\n):20:[^\n]{0,60}\n(?:[^\n]{0,80}\n){0,4}:(?:25P?|28C?):"),
)
# A wrapped time such as `16\n:20:05` looks like the tag of a new message.
_WORDS = frozenset({"86", "NS"})
_TIMES = frozenset({"13", "20", "21", "25", "28"})
_REST_OF_TIME = re.compile(r"[0-5]\d(?!\w)", re.ASCII)
_LINE = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4}| {4})?\s*(?P<mark>E?R?[CD])\s*(?P<funds>[A-Z])?\s*"
    r"(?P<amount>\d[\d\n ]{0,20},\d{0,3}|\d{1,15}(?:\.\d{1,2})?)(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
_CODE = re.compile(r"\s*(?P<code>[SNF][A-Z0-9]{2}[A-Z0-9 ])(?P<rest>.*)", re.ASCII | re.DOTALL)
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})?(\d[\d ]{0,20},?\d{0,6})", re.ASCII)
_CURRENCY_LAST = re.compile(r"(?:/|\d)([A-Z]{3})$", re.ASCII)


def is_mt940(data: bytes) -> bool:
    """Whether the file begins as these messages do, with or without the SWIFT envelope."""
    head = data[:8192].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return any(start.search(head) for start in _STARTS)


def read(data: bytes) -> list[Statement]:
    """The statements in the file, in its order; NotAStatement where it is none."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotAStatement(f"it is larger than {MAX_SIZE_BYTES >> 20} MiB")
    text = charsets.decode(data, None)[0].replace("\r\n", "\n").replace("\r", "\n")
    drafts: list[_Draft] = []
    for tag, value in _fields(text):
        if not drafts or (tag == "20" and drafts[-1].tags):
            drafts.append(_Draft())
        drafts[-1].take(tag, value)
        refuse_flood(len(drafts[-1].entries), MAX_ENTRIES, "entries")
        refuse_flood(len(drafts), MAX_STATEMENTS, "statements")
    return [draft.statement() for draft in drafts if draft.is_statement]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Each tag with all that belongs to it, the end of its message left out."""
    found: list[re.Match[str]] = []
    for match in _TAG.finditer(text):
        if not (found and found[-1][1] in _WORDS and _is_time(match, text)):
            found.append(match)
            refuse_flood(len(found), MAX_LINES, "fields")
    for index, match in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        value = text[match.end() : end]
        if ending := _END.search(value):
            value = value[: ending.start()]
        yield match[1], value.strip("\n\x03")


def _is_time(match: re.Match[str], text: str) -> bool:
    is_after_digits = text[max(0, match.start() - 2) : match.start()].isdecimal()
    rest = _REST_OF_TIME.match(text, match.end())
    return match[1] in _TIMES and is_after_digits and rest is not None


@dataclass(slots=True)
class _Line:
    """One `:61:` and the words that follow it."""

    value: str
    words: str = ""


@dataclass(slots=True)
class _Draft:
    """One message while its fields pass by."""

    tags: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)
    entries: list[_Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, tag: str, value: str) -> None:
        """Keep a field; the words after a line belong to the line."""
        last_tag_is_line = bool(self.entries) and "62" not in self._base_tags()
        self.tags.add(tag)
        if tag == "61":
            self.entries.append(_Line(value))
        elif (tag in _WORDS or tag == "25") and last_tag_is_line:
            # One bank repeats the account's tag where the words should be; either way it is words.
            self.entries[-1].words = f"{self.entries[-1].words}\n{value}".strip("\n")
        else:
            self.fields.setdefault(tag, value)

    def _base_tags(self) -> set[str]:
        return {tag[:2] for tag in self.tags}

    @property
    def is_statement(self) -> bool:
        return bool(self.entries or self._base_tags() & {"25", "60", "62", "90", "28", "64"})

    def statement(self) -> Statement:
        """The statement that the fields make."""
        opening, closing = self._balance("60F", "60M"), self._balance("62F", "62M")
        balance = opening or closing or self._balance("64") or self._balance("65")
        account = " ".join((self.fields.get("25") or self.fields.get("25P") or "").split())
        currency = (balance.currency if balance else None) or self._floor_currency(account)
        if closing and closing.currency is None:
            closing = closing.model_copy(update={"currency": currency})
        is_report = bool(self._base_tags() & {"34", "13", "90"}) and opening is None
        return checked(
            Statement(
                format="mt942" if is_report else "mt940",
                account=account,
                entries=tuple(self._entry(line, currency) for line in self.entries),
                currency=currency,
                number=self.fields.get("28C") or self.fields.get("28"),
                opening=opening,
                closing=closing,
                problems=tuple(self.problems),
            )
        )

    def _floor_currency(self, account: str) -> str | None:
        floor = self.fields.get("34F", "")[:3]
        if floor.isalpha():
            return floor
        found = _CURRENCY_LAST.search(account)
        return found[1] if found else None

    def _balance(self, *tags: str) -> Balance | None:
        text = next((self.fields[tag] for tag in tags if tag in self.fields), None)
        found = _BALANCE.match(text.replace("\n", "").strip()) if text is not None else None
        if found is None:
            return None
        value = _amount(found[4], found[3])
        day, _ = _day(found[2])
        if value is None:
            return None
        signed = -value if found[1] == "D" and value else value
        return Balance(amount=signed, currency=found[3], date=day)

    def _entry(self, line: _Line, currency: str | None) -> BankEntry:
        found = _LINE.match(line.value.strip())
        if found is None:
            self._note("LINE", "a line (:61:) cannot be read")
            return BankEntry(text=short(f"{line.value} {line.words}"))
        day, is_moved = _day(found["value"])
        if is_moved or day is None:
            self._note(
                "DATE", f"the day {found['value']} is not in the calendar", holds=day is None
            )
        value = _amount(found["amount"], currency)
        code, reference, bank_reference, more = _references(found["rest"])
        said = mt940_details.read(line.words)
        detail = BankDetail(
            amount=_signed(value, found["mark"]),
            currency=currency,
            counterparty_name=said.name,
            # Dutch banks put the other side's account in the line or below it.
            counterparty_account=said.account or account_in(more) or account_in(reference),
            end_to_end_id=said.end_to_end_id,
            creditor_reference=said.creditor_reference,
            text=said.text,
            return_reason=said.return_reason,
        )
        return BankEntry(
            date=day,
            amount=_signed(value, found["mark"]),
            currency=currency,
            reference=bank_reference or reference,
            text=short(" ".join(each for each in (said.text, more) if each)),
            value_date=day,
            status=EntryStatus.PENDING if found["mark"].startswith("E") else EntryStatus.BOOKED,
            is_reversal="R" in found["mark"],
            code=code,
            details=(detail,),
        )

    def _note(self, rule: str, text: str, *, holds: bool = True) -> None:
        self.problems.append(Problem(rule=rule, text=text, holds=holds))


def _signed(value: Decimal | None, mark: str) -> Decimal | None:
    """Credits and returned debits add, debits and returned credits take away (RC, RD)."""
    if value is None:
        return None
    side = mark.removeprefix("E")
    is_return = side.startswith("R")
    is_debit = side.removeprefix("R").startswith("D")
    return -value if is_debit != is_return and value else value


def _amount(text: str, currency: str | None) -> Decimal | None:
    """Digits with one comma; the funds letter and blanks in between are wraps, not figures."""
    squeezed = "".join(text.split()).replace(",", ".")
    return money(squeezed.lstrip("0") if squeezed.strip("0.") else "0", currency)


def _day(text: str) -> tuple[dt.date | None, bool]:
    """The day YYMMDD, and whether it had to be moved.

    Banks that count 30 days to every month write 30 February; the month's last day is meant.
    """
    year, month, number = 2000 + int(text[:2]), int(text[2:4]), int(text[4:6])
    # Statements began in the 1980s; a year from 80 on belongs to that century.
    year -= 100 if year >= 2080 else 0
    if not 1 <= month <= 12 or not 1 <= number <= 31:
        return None, False
    last = calendar.monthrange(year, month)[1]
    if number > last and month != 2:
        return None, False
    return dt.date(year, month, min(number, last)), number > last


def _references(rest: str) -> tuple[str | None, str, str, str]:
    """The type code, the customer's and the bank's reference, and the line below them."""
    first, _, more = rest.partition("\n")
    found = _CODE.match(first)
    code, tail = (found["code"].strip(), found["rest"]) if found else (None, first)
    own, _, bank = tail.partition("//")
    return code, _real(own), _real(bank), " ".join(more.split())


def _real(reference: str) -> str:
    """The reference; `NONREF` says that there is none."""
    stripped = " ".join(reference.split())
    return "" if stripped in ("NONREF", "NOREF", "EREF") else stripped[:100]
