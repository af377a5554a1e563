"""Every invariant of every room, for `tillmail ledger verify` and for the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from worker.autocharge.invariants import INVARIANTS as OF_AUTOCHARGE
from worker.credits.invariants import INVARIANTS as OF_CREDITS
from worker.delivery.invariants import INVARIANTS as OF_DELIVERY
from worker.documents.invariants import INVARIANTS as OF_DOCUMENTS
from worker.intake.invariants import INVARIANTS as OF_INTAKE
from worker.invoices.invariants import INVARIANTS as OF_INVOICES
from worker.ledger.invariants import INVARIANTS as OF_LEDGER
from worker.paylinks.invariants import INVARIANTS as OF_PAYLINKS
from worker.payments.bank_invariants import INVARIANTS as OF_BANK
from worker.payments.invariants import INVARIANTS as OF_PAYMENTS
from worker.remittance.invariants import INVARIANTS as OF_REMITTANCE
from worker.review.invariants import INVARIANTS as OF_REVIEW
from worker.store.invariants import INVARIANTS as OF_STORE

Invariant = Callable[[Session], list[str]]

INVARIANTS: Mapping[str, tuple[Invariant, ...]] = {
    "ledger": OF_LEDGER,
    "invoices": OF_INVOICES,
    "credits": OF_CREDITS,
    "payments": OF_PAYMENTS,
    "bank": OF_BANK,
    "autocharge": OF_AUTOCHARGE,
    "remittance": OF_REMITTANCE,
    "intake": OF_INTAKE,
    "documents": OF_DOCUMENTS,
    "paylinks": OF_PAYLINKS,
    "delivery": OF_DELIVERY,
    "review": OF_REVIEW,
    "store": OF_STORE,
}


def violations(session: Session) -> list[str]:
    """Everything that does not hold, over all rooms; empty when the books are sound."""
    return [
        f"{sentence(holds)}: {found}"
        for invariants in INVARIANTS.values()
        for holds in invariants
        for found in holds(session)
    ]


def sentence(holds: Invariant) -> str:
    """An invariant's name as words."""
    words: str = getattr(holds, "__name__", "").replace("_", " ")
    return words[:1].upper() + words[1:]
