"""The scores on real bank files and structured advices. Thresholds only ever rise.

Two files of the truth name another currency than the file does (a statement in EUR after one in
DEM; an OFX entry whose CURSYM is USD on an account in CAD): money is told in its own currency.
"""

from __future__ import annotations

import pytest

from tests.corpora.conftest import Score

CAMT = ["camt.052", "camt.053", "camt.054"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("formats", "minima"),
    [
        ([*CAMT, "bai2"], ["answered=1", "file_exact=1", "entries=1"]),
        (["mt940"], ["answered=1", "file_exact=0.97", "entries=0.97"]),
        (["ofx"], ["answered=1", "file_exact=0.88", "entries=0.86"]),
        (["csv", "xlsx"], ["answered=1"]),
    ],
)
def test_every_entry_of_a_bank_file_is_read(
    score: Score, formats: list[str], minima: list[str]
) -> None:
    score("bank", "--only", *formats, minima=minima)


@pytest.mark.timeout(300)
def test_every_structured_advice_is_read_with_its_total(score: Score) -> None:
    score("remittance", minima=["answered=1", "payments=1"])
