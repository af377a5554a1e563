"""The bank statements and structured payment advices in one file, whatever its format.

A format is known by how the bytes begin, never by the file's name. What is no bank file is None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from worker.readers import camt, mt940, statements
from worker.readers.model import Remittance, Statement
from worker.readers.statements import NotAStatement


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
    for knows, reader in _READERS:
        if knows(data):
            return _of_statements(reader, data)
    return None


def _of_statements(reader: Callable[[bytes], list[Statement]], data: bytes) -> Money:
    try:
        found = tuple(reader(data))
    except NotAStatement as error:
        return Money(error=f"Not read: {error}.")
    if not found:
        return Money(error="Not read: it holds no statement.")
    warnings = [str(problem) for each in found for problem in each.problems]
    warnings += statements.unchained(found)
    return Money(found, reasons=tuple(_says(each) for each in found), warnings=tuple(warnings))


def _says(statement: Statement) -> str:
    of = f" of {statement.account}" if statement.account else ""
    return f"A bank statement ({statement.format}){of} with {len(statement.entries)} entries."


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], list[Statement]]], ...] = (
    (camt.is_camt, camt.read),
    (mt940.is_mt940, mt940.read),
)
