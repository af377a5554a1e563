"""Tables in text and in workbooks, honest ones and hostile ones."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
import zlib
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.workbooks import Cell, workbook, zipped
from worker.readers import columns, tables
from worker.readers.columns import DayOrder
from worker.readers.tables import NoTable

ROWS = [["Rechnung", "Betrag"], ["RE-1", "1.234,50"], ["RE-2", "-7,00"]]


@pytest.mark.parametrize("separator", tables.SEPARATORS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separator_and_encoding_are_found(separator: str, encoding: str, newline: str) -> None:
    rows = [["Müller", "Größe"], ["a b", '"1,5;2|3"'], ["c", "d"]]
    text = newline.join(separator.join(row) for row in rows)
    (table,) = tables.tables(text.encode(encoding))
    assert table.rows == (("Müller", "Größe"), ("a b", "1,5;2|3"), ("c", "d"))


def test_a_decimal_comma_is_no_separator() -> None:
    (table,) = tables.tables(b"Nr;Netto;Brutto\n1;10,00;11,90\n2;20,00;23,80\n")
    assert table.separator == ";"
    assert table.column(2) == ["Brutto", "11,90", "23,80"]


def test_the_line_that_names_the_separator_is_believed() -> None:
    (table,) = tables.tables(b"sep=;\na,b;c\n")
    assert table.rows == (("a,b", "c"),)


def test_a_workbook_is_read_as_text_with_marked_numbers_and_days() -> None:
    cells: list[list[Cell]] = [
        ["Invoice", "Day", "Paid"],
        ["0042", dt.date(2026, 11, 2), 1240.0999999999999],
    ]
    (table,) = tables.tables(workbook({"Advice": cells}))
    assert table.name == "Advice"
    assert table.rows == (("Invoice", "Day", "Paid"), ("0042", "2026-11-02", "1240.1"))
    assert table.typed == {(1, 1), (1, 2)}


def test_formulas_links_and_macros_are_told_and_never_followed() -> None:
    extra = {"xl/externalLinks/externalLink1.xml": b"<x/>", "xl/vbaProject.bin": b"\0"}
    (table,) = tables.tables(workbook({"S": [["a", "=SUM(A1:A9)|99"]]}, extra))
    assert table.rows == (("a", "99"),)
    assert table.formulas == {(0, 1)}
    assert len(table.warnings) == 3


def test_text_that_looks_like_a_formula_stays_text() -> None:
    (table,) = tables.tables(b"name,note\n=cmd|' /C calc'!A0,@SUM(1)\n")
    assert table.rows[1] == ("=cmd|' /C calc'!A0", "@SUM(1)")
    assert table.formulas == frozenset()


def _overlapping() -> bytes:
    """Two entries of one name list, both pointing at the same local header."""
    data = bytearray(zipped({"a.xml": b"x" * 100, "b.xml": b"y" * 100}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def _lying() -> bytes:
    """A sheet that says it is short and inflates to 5 MiB."""
    big = b"<worksheet><sheetData>" + b" " * (5 << 20)
    data = bytearray(workbook({"S": [["a"]]}, {"xl/worksheets/sheet1.xml": big}))
    packed = zlib.compress(big)
    assert len(packed) < 10_000
    entry = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    data[entry + 24 : entry + 28] = struct.pack("<I", 30)
    return bytes(data)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DEEP = b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><worksheet/>"
WIDE = b"<worksheet><sheetData><row><c r='ZZZ1'><v>1</v></c></row></sheetData></worksheet>"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a" + b",a" * 1_100 + b"\n1,2\n", "columns"),
        (b"a,b\n1,2\0\n", "NUL"),
        (b'a,b\n1,"' + b"x" * 400_000 + b"\n", "quotation mark"),
        (b"no columns here\nnor here\n", "no columns"),
        (b"", "no columns"),
        (OLE + b"\0" * 600, "old Office"),
        (OLE + "Workbook\0".encode("utf-16-le"), "old Excel"),
        (
            OLE + "EncryptedPackage".encode("utf-16-le"),
            "password",
        ),
        (zipped({f"{n}": b"" for n in range(101)}), "more than 100 files"),
        (zipped({"a": b"\0" * 10_000_000}), "100 times"),
        (zipped({"../a": b""}), "leads out"),
        (zipped({"C:/a": b""}), "leads out"),
        (_overlapping(), "overlap"),
        (_lying(), "damaged"),
        (workbook({"S": [["a"]]}, {"xl/worksheets/sheet1.xml": DEEP}), "DTD"),
        (workbook({"S": [["a"]]}, {"xl/worksheets/sheet1.xml": WIDE}), "columns"),
        (workbook({"S": [["a"]]})[:-60], "damaged"),
        (zipped({"a.txt": b"hello"}), "no workbook"),
    ],
)
def test_hostile_tables_are_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(NoTable, match=why):
        tables.tables(data)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    for prefix in (b"", b"PK\x03\x04", b"a;b\n"):
        with suppress(NoTable):
            tables.tables(prefix + data)


def test_two_entries_of_one_name_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    with pytest.raises(NoTable, match="one name"):
        tables.tables(out.getvalue())


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1,234", "2,345"], None),
        (["1.234", "12"], None),
        (["1,234", "2,50"], ","),
        (["1.234,5"], ","),
        (["1,234,567"], "."),
        (["1'234.50"], "."),
        (["1234,567"], ","),
        (["0.125"], "."),
        (["1,50", "1.50"], None),
        (["EUR 1.234,00", "(12)"], ","),
        (["n/a", ""], None),
    ],
)
def test_the_decimal_mark_is_proved_or_left_open(texts: list[str], mark: str | None) -> None:
    assert columns.decimal_mark(texts) == mark


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1.234,50", ",", "1234.50"),
        ("1.234", ",", "1234"),
        ("1.234", ".", "1.234"),
        ("1.234", None, None),
        ("12,5", None, "12.5"),
        ("(1,250.00)", ".", "-1250.00"),
        ("250.00-", ".", "-250.00"),
        ("- 3,00 €", ",", "-3.00"),
        ("+31070,11", ",", "31070.11"),
        ("12..34", ".", None),
        ("1,23,4", ".", None),
        ("NaN", ".", None),
        ("1e9", ".", None),
        ("٣", ".", None),
        ("1_000", ".", None),
        ("12345678901234", ".", None),
        ("", ".", None),
    ],
)
def test_amounts_have_one_reading_or_none(text: str, mark: str | None, value: str | None) -> None:
    assert columns.amount(text, mark) == (Decimal(value) if value else None)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2026"], None),
        (["03/04/2026", "13/04/2026"], DayOrder.DMY),
        (["03/04/2026", "04/13/2026"], DayOrder.MDY),
        (["13/04/2026", "04/13/2026"], None),
        (["03.04.26"], DayOrder.DMY),
        (["2026-04-03"], DayOrder.YMD),
        (["20260403"], DayOrder.YMD),
        (["soon"], None),
    ],
)
def test_the_order_of_days_is_proved_or_left_open(texts: list[str], order: DayOrder | None) -> None:
    assert columns.day_order(texts) == order


def test_a_day_that_is_not_in_the_calendar_is_none() -> None:
    assert columns.day("31/12/2026", DayOrder.DMY) == dt.date(2026, 12, 31)
    assert columns.day("31/12/2026", DayOrder.MDY) is None
    assert columns.day("03/04/2026", None) is None
    assert columns.day("2026-02-30", None) is None


@given(st.text(alphabet="0123456789.,'-+ €()EUR\u00a0", max_size=20))
def test_no_text_makes_an_amount_raise(text: str) -> None:
    columns.decimal_mark([text])
    for mark in (".", ",", None):
        columns.amount(text, mark)
