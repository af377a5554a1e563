"""Planning what is charged to stored cards: 100,000 due items in PostgreSQL, time and memory.

python -m bench.planning [--items 100000]
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from tests import books
from tests.books import ACME, AT
from tests.servers.postgres import running_postgres
from worker import autocharge, store
from worker.autocharge import Mandate
from worker.businesses import Rules
from worker.customers import Customer
from worker.invoices import Invoice
from worker.ledger import Account, Entry, Posting

TARGETS = {"planned_100000_s": 30.0, "memory_grows_mb": 64.0}
CUSTOMERS = 1_000
_CHUNK = 2_000


def measure(*, items: int = 100_000) -> dict[str, Any]:
    """Seconds to plan, and how much memory that took on top of a tenth of it."""
    rules = Rules.model_validate(
        {
            "key": "acme",
            "name": "Acme",
            "mail": {"from_address": "billing@acme.example"},
            "autocharge": {"enabled": True},
        }
    )
    terms, at = autocharge.terms_of(rules), AT + timedelta(days=1)
    with running_postgres() as server, server.database() as url:
        books.build(url)
        with books.opened(url) as engine:
            with store.transaction(engine) as session:
                _fill(session, items)
            begun, before = time.monotonic(), _memory_mb()
            more = True
            while more:
                with store.transaction(engine) as session:
                    more = autocharge.plan_some(session, ACME, terms, again=more, at=at)
            took_s = time.monotonic() - begun
    figures = {
        "planned_100000_s": round(took_s * 100_000 / items, 1),
        "memory_grows_mb": round(_memory_mb() - before, 1),
    }
    met = {name: figures[name] <= target for name, target in TARGETS.items()}
    return {"figures": figures, "targets": TARGETS, "met": met, "items": items}


def _fill(session: Session, items: int) -> None:
    session.execute(insert(Customer), [_customer(n) for n in range(CUSTOMERS)])
    session.execute(insert(Mandate), [_mandate(n) for n in range(CUSTOMERS)])
    for numbers in _chunks(items):
        session.execute(insert(Invoice), [_invoice(n) for n in numbers])
        session.execute(insert(Entry), [_entry(n) for n in numbers])
        session.execute(insert(Posting), [leg for n in numbers for leg in _legs(n)])


def _chunks(items: int) -> Iterator[range]:
    for first in range(0, items, _CHUNK):
        yield range(first, min(first + _CHUNK, items))


def _customer(n: int) -> dict[str, Any]:
    return {
        "business": ACME,
        "id": f"cus_{n}",
        "name": f"Zoo {n}",
        "name_key": f"zoo {n}",
        "added_at": AT,
        "added_by": "bench",
        "pay_links": True,
    }


def _mandate(n: int) -> dict[str, Any]:
    return {
        "business": ACME,
        "id": f"mdt_{n}",
        "customer_id": f"cus_{n}",
        "consent": "Yes.",
        "consent_version": "1",
        "given_at": AT,
        "given_where": "letter",
        "given_how": "bench",
        "recorded_by": "bench",
        "recorded_at": AT,
        "currency": "EUR",
        "contracts": [],
        "stripe_customer_id": f"cus_{n}",
        "stripe_method_id": f"pm_{n}",
        "brand": "visa",
        "last4": "4242",
        "fingerprint": f"card_{n}",
    }


def _invoice(n: int) -> dict[str, Any]:
    return {
        "business": ACME,
        "id": f"inv_{n:08}",
        "number": f"R-{n}",
        "number_key": f"R-{n}",
        "version": 1,
        "doc_type": "invoice",
        "currency": "EUR",
        "total_minor": 11_900,
        "issue_on": AT.date(),
        "due_on": AT.date(),
        "reading": {"number": f"R-{n}", "contract": None},
        "fingerprint": str(n),
        "mail_id": "mail_1",
        "customer_id": f"cus_{n % CUSTOMERS}",
        "pay_link": True,
        "received_at": AT,
        "issued_at": AT,
    }


def _entry(n: int) -> dict[str, Any]:
    about = {"business": ACME, "id": f"ent_{n}", "currency": "EUR"}
    return about | {"source": f"issued:{n}", "posted_at": AT}


def _legs(n: int) -> list[dict[str, Any]]:
    about = {"business": ACME, "entry_id": f"ent_{n}", "currency": "EUR"}
    owed = {"item_id": f"inv_{n:08}", "customer_id": f"cus_{n % CUSTOMERS}"}
    return [
        about | owed | {"position": 1, "account": Account.RECEIVABLE.value, "amount_minor": 11_900},
        about | owed | {"position": 2, "account": Account.INVOICED.value, "amount_minor": -11_900},
    ]


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures as JSON."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--items", type=int, default=100_000)
    print(json.dumps(measure(items=given.parse_args().items), indent=2))


if __name__ == "__main__":
    main()
