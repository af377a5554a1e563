"""Bank statements for tests: made by hand, recorded and settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from tests.books import ACME, AT
from tests.payments.test_crediting import broken
from worker import payments
from worker.businesses import Rules
from worker.payments import BankFile, Outcome, Recorded
from worker.payments.bank_invariants import INVARIANTS
from worker.readers.model import Balance, BankDetail, BankEntry, Statement

IBAN = "DE02120300000000202051"
RULES = Rules.model_validate(
    {
        "key": "acme",
        "name": "Acme",
        "mail": {"from_address": "billing@acme.example"},
        "bank_accounts": [{"iban": IBAN, "name": "Giro"}],
    }
)
DAY = date(2026, 11, 20)


def entry(amount: str, text: str = "", *, on: date = DAY, **changes: Any) -> BankEntry:
    """One movement, with one detail where the payer is named."""
    about = {"counterparty_name", "counterparty_account", "end_to_end_id", "creditor_reference"}
    detail = {name: changes.pop(name) for name in about & changes.keys()}
    details = changes.pop("details", None) or (
        (BankDetail(amount=Decimal(amount), currency="EUR", text=text, **detail),) if detail else ()
    )
    facts: dict[str, Any] = {
        "date": on,
        "amount": Decimal(amount),
        "currency": "EUR",
        "text": text,
        "details": details,
    }
    return BankEntry(**(facts | changes))


def statement(*entries: BankEntry, opening: str | None = "1000.00", **changes: Any) -> Statement:
    """A statement that adds up; without `opening` it has no balances."""
    facts: dict[str, Any] = {
        "format": "camt.053",
        "account": IBAN,
        "currency": "EUR",
        "number": "1",
        "entries": entries,
    }
    if opening is not None:
        moved = sum((each.amount or Decimal(0) for each in entries), Decimal(0))
        facts["opening"] = Balance(amount=Decimal(opening), currency="EUR")
        facts["closing"] = Balance(amount=Decimal(opening) + moved, currency="EUR")
    return Statement(**(facts | changes))


def record(
    session: Session, *statements: Statement, rules: Rules = RULES, **about: Any
) -> list[Recorded]:
    """Record a file of these statements."""
    content = repr(statements).encode()
    return payments.record(session, rules, BankFile(statements, content, "ann", **about), at=AT)


def settle(
    session: Session, recorded: Sequence[Recorded], *, insist: bool = True
) -> Counter[Outcome]:
    """Settle all that was recorded; what became of it."""
    outcomes: Counter[Outcome] = Counter()
    for statement_id in (i for each in recorded for i in each.statement_ids):
        while not payments.settle_entries(
            session, ACME, statement_id, insist=insist, at=AT
        ).is_empty:
            session.flush()
        outcomes.update(payments.summarise_entries(session, ACME, statement_id, at=AT))
    return outcomes


def book(session: Session, *statements: Statement, **about: Any) -> Counter[Outcome]:
    """Record and settle a file."""
    return settle(session, record(session, *statements, **about))


def unsound(session: Session) -> list[str]:
    """What does not hold of the books."""
    return [*broken(session), *(found for holds in INVARIANTS for found in holds(session))]
