"""A desk at which one customer owes two invoices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.actors.desk import Desk, opened
from tests.flows.papers import Paper, forward


@pytest.fixture(scope="session")
def kept_desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Desk]:
    with opened(tmp_path_factory.mktemp("desk"), migrated_file) as there:
        for number, net in (("F-7001", "100.00"), ("F-7002", "200.00")):
            there.take(forward(Paper(number=number, net=Decimal(net))).raw())
        there.keep()
        yield there


@pytest.fixture
def desk(kept_desk: Desk) -> Desk:
    """Brightwater owes F-7001 over 119.00 EUR and F-7002 over 238.00 EUR."""
    kept_desk.start_over()
    return kept_desk
