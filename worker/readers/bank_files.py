"""The bank statements and structured payment advices in one file, whatever its format.

A format is known by how the bytes begin, never by the file's name. What is no bank file is None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from worker.readers import (
    bai2,
    bank_tables,
    camt,
    mt940,
    nacha,
    ofx,
    remittance_messages,
    spreadsheets,
    statements,
    tables,
    x12_820,
    x12_segments,
)
from worker.readers.archives import Archive, RefusedArchive
from worker.readers.model import Remittance, Statement
from worker.readers.nacha import NotNacha
from worker.readers.statements import NotAStatement
from worker.readers.tables import NoTable
from worker.readers.x12_segments import NotX12
from worker.readers.xml_trees import RefusedXml

# Where the header of a long list must be found.
_HEAD_BYTES = 32_768


@dataclass(frozen=True, slots=True)
class Money:
    """What a file says of money: statements, or advices. `error` says why it was not read.

    `is_remittance` also where an advice names no payment: all of it was rejected.
    """

    statements: tuple[Statement, ...] = ()
    remittances: tuple[Remittance, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    is_remittance: bool = False


def read(data: bytes) -> Money | None:
    """What the file says of money; None where it is none of the formats known here."""
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data.startswith(tables.OLE):
        return _listed(data, "xls")
    for knows, reader in _READERS:
        if knows(data):
            return _of_statements(reader, data)
    for known, advised in _ADVICES:
        if known(data):
            return advised(data)
    return _listed(data, "csv") if _may_be_list(data) else None


def _zipped(data: bytes) -> Money | None:
    """What a zip of bank files holds, or a workbook; a zip of other things is not our matter."""
    try:
        archive = Archive(data)
        if spreadsheets.is_workbook(archive.names):
            return _listed(data, "xlsx")
        members = [archive.read(name) for name in archive.names]
    except RefusedArchive as error:
        return Money(error=f"Not read: {error}.")
    found = [money for member in members if member[:2] != b"PK" and (money := read(member))]
    return _joined(found) if found else None


def _joined(found: list[Money]) -> Money:
    errors = [money.error for money in found if money.error]
    return Money(
        statements=tuple(each for money in found for each in money.statements),
        remittances=tuple(each for money in found for each in money.remittances),
        reasons=tuple(each for money in found for each in money.reasons),
        warnings=tuple(each for money in found for each in money.warnings),
        error=" ".join(errors) or None,
        is_remittance=any(money.is_remittance for money in found),
    )


def _may_be_list(data: bytes) -> bool:
    head = data[:512]
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    is_other = b"\0" in head or head.lstrip().startswith((b"<", b"%PDF", b"{"))
    return is_wide or not is_other


def _listed(data: bytes, file_format: str) -> Money | None:
    """A bank's list; a list of anything else is left to others."""
    try:
        # A long text is looked at from above before all of it is cut into cells.
        if file_format == "csv" and not _has_header(data[:_HEAD_BYTES]):
            return None
        lists = [(table, bank_tables.header(table)) for table in tables.tables(data)]
        found = tuple(
            bank_tables.read(table, header, file_format) for table, header in lists if header
        )
    except (NoTable, NotAStatement) as error:
        return Money(error=f"Not read: {error}.")
    if not found:
        return None
    said = tuple(word for table, header in lists if header for word in table.warnings)
    return _said(found, said)


def _has_header(head: bytes) -> bool:
    try:
        return any(bank_tables.header(table) for table in tables.tables(head[: _whole(head)]))
    except NoTable:
        return False


def _of_x12(data: bytes) -> Money | None:
    """What an X12 interchange pays; without an 820 in it, it is not our matter."""
    try:
        sets = x12_segments.transaction_sets(data)
    except NotX12 as error:
        return Money(error=f"Not read: {error}.")
    found = tuple(x12_820.remittances(sets))
    return _advised(found, "An X12 820 remittance advice") if found else None


def _of_nacha(data: bytes) -> Money | None:
    try:
        return _advised(tuple(nacha.read(data)), "A NACHA (ACH) payment")
    except NotNacha as error:
        return Money(error=f"Not read: {error}.")


def _of_xml(data: bytes) -> Money | None:
    try:
        advice = remittance_messages.read(data)
    except RefusedXml as error:
        return Money(error=f"Not read: {error}.")
    if advice is None:
        return None
    return _advised(advice.remittances, "A remittance advice in XML", advice.warnings)


def _advised(found: tuple[Remittance, ...], what: str, said: tuple[str, ...] = ()) -> Money:
    problems = (str(problem) for each in found for problem in each.problems)
    reasons = tuple(
        f"{what} over {each.total} {each.currency or ''}.".replace(" .", ".") for each in found
    )
    return Money(
        remittances=found,
        reasons=reasons or (f"{what} that names no payment.",),
        warnings=tuple(dict.fromkeys((*said, *problems))),
        is_remittance=True,
    )


def _whole(head: bytes) -> int:
    """How much of the beginning of a text ends with a line; a list of one line is whole."""
    return head.rfind(b"\n") + 1 if len(head) == _HEAD_BYTES else len(head)


def _of_statements(reader: Callable[[bytes], list[Statement]], data: bytes) -> Money:
    try:
        found = tuple(reader(data))
    except NotAStatement as error:
        return Money(error=f"Not read: {error}.")
    if not found:
        return Money(error="Not read: it holds no statement.")
    return _said(found, ())


def _said(found: tuple[Statement, ...], warnings: tuple[str, ...]) -> Money:
    problems = (str(problem) for each in found for problem in each.problems)
    said = dict.fromkeys((*warnings, *problems, *statements.unchained(found)))
    return Money(found, reasons=tuple(_says(each) for each in found), warnings=tuple(said))


def _says(statement: Statement) -> str:
    of = f" of {statement.account}" if statement.account else ""
    return f"A bank statement ({statement.format}){of} with {len(statement.entries)} entries."


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], list[Statement]]], ...] = (
    (camt.is_camt, camt.read),
    (ofx.is_ofx, ofx.read),
    (bai2.is_bai2, bai2.read),
    (mt940.is_mt940, mt940.read),
)
_ADVICES: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Money | None]], ...] = (
    (x12_segments.is_x12, _of_x12),
    (nacha.is_nacha, _of_nacha),
    (remittance_messages.is_advice, _of_xml),
)
