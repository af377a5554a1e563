"""ISO 20022 account statements: camt.052 (intraday), camt.053 (a day), camt.054 (notifications).

All versions: the namespace gives the version, the names inside have hardly changed. A file is read
as a stream, entry by entry, so that ten thousand of them take no more memory than one.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from lxml import etree

from worker.readers import xml_trees
from worker.readers.dates import NotADay, iso_day
from worker.readers.model import (
    Balance,
    BankDetail,
    BankEntry,
    EntryStatus,
    Problem,
    Statement,
)
from worker.readers.remittance_iso import Purpose, purpose
from worker.readers.statements import (
    MAX_ENTRIES,
    NotAStatement,
    checked,
    money,
    refuse_flood,
    short,
)
from worker.readers.xml_trees import Names, Node

MAX_SIZE_BYTES = 64 * 1024 * 1024
_MESSAGES = {
    "BkToCstmrAcctRpt": "camt.052",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
}
_REPORTS = ("Stmt", "Rpt", "Ntfctn")
_STATUS = {
    "BOOK": EntryStatus.BOOKED,
    "PDNG": EntryStatus.PENDING,
    "FUTR": EntryStatus.PENDING,
    "INFO": EntryStatus.INFORMATION,
}
_OPENING = ("OPBD", "PRCD")


def message_of(name: str) -> str | None:
    """The format that an element of this local name begins, if it begins one."""
    return _MESSAGES.get(name.removesuffix("V01"))


def is_camt(data: bytes) -> bool:
    """Whether the file is XML that begins such a message."""
    head = xml_trees.start_text(data, 8192)
    return xml_trees.looks_like_xml(data) and any(name in head for name in _MESSAGES)


def read(data: bytes) -> list[Statement]:
    """The statements in the file, in its order; NotAStatement where it is unsafe or none."""
    if len(data) > MAX_SIZE_BYTES:
        raise NotAStatement(f"it is larger than {MAX_SIZE_BYTES >> 20} MiB")
    try:
        return list(_statements(data))
    except etree.XMLSyntaxError as error:
        raise NotAStatement(f"the XML is not well formed: {str(error)[:200]}") from error


@dataclass(slots=True)
class _Stream:
    """What is known while the file passes by."""

    format: str = ""
    names: Names = field(default_factory=lambda: Names({"c": ""}))
    entries: list[BankEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0


def _statements(data: bytes) -> Iterator[Statement]:
    stream = _Stream()
    for event, element in _events(data):
        # lxml's own QName refuses the names that a hostile namespace makes.
        space, _, name = str(element.tag).rpartition("}")
        if event == "start":
            _refuse_dtd(element)
            if found := message_of(name):
                stream.format = found
                stream.names = Names({"c": space.removeprefix("{")})
        elif name == "Ntry" and stream.format:
            stream.count += 1
            refuse_flood(stream.count, MAX_ENTRIES, "entries")
            stream.entries.append(_entry(Node(element, stream.names, stream.problems)))
            _forget(element)
        elif name in _REPORTS and stream.format:
            yield _statement(Node(element, stream.names, stream.problems), stream)
            stream.entries, stream.problems = [], []
            _forget(element)


def _events(data: bytes) -> Iterator[tuple[str, etree._Element]]:
    names = ["Ntry", *_REPORTS, *_MESSAGES, *(f"{name}V01" for name in _MESSAGES)]
    stream: Iterator[tuple[str, etree._Element]] = etree.iterparse(
        io.BytesIO(data),
        events=("start", "end"),
        tag=["{*}" + name for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
    )
    return stream


def _refuse_dtd(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise NotAStatement("the XML declares a document type (DTD), which is refused")


def _forget(element: etree._Element) -> None:
    """Let go of what was read. An empty element stays, for the parser stands on it."""
    element.clear()
    parent, before = element.getparent(), element.getprevious()
    if parent is not None and before is not None and str(before.tag).endswith("}Ntry"):
        parent.remove(before)


def _statement(node: Node, stream: _Stream) -> Statement:
    balances = {kind: each for each in node.all("c:Bal") if (kind := _kind_of(each))}
    opening = next((balances[kind] for kind in _OPENING if kind in balances), None)
    closing = balances.get("CLBD")
    return checked(
        Statement(
            format=stream.format,
            account=_account(node.first("c:Acct")) or "",
            entries=tuple(stream.entries),
            currency=node.text("c:Acct/c:Ccy"),
            number=node.text("c:Id"),
            opening=_balance(opening) if opening else None,
            closing=_balance(closing) if closing else None,
            problems=tuple(stream.problems),
        )
    )


def _kind_of(balance: Node) -> str | None:
    """Booked balances by kind. Of a page in the middle (INTM) no sum is drawn."""
    if balance.text("c:Tp/c:SubTp/c:Cd") == "INTM":
        return None
    return balance.text("c:Tp/c:CdOrPrtry/c:Cd", "c:Tp/c:Cd")


def _balance(node: Node) -> Balance | None:
    amount, currency = _signed(node)
    if amount is None:
        return None
    return Balance(amount=amount, currency=currency, date=_day(node, "c:Dt"))


def _account(node: Node | None) -> str | None:
    if node is None:
        return None
    return node.text("c:Id/c:IBAN", "c:Id/c:Othr/c:Id", "c:Id/c:PrtryAcct/c:Id", "c:Id/c:BBAN")


def _signed(node: Node) -> tuple[Decimal | None, str | None]:
    """The amount with the sign of CdtDbtInd; a reversal indicator does not turn it."""
    amounts = list(node.all("c:Amt"))
    side = node.only("c:CdtDbtInd")
    currency = amounts[0].attribute("Ccy") if amounts else None
    if len(amounts) != 1 or side not in ("CRDT", "DBIT"):
        node.note("AMOUNT", f"{node.name} needs one amount that is a credit or a debit")
        return None, currency
    value = money(amounts[0].own_text() or "", currency)
    if value is None or value < 0:
        node.note("AMOUNT", f"an amount of {node.name} is negative or no number")
        return None, currency
    return (-value if side == "DBIT" and value else value), currency


def _entry(node: Node) -> BankEntry:
    amount, currency = _signed(node)
    details = tuple(_details(node, amount, currency))
    _check_details(node, amount, currency, details)
    words = node.text("c:AddtlNtryInf") or " ".join(each.text for each in details if each.text)
    return BankEntry(
        date=_day(node, "c:BookgDt"),
        amount=amount,
        currency=currency,
        reference=node.text("c:AcctSvcrRef", "c:NtryRef") or "",
        text=short(words),
        value_date=_day(node, "c:ValDt"),
        status=_status(node),
        is_reversal=node.text("c:RvslInd") in ("true", "1"),
        code=_code(node),
        details=details,
    )


def _status(node: Node) -> EntryStatus:
    # Since version 8 the code has an element of its own.
    code = node.text("c:Sts", "c:Sts/c:Cd", "c:Sts/c:Prtry")
    if code is not None and code not in _STATUS:
        node.note("STATUS", f"an entry has the status {code[:20]!r}", holds=False)
    return _STATUS.get(code or "BOOK", EntryStatus.INFORMATION)


def _code(node: Node) -> str | None:
    path = "c:BkTxCd/c:Domn/"
    parts = [
        node.text(path + "c:Cd"),
        node.text(path + "c:Fmly/c:Cd"),
        node.text(path + "c:Fmly/c:SubFmlyCd"),
    ]
    return "-".join(part for part in parts if part) or node.text("c:BkTxCd/c:Prtry/c:Cd")


def _day(node: Node, path: str) -> dt.date | None:
    text = node.text(f"{path}/c:Dt", f"{path}/c:DtTm")
    if text is None:
        return None
    try:
        return iso_day(text)
    except NotADay as error:
        node.note("DATE", str(error))
        return None


def _details(node: Node, amount: Decimal | None, currency: str | None) -> Iterator[BankDetail]:
    found = list(node.all("c:NtryDtls/c:TxDtls"))
    for each in found:
        yield _detail(each, amount, currency, is_only=len(found) == 1)


def _detail(
    node: Node, entry: Decimal | None, currency: str | None, *, is_only: bool
) -> BankDetail:
    is_credit = (entry or 0) >= 0
    side = node.text("c:CdtDbtInd")
    value, own = _detail_amount(node)
    if value is None and is_only:
        value, own = (abs(entry) if entry is not None else None), currency
    is_debit = side == "DBIT" if side in ("CRDT", "DBIT") else not is_credit
    said = _purpose(node)
    name, account = _counterparty(node, is_credit=not is_debit)
    return BankDetail(
        amount=-value if value and is_debit else value,
        currency=own,
        counterparty_name=name,
        counterparty_account=account,
        end_to_end_id=_given(node.text("c:Refs/c:EndToEndId")),
        creditor_reference=said.creditor_reference,
        invoice_numbers=said.invoice_numbers,
        text=said.text or short(node.text("c:AddtlTxInf") or ""),
        return_reason=node.text("c:RtrInf/c:Rsn/c:Cd", "c:RtrInf/c:RtrRsn/c:Cd"),
    )


def _given(reference: str | None) -> str | None:
    """The reference; banks write that none was provided."""
    return None if reference in (None, "NOTPROVIDED", "NOT PROVIDED") else reference


def _detail_amount(node: Node) -> tuple[Decimal | None, str | None]:
    for path in ("c:Amt", "c:AmtDtls/c:TxAmt/c:Amt"):
        found = node.first(path)
        if found is not None:
            currency = found.attribute("Ccy")
            return money(found.own_text() or "", currency), currency
    return None, None


def _purpose(node: Node) -> Purpose:
    return purpose(node.first("c:RmtInf"))


def _counterparty(node: Node, *, is_credit: bool) -> tuple[str | None, str | None]:
    """The name and account of the other side; since version 8 a party stands one step deeper."""
    side = "Dbtr" if is_credit else "Cdtr"
    parties = node.first("c:RltdPties")
    if parties is None:
        return None, None
    name = parties.text(
        *(f"c:{who}{step}/c:Nm" for who in (side, f"Ultmt{side}") for step in ("", "/c:Pty"))
    )
    return name, _account(parties.first(f"c:{side}Acct"))


def _check_details(
    node: Node, amount: Decimal | None, currency: str | None, details: tuple[BankDetail, ...]
) -> None:
    """Note a batch that does not add up: its parts must not be matched on their own."""
    if amount is None or len(details) < 2:
        return
    parts = [each.amount for each in details if each.amount is not None]
    if len(parts) < len(details) or {each.currency for each in details} != {currency}:
        return
    if sum(parts, Decimal(0)) != amount:
        text = f"the payments of an entry make {sum(parts, Decimal(0))}, the entry is {amount}"
        node.note("BATCH", text, holds=False)
