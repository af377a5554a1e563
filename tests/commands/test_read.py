"""`tillmail read`, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.readers.samples import FILES

ROOT = Path(__file__).parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker", "read", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )


def records(*paths: str) -> list[dict[str, object]]:
    done = run("--json", *paths)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_has_one_object_a_line_in_the_order_given() -> None:
    paths = [str(FILES / name) for name in ("invoice_ubl.xml", "invoice_edifact.edi")]
    assert [record["path"] for record in records(*paths)] == paths


def test_the_object_has_the_fields_of_the_contract_in_their_order() -> None:
    (record,) = records(str(FILES / "invoice_ubl.xml"))
    fields = (
        "path kind reasons warnings error forwarded reply invoices remittances statements bounce"
        " proposal"
    )
    assert list(record) == fields.split()


def test_what_cannot_be_opened_says_so_and_the_rest_go_on(tmp_path: Path) -> None:
    missing = str(tmp_path / "there is none")
    first, second = records(missing, str(FILES / "invoice_cii.xml"))
    assert (first["path"], first["kind"]) == (missing, "other")
    assert "cannot be opened" in str(first["error"])
    assert second["kind"] == "invoice"


def test_a_file_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes((FILES / "invoice_cii.xml").read_bytes())
    (record,) = records(str(path))
    assert record["kind"] == "invoice"


def test_names_that_are_no_utf8_are_printed_all_the_same(tmp_path: Path) -> None:
    name = bytes(tmp_path) + b"/inv\xffoice.xml"
    Path(name.decode("utf-8", "surrogateescape")).write_bytes(b"<a/>")
    command = [sys.executable, "-m", "worker", "read", "--json", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout.decode("utf-8"))["kind"] == "other"


def test_a_person_sees_what_it_is_why_and_what_is_wrong() -> None:
    done = run(str(FILES / "invoice_ubl.xml"), str(FILES / "hostile_doctype.xml"))
    assert done.returncode == 0
    for words in ("LH-2026-0117", "200.00 EUR", "Fjord Bikes AS", "Torque wrench", "(DTD)"):
        assert words in done.stdout


def test_no_file_is_wrong_usage() -> None:
    assert run("--json").returncode == 2
