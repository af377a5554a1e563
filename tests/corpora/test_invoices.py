"""The scores on real files. Thresholds only ever rise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"

PLAIN = ["number=1", "issue_date=1", "total=1", "due_date=1", "all=0.98", "answered=1"]
STRUCTURED = ["doc_type=1", "all=1", "extra=0.99", "survives=1", "flagged=1", "answered=1"]


def score(kind: str, *options: str, minima: list[str]) -> str:
    command = [sys.executable, str(SHARED / "score.py"), kind, str(SHARED / "corpora")]
    read = f"{sys.executable} -m worker read --json"
    done = subprocess.run(
        [*command, "--command", read, *options, "--show", "20", "--min", *minima],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_structured_invoices_are_read_whole() -> None:
    kinds = ["ubl", "cii", "pdf+cii", "fatturapa", "edifact"]
    score("invoices", "--only", *kinds, minima=STRUCTURED)


@pytest.mark.timeout(300)
def test_pdfs_without_data_are_read_by_their_words() -> None:
    score("invoices_plain", minima=PLAIN)
    score(
        "invoices",
        "--only",
        "pdf",
        "text",
        minima=["number=1", "issue_date=1", "total=1", "all=0.97"],
    )
