"""The scores on real mails. Thresholds only ever rise."""

from __future__ import annotations

import pytest

from tests.corpora.conftest import Score

FORWARDS = ["answered=1", "forwarded=1", "all=1", "note=1"]
BOUNCES = ["answered=1", "is_bounce=1", "kind=0.995", "recipients=0.98", "permanent=0.985"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "minima"),
    [
        ("forwards", FORWARDS),
        ("replies", ["answered=1", "exact=0.95"]),
        ("bounces", BOUNCES),
        ("mime", ["answered=1", "survives=1"]),
    ],
)
def test_mails_are_read_as_their_authors_meant(score: Score, kind: str, minima: list[str]) -> None:
    score(kind, minima=minima)
