"""XLSX workbooks (ECMA-376) as rows of text. Nothing is evaluated, followed or run.

A formula cell shows the value that some program left there, which anyone may have typed: it is
told apart, so that nobody takes it for more than a claim. Only the parts that hold cells are read.
"""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal

from lxml import etree

from worker.readers.archives import Archive

MAX_SHEETS = 20
MAX_ROWS = 100_000
MAX_COLUMNS = 1_000
MAX_CELLS = 250_000
MAX_CELL_CHARACTERS = 32_767
MAX_TEXTS = 500_000

# ISO 29500 has a strict twin of every namespace; local names tell the parts apart in both.
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?(?:[Ee][+-]?\d{1,2})?", re.ASCII)
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})", re.ASCII)
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_FORMAT = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_EXACT = Context(prec=15, rounding=ROUND_HALF_EVEN)
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a cell's day has no zone
_EPOCH_1904 = dt.datetime(1904, 1, 1)  # noqa: DTZ001 - a cell's day has no zone
_MAX_DAY = 2_958_465


class RefusedSheet(ValueError):
    """The workbook is not read; the message says why in words for a person."""


@dataclass(slots=True)
class Sheet:
    """Rows that hold something. `typed` are numbers and days that the file itself marks as such:
    a number has a point, a day is ISO. `formulas` are cells whose value was calculated elsewhere.
    Both are places (row, column), counted from 0 in `rows`.
    """

    name: str
    rows: list[list[str]] = field(default_factory=list)
    typed: set[tuple[int, int]] = field(default_factory=set)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets, and what stands in the file that is never followed or run."""

    sheets: tuple[Sheet, ...]
    has_external_links: bool = False
    has_macros: bool = False


def is_workbook(names: tuple[str, ...]) -> bool:
    """Whether a zip with these files inside is an XLSX workbook."""
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def read(data: bytes) -> Workbook:
    """The cells of the workbook; RefusedSheet or RefusedArchive where it is not read."""
    archive = Archive(data)
    if not is_workbook(archive.names):
        raise RefusedSheet("it is no workbook (XLSX)")
    main = _main_part(archive)
    links = _relations(archive, main)
    root = _tree(archive.read(main))
    base = _EPOCH_1904 if _is_1904(root) else _EPOCH
    cells = _Cells(_texts(archive, links), _date_styles(archive, links), base)
    sheets = []
    for name, target, is_hidden in list(_sheet_parts(root, links))[:MAX_SHEETS]:
        sheet = Sheet(name, is_hidden=is_hidden)
        cells.fill(sheet, archive.read(target))
        sheets.append(sheet)
    return Workbook(
        sheets=tuple(sheets),
        has_external_links=any("externalLinks/" in name for name in archive.names),
        has_macros=any(name.endswith(("vbaProject.bin", "macrosheets/")) for name in archive.names),
    )


def _tree(data: bytes) -> etree._Element:
    if b"<!DOCTYPE" in data[:4096].upper():
        raise RefusedSheet("a part of it declares a document type (DTD)")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise RefusedSheet("a part of it is damaged") from error


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _main_part(archive: Archive) -> str:
    """The workbook part: where the package's relations say, which is almost always one place."""
    if "_rels/.rels" in archive.names:
        for relation in _tree(archive.read("_rels/.rels")):
            if str(relation.get("Type", "")).endswith("/officeDocument"):
                return str(relation.get("Target", "")).lstrip("/")
    return "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class _Relation:
    kind: str
    target: str


def _relations(archive: Archive, part: str) -> dict[str, _Relation]:
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if path not in archive.names:
        return {}
    found = {}
    for relation in _tree(archive.read(path)):
        # What lies outside of the file is never fetched.
        if relation.get("TargetMode") != "External":
            target = str(relation.get("Target", ""))
            target = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
            kind = str(relation.get("Type", "")).rpartition("/")[2]
            found[str(relation.get("Id", ""))] = _Relation(kind, posixpath.normpath(target))
    return found


def _is_1904(root: etree._Element) -> bool:
    return any(
        each.get("date1904") in ("1", "true") for each in root if _local(each) == "workbookPr"
    )


def _sheet_parts(
    root: etree._Element, links: dict[str, _Relation]
) -> Iterator[tuple[str, str, bool]]:
    for group in root:
        for sheet in group if _local(group) == "sheets" else ():
            ids = [value for key, value in sheet.attrib.items() if str(key).endswith("}id")]
            relation = links.get(str(ids[0])) if ids else None
            if relation is not None and relation.kind == "worksheet":
                is_hidden = sheet.get("state", "visible") != "visible"
                yield str(sheet.get("name", ""))[:100], relation.target, is_hidden


def _part_of_kind(links: dict[str, _Relation], kind: str) -> str | None:
    return next((each.target for each in links.values() if each.kind == kind), None)


def _texts(archive: Archive, links: dict[str, _Relation]) -> list[str]:
    """The shared texts, which cells name by number."""
    part = _part_of_kind(links, "sharedStrings")
    if part is None or part not in archive.names:
        return []
    found: list[str] = []
    for element in _elements(archive.read(part), ("si",)):
        found.append(_rich_text(element))
        if len(found) > MAX_TEXTS:
            raise RefusedSheet(f"it holds more than {MAX_TEXTS} texts")
    return found


def _rich_text(element: etree._Element) -> str:
    """The text of a cell in one or several runs; readings in kana beside it are left out."""
    parts = [
        run.text or ""
        for run in element.iter("{*}t")
        if (above := run.getparent()) is not None and _local(above) != "rPh"
    ]
    return "".join(parts)[:MAX_CELL_CHARACTERS]


def _date_styles(archive: Archive, links: dict[str, _Relation]) -> frozenset[int]:
    """The numbers of the cell styles that show a number as a day."""
    part = _part_of_kind(links, "styles")
    if part is None or part not in archive.names:
        return frozenset()
    root = _tree(archive.read(part))
    formats = {
        str(each.get("numFmtId")): str(each.get("formatCode", ""))
        for each in root.iterfind("{*}numFmts/{*}numFmt")
    }
    found = set()
    for index, style in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
        number = str(style.get("numFmtId", "0"))
        if _shows_a_day(number, formats.get(number)):
            found.add(index)
    return frozenset(found)


def _shows_a_day(number: str, code: str | None) -> bool:
    if code is None:
        return number.isdecimal() and int(number) in _DATE_FORMATS
    letters = _NOT_FORMAT.sub("", code[:200]).lower().replace("general", "")
    return any(letter in letters for letter in "ydh") or "mm" in letters


def _elements(data: bytes, names: tuple[str, ...]) -> Iterator[etree._Element]:
    """The elements of these names, each gone once the next is asked for: memory stays flat."""
    if b"<!DOCTYPE" in data[:4096].upper():
        raise RefusedSheet("a part of it declares a document type (DTD)")
    tags = tuple("{*}" + name for name in names)
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    try:
        for _, element in etree.iterparse(io.BytesIO(data), tag=tags, **options):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise RefusedSheet("a part of it is damaged") from error


class _Cells:
    """Turns cells into texts, and counts them over all sheets."""

    def __init__(self, texts: list[str], date_styles: frozenset[int], epoch: dt.datetime) -> None:
        self._texts = texts
        self._date_styles = date_styles
        self._epoch = epoch
        self._left = MAX_CELLS

    def fill(self, sheet: Sheet, data: bytes) -> None:
        """Add every row that holds something."""
        for row in _elements(data, ("row",)):
            place = len(sheet.rows)
            if place >= MAX_ROWS:
                raise RefusedSheet(f"a sheet has more than {MAX_ROWS} rows")
            texts: list[str] = []
            for cell in row:
                if _local(cell) == "c":
                    self._add(sheet, texts, cell, place)
            if any(texts):
                sheet.rows.append(texts)

    def _add(self, sheet: Sheet, texts: list[str], cell: etree._Element, row: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise RefusedSheet(f"it has more than {MAX_CELLS} cells")
        column = _column(cell.get("r"), len(texts))
        inside = {_local(child): child for child in cell}
        text, is_typed = self._value(cell, inside.get("v"))
        if not text:
            if cell.get("r") is None:
                texts.append("")
            return
        texts.extend("" for _ in range(column - len(texts)))
        texts.append(text)
        if is_typed:
            sheet.typed.add((row, column))
        if "f" in inside:
            sheet.formulas.add((row, column))

    def _value(self, cell: etree._Element, value: etree._Element | None) -> tuple[str, bool]:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _rich_text(cell).strip(), False
        written = value.text if value is not None else None
        raw = (written or "").strip()[:MAX_CELL_CHARACTERS]
        if kind == "s":
            is_known = raw.isascii() and raw.isdecimal() and int(raw[:9]) < len(self._texts)
            return (self._texts[int(raw[:9])].strip() if is_known else ""), False
        if kind == "d":
            return raw[:10], True
        if kind != "n" or not _NUMBER.fullmatch(raw):
            return raw, False
        return self._number(raw, cell.get("s", "0")), True

    def _number(self, raw: str, style: str) -> str:
        number = Decimal(raw)
        is_day = style.isdecimal() and int(style[:6]) in self._date_styles
        if is_day and 1 <= number <= _MAX_DAY:
            return (self._epoch + dt.timedelta(days=int(number))).date().isoformat()
        # Programs write 1240.1 as 1240.0999999999999; no cell holds more than 15 digits.
        exact = _EXACT.plus(number)
        return f"{exact.normalize():f}" if exact else "0"


def _column(reference: str | None, following: int) -> int:
    """The column of a cell, from 0; without a reference it follows the last one."""
    found = _REFERENCE.fullmatch(reference or "")
    column = following
    if found:
        column = 0
        for letter in found[1]:
            column = column * 26 + ord(letter) - ord("A") + 1
        column -= 1
    if column >= MAX_COLUMNS:
        raise RefusedSheet(f"a row has more than {MAX_COLUMNS} columns")
    if column < following:
        raise RefusedSheet("its cells are out of order")
    return column
