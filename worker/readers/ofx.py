"""OFX and QFX statements: SGML without closing tags (1.x), XML (2.x), and what lies between.

Programs write neither quite right, so the tags are read in their order as they come and nothing is
built of them. No parser of XML sees the file, hence no DTD and no entity has any power here.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from worker.readers import charsets
from worker.readers.dates import NotADay, edifact_day
from worker.readers.model import Balance, BankDetail, BankEntry, Problem, Statement
from worker.readers.statements import (
    MAX_ENTRIES,
    MAX_STATEMENTS,
    NotAStatement,
    checked,
    money,
    refuse_flood,
    short,
)

MAX_SIZE_BYTES = 32 * 1024 * 1024
_TOKEN = re.compile(r"<(!--)|(-->)|<(/?)([A-Za-z][A-Za-z0-9._]{0,40})[^<>]{0,80}>([^<]*)")
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS", "INVSTMTRS"})
# Inside these a tag means something else than outside of them.
_SCOPES = frozenset(
    {"CURRENCY", "ORIGCURRENCY", "LEDGERBAL", "AVAILBAL", "PAYEE", "BANKACCTTO", "CCACCTTO"}
)
_POINT = re.compile(r"[+-]?\d*\.?\d*", re.ASCII)
_COMMENT = "parts of it are commented out; whether they count is for a person to say"


def is_ofx(data: bytes) -> bool:
    """Whether the bytes begin as an OFX file does."""
    head = data[:4096].replace(b"\0", b"").upper()
    return b"<OFX>" in head and (
        b"OFXHEADER" in head or head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    )


def read(data: bytes) -> list[Statement]:
    """The statements in the file, in its order; NotAStatement where there is none."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotAStatement(f"it is larger than {MAX_SIZE_BYTES >> 20} MiB")
    drafts: list[_Draft] = []
    for tag, text, is_end, is_comment in _tokens(charsets.decode(data, None)[0]):
        if not is_end and (tag in _STATEMENTS or (tag == "STMTTRN" and not drafts)):
            drafts.append(_Draft())
            refuse_flood(len(drafts), MAX_STATEMENTS, "statements")
        if drafts:
            drafts[-1].is_commented |= is_comment and bool(text)
            drafts[-1].take(tag, text, is_end=is_end)
    return [draft.statement() for draft in drafts]


def _tokens(text: str) -> Iterator[tuple[str, str, bool, bool]]:
    """Each tag with the text after it, whether it closes, and whether it stands in a comment."""
    is_comment = False
    for match in _TOKEN.finditer(text):
        if match[4] is None:
            is_comment = match[1] is not None
            continue
        # OFX knows no comments, so what stands in one is read; nothing is booked on it unseen.
        value = html.unescape(match[5].partition("-->")[0].strip())
        yield match[4].upper(), value, match[3] == "/", is_comment
        is_comment = is_comment and "-->" not in match[5]


@dataclass(slots=True)
class _Draft:
    """One statement while its tags pass by."""

    fields: dict[str, str] = field(default_factory=dict)
    entries: list[dict[str, str]] = field(default_factory=list)
    scope: str = ""
    is_open: bool = False
    is_commented: bool = False

    def take(self, tag: str, text: str, *, is_end: bool) -> None:
        """Keep one value where it belongs: to the transaction that is open, or the statement."""
        if tag == "STMTTRN":
            self.is_open = not is_end
            self.scope = ""
            if not is_end:
                self.entries.append({})
        elif tag in _SCOPES and not text:
            self.scope = "" if is_end else tag
        elif not is_end and text:
            scoped = f"{self.scope}.{tag}" if self.scope else tag
            target = self.entries[-1] if self.is_open else self.fields
            target.setdefault(scoped, text)
        refuse_flood(len(self.entries), MAX_ENTRIES, "entries")

    def statement(self) -> Statement:
        """The statement that the tags make."""
        currency = self.fields.get("CURDEF")
        problems = [Problem(rule="COMMENT", text=_COMMENT)] if self.is_commented else []
        names = [entry["FITID"] for entry in self.entries if "FITID" in entry]
        if len(set(names)) < len(names):
            problems.append(Problem(rule="TWICE", text="two entries have the same FITID"))
        return checked(
            Statement(
                format="ofx",
                account=self.fields.get("ACCTID", ""),
                entries=tuple(_entry(each, currency) for each in self.entries),
                currency=currency,
                closing=self._closing(currency),
                problems=tuple(problems),
            )
        )

    def _closing(self, currency: str | None) -> Balance | None:
        amount = money(_point(self.fields.get("LEDGERBAL.BALAMT", "")), currency)
        if amount is None:
            return None
        day = _day(self.fields.get("LEDGERBAL.DTASOF", ""))
        return Balance(amount=amount, currency=currency, date=day)


def _entry(tags: dict[str, str], currency: str | None) -> BankEntry:
    # Of CURRENCY the amount itself is in that currency; of ORIGCURRENCY it was converted.
    currency = tags.get("CURRENCY.CURSYM") or currency
    amount = money(_point(tags.get("TRNAMT", "")), currency)
    name = tags.get("PAYEE.NAME") or tags.get("NAME")
    words = short(" ".join(each for each in (tags.get("NAME"), tags.get("MEMO")) if each))
    detail = BankDetail(
        amount=amount,
        currency=currency,
        counterparty_name=name,
        counterparty_account=tags.get("BANKACCTTO.ACCTID"),
        end_to_end_id=tags.get("REFNUM") or tags.get("CHECKNUM"),
        text=short(tags.get("MEMO", "")),
    )
    return BankEntry(
        date=_day(tags.get("DTPOSTED", "")),
        amount=amount,
        currency=currency,
        reference=tags.get("FITID", "")[:255],
        text=words,
        value_date=_day(tags.get("DTAVAIL", "")),
        code=tags.get("TRNTYPE"),
        details=(detail,),
    )


def _point(text: str) -> str:
    """The amount with a point and without leading zeros; a comma may be the decimal mark."""
    text = "".join(text.split())
    if "," in text:
        text = text.replace(",", ".") if "." not in text and text.count(",") == 1 else "?"
    if not _POINT.fullmatch(text):
        return "?"
    sign = "-" if text.startswith("-") else ""
    return sign + (text.lstrip("+-0") or ("0" if "0" in text else "?"))


def _day(text: str) -> dt.date | None:
    """The day as written; a time zone does not move it."""
    try:
        return edifact_day(text[:8], "102")
    except NotADay:
        return None
