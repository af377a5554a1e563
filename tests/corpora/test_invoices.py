"""The scores on real files. Thresholds only ever rise."""

from __future__ import annotations

import pytest

from tests.corpora.conftest import Score

PLAIN = ["number=1", "issue_date=1", "total=1", "due_date=1", "all=0.98", "answered=1"]
STRUCTURED = ["doc_type=1", "all=1", "extra=0.99", "survives=1", "flagged=1", "answered=1"]
PICTURES = ["number=1", "issue_date=1", "total=1", "all=0.97"]


@pytest.mark.timeout(300)
def test_structured_invoices_are_read_whole(score: Score) -> None:
    kinds = ["ubl", "cii", "pdf+cii", "fatturapa", "edifact"]
    score("invoices", "--only", *kinds, minima=STRUCTURED)


@pytest.mark.timeout(300)
def test_pdfs_without_data_are_read_by_their_words(score: Score) -> None:
    score("invoices_plain", minima=PLAIN)
    score("invoices", "--only", "pdf", "text", minima=PICTURES)
