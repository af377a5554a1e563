"""The three figures on remittance mails with truth. Thresholds only ever rise; wrong stays zero."""

from __future__ import annotations

import pytest

from tests.corpora.conftest import Score

MINIMA = ["answered=1", "kind=1", "facts=1", "straight_through=1", "right_lines=1", "never_wrong=1"]


@pytest.mark.timeout(300)
def test_what_a_careful_clerk_would_apply_is_applied_and_nothing_else(score: Score) -> None:
    score("remit", minima=MINIMA, folder="remittances")
