"""What a stored card may be assigned to: contracts on file, and those that invoices name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.kernel.ids import BusinessKey


@dataclass(frozen=True, slots=True)
class ContractFace:
    """A contract in force. `source`: *on file*, or *invoices* that name it (BT-12)."""

    number: str
    title: str | None
    source: str


def contracts_of(session: Session, business: BusinessKey, customer_id: str) -> list[ContractFace]:
    """A customer's contracts, by number; without those that staff ended."""
    filed = {one.number: one for one in customers.contracts_of(session, business, customer_id)}
    named = invoices.contracts_of(session, business, customer_id)
    found = [
        ContractFace(one.number, one.title, "on file")
        for one in filed.values()
        if one.ended_at is None
    ]
    found += [ContractFace(number, None, "invoices") for number in named if number not in filed]
    return sorted(found, key=lambda one: one.number)
