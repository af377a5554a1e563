"""XLSX workbooks and zip files written by the tests themselves, honest and hostile."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_STYLES = (
    f'<styleSheet {_MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
)

Cell = str | float | dt.date


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Cell]]], extra: Mapping[str, bytes] | None = None
) -> bytes:
    """A workbook; a text `=FORMULA|value` is a formula cell. `extra` adds or replaces parts."""
    texts: list[str] = []
    relations, listed, parts = [], [], {}
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        path = f"worksheets/sheet{number}.xml"
        relations.append(
            f'<Relationship Id="r{number}" Type="{_OFFICE}/worksheet" Target="{path}"/>'
        )
        listed.append(f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>')
        parts[f"xl/{path}"] = _sheet(rows, texts).encode()
    relations.append(f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="texts.xml"/>')
    relations.append(f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>')
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    book = f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>{"".join(listed)}</sheets></workbook>'
    rels = f"<Relationships {_PACKAGE}>{''.join(relations)}</Relationships>"
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": book.encode(),
            "xl/_rels/workbook.xml.rels": rels.encode(),
            "xl/texts.xml": f"<sst {_MAIN}>{shared}</sst>".encode(),
            "xl/styles.xml": _STYLES.encode(),
            **parts,
            **(extra or {}),
        }
    )


def _sheet(rows: Sequence[Sequence[Cell]], texts: list[str]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell(f"{chr(65 + i)}{number}", value, texts) for i, value in enumerate(row)]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f"<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _cell(place: str, value: Cell, texts: list[str]) -> str:
    if isinstance(value, dt.date):
        days = (value - dt.date(1899, 12, 30)).days
        return f'<c r="{place}" s="1"><v>{days}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if value.startswith("="):
        formula, _, result = value[1:].partition("|")
        return f'<c r="{place}"><f>{escape(formula)}</f><v>{result}</v></c>'
    texts.append(value)
    return f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>'
