"""`tillmail read`, as it is typed: once for programs and once for a person, over the same kinds of
files, and with nothing to read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.readers.samples import FILES

ROOT = Path(__file__).parents[2]
FIELDS = (
    "path kind reasons warnings error forwarded reply invoices remittances statements bounce"
    " proposal"
)
# Names that the machine may have and JSON may not.
NO_UTF8 = "inv\udcffoice.xml"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker", "read", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("read")
    (folder / "holiday.jpg").write_bytes((FILES / "invoice_cii.xml").read_bytes())
    (folder / NO_UTF8).write_bytes(b"<a/>")
    known = [FILES / "invoice_ubl.xml", FILES / "invoice_edifact.edi"]
    odd = [folder / name for name in ("there is none", "holiday.jpg", NO_UTF8)]
    return list(map(str, known + odd))


@pytest.fixture(scope="module")
def records(paths: list[str]) -> list[dict[str, Any]]:
    done = run("--json", *paths)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_has_one_object_a_line_in_the_order_given(
    paths: list[str], records: list[dict[str, Any]]
) -> None:
    names = [os.fsencode(path).decode("utf-8", "replace") for path in paths]
    assert [record["path"] for record in records] == names


def test_the_object_has_the_fields_of_the_contract_in_their_order(
    records: list[dict[str, Any]],
) -> None:
    assert [list(record) for record in records] == [FIELDS.split()] * len(records)


def test_what_cannot_be_opened_says_so_and_the_rest_go_on(records: list[dict[str, Any]]) -> None:
    _, _, missing, after, _ = records
    assert missing["kind"] == "other"
    assert "cannot be opened" in missing["error"]
    assert after["kind"] == "invoice"


def test_a_file_is_known_by_its_content_whatever_its_name(records: list[dict[str, Any]]) -> None:
    [holiday] = [record for record in records if record["path"].endswith("holiday.jpg")]
    assert holiday["kind"] == "invoice"


def test_names_that_are_no_utf8_are_printed_all_the_same(records: list[dict[str, Any]]) -> None:
    [odd] = [record for record in records if record["path"].endswith("inv\ufffdoice.xml")]
    assert odd["kind"] == "other"


def test_a_person_sees_what_it_is_why_and_what_is_wrong() -> None:
    done = run(str(FILES / "invoice_ubl.xml"), str(FILES / "hostile_doctype.xml"))
    assert done.returncode == 0
    for words in ("LH-2026-0117", "200.00 EUR", "Fjord Bikes AS", "Torque wrench", "(DTD)"):
        assert words in done.stdout


def test_no_file_is_wrong_usage() -> None:
    assert run("--json").returncode == 2
