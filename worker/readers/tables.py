"""Tables in files of any separator, encoding and notation: rows of text, and what the notation is.

`tables` is the door for whatever reads lists: bank files, payment advices. Amounts and days stay
text here; `columns` reads them, on the evidence of a whole column.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from worker.readers import charsets, spreadsheets
from worker.readers.archives import RefusedArchive
from worker.readers.spreadsheets import RefusedSheet

MAX_TEXT_BYTES = 20 * 1024 * 1024
MAX_FIELD_CHARACTERS = 32_768
MAX_COLUMNS = 1_000
MAX_ROWS = 100_000
MAX_CELLS = 500_000
SEPARATORS = (";", ",", "\t", "|")
_SAMPLE_ROWS = 200

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLD_WORKBOOKS = tuple(f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book"))
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


class NoTable(ValueError):
    """The bytes hold no table that we read; the message says why in words for a person."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that hold something, each as long as its last cell that does.

    `typed` are the cells (row, column) that the file itself marks as numbers (with a point) or
    days (ISO). `formulas` are cells whose value some program calculated and nobody checked.
    """

    name: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    separator: str | None = None
    typed: frozenset[tuple[int, int]] = frozenset()
    formulas: frozenset[tuple[int, int]] = frozenset()
    warnings: tuple[str, ...] = ()

    def column(self, index: int, start: int = 0) -> list[str]:
        """The texts of one column from a row on; an empty text where a row is shorter."""
        return [row[index] if index < len(row) else "" for row in self.rows[start:]]


def tables(data: bytes) -> list[Table]:
    """The tables in the bytes of an XLSX workbook or a text with separators; NoTable else."""
    if data.startswith(OLE):
        raise NoTable(_why_not_ole(data))
    if data.startswith(b"PK\x03\x04"):
        return _of_workbook(data)
    return [_of_text(data)]


def _why_not_ole(data: bytes) -> str:
    if _ENCRYPTED in data:
        return "it is a workbook protected with a password"
    if any(name in data for name in _OLD_WORKBOOKS):
        return "it is an old Excel file (XLS), which cannot be read; save it as XLSX or CSV"
    return "it is an old Office file, which cannot be read; save it as PDF, XLSX or CSV"


def _of_workbook(data: bytes) -> list[Table]:
    try:
        book = spreadsheets.read(data)
    except (RefusedSheet, RefusedArchive) as error:
        raise NoTable(str(error)) from error
    warnings = []
    if book.has_macros:
        warnings.append("The workbook holds macros; they are never run here.")
    if book.has_external_links:
        warnings.append("The workbook refers to other files; they are never fetched.")
    return [_of_sheet(sheet, warnings) for sheet in book.sheets if sheet.rows]


def _of_sheet(sheet: spreadsheets.Sheet, warnings: Sequence[str]) -> Table:
    said = list(warnings)
    if sheet.formulas:
        said.append(
            f"{len(sheet.formulas)} cells of the sheet {sheet.name!r} are formulas; their values"
            " were calculated elsewhere and are not proved."
        )
    if sheet.is_hidden:
        said.append(f"The sheet {sheet.name!r} is hidden.")
    return Table(
        name=sheet.name,
        rows=tuple(tuple(row) for row in sheet.rows),
        typed=frozenset(sheet.typed),
        formulas=frozenset(sheet.formulas),
        warnings=tuple(said),
    )


def _of_text(data: bytes) -> Table:
    if len(data) > MAX_TEXT_BYTES:
        raise NoTable(f"the text is larger than {MAX_TEXT_BYTES >> 20} MiB")
    text, is_exact = charsets.decode(data, None)
    if "\0" in text:
        raise NoTable("it is no text: it holds NUL bytes")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = _SEP_LINE.match(text)
    if told:
        text = text[told.end() :]
    separator = told[1] if told and told[1] in SEPARATORS else _separator(text)
    if separator is None:
        raise NoTable("its lines show no columns")
    warnings = () if is_exact else ("The character set is not known; letters may be wrong.",)
    return Table(rows=_rows(text, separator), separator=separator, warnings=warnings)


def _separator(text: str) -> str | None:
    """The separator that most lines agree on, and that finds most cells."""
    lines = text.split("\n", _SAMPLE_ROWS)[:_SAMPLE_ROWS]
    best, most = None, 0
    for separator in SEPARATORS:
        if cells := _agreed_cells(lines, separator):
            best, most = (separator, cells) if cells > most else (best, most)
    return best


def _agreed_cells(lines: list[str], separator: str) -> int:
    widths: Counter[int] = Counter()
    # A quotation mark that is never closed ends the sample; the whole text is then refused.
    with suppress(csv.Error):
        for row in csv.reader(lines, delimiter=separator):
            widths[len(row)] += any(row)
    return max((count * (width - 1) for width, count in widths.items() if width > 1), default=0)


def _rows(text: str, separator: str) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    cells = 0
    try:
        for row in csv.reader(text.splitlines(keepends=True), delimiter=separator):
            if len(row) > MAX_COLUMNS:
                raise NoTable(f"a row has more than {MAX_COLUMNS} columns")
            if kept := _row(row):
                rows.append(kept)
                cells += len(kept)
            if len(rows) > MAX_ROWS or cells > MAX_CELLS:
                raise NoTable(f"it has more than {MAX_ROWS} rows or {MAX_CELLS} cells")
    except csv.Error as error:
        raise NoTable("a quotation mark is opened and not closed") from error
    return tuple(rows)


def _row(row: list[str]) -> tuple[str, ...]:
    texts = [cell.strip(" \t\u00a0\ufeff") for cell in row]
    if any(len(text) > MAX_FIELD_CHARACTERS for text in texts):
        raise NoTable(f"a cell has more than {MAX_FIELD_CHARACTERS} characters")
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)
