"""The three figures on mails of our own, in ten languages: what is not sure is never applied."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.remittance.making import cases
from tests.remittance.world import Case, World
from worker import readers, remittance
from worker.readers import Reading

WORLD = World(seed=11)


def _some() -> list[Case]:
    """One mail of each matter, the languages in turn."""
    by_name: dict[str, list[Case]] = {}
    for case in cases(WORLD):
        by_name.setdefault(case.name, []).append(case)
    return [group[place % len(group)] for place, group in enumerate(by_name.values())]


def _read(case: Case) -> tuple[Reading, list[tuple[str, Decimal, Decimal]]]:
    examined = readers.examine(case.data)
    sender = examined.envelope.sender
    assert sender is not None
    items = WORLD.open_items
    proposal = remittance.propose(examined.reading, examined.claim, sender.address, items)
    reading = remittance.currency_filled(examined.reading, proposal, sender.address, items)
    lines = sorted(
        (a.invoice_number, a.amount, a.deduction or Decimal(0)) for a in proposal.allocations
    )
    return reading.model_copy(update={"proposal": proposal}), lines


@pytest.mark.parametrize("case", _some(), ids=lambda case: f"{case.language}-{case.name}")
def test_a_mail_is_done_with_as_a_careful_clerk_would(case: Case) -> None:
    reading, lines = _read(case)
    assert reading.kind == case.kind
    assert reading.proposal is not None
    if case.expected == "apply":
        assert (reading.proposal.decision, lines) == ("apply", sorted(case.lines)), reading.proposal
    else:
        assert reading.proposal.decision != "apply"
    if case.facts is not None:
        facts = [(each.currency, each.total, each.paid_on) for each in reading.remittances]
        assert facts == [case.facts]
