"""Planning what is charged to stored cards: 100,000 due items in PostgreSQL, time and memory.

    python -m bench.planning [--items 100000]

With storing the items it takes about twice as long as the planning.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, insert

from bench.seeding import analyze, store_invoices
from tests import books
from tests.books import ACME, AT
from tests.servers.postgres import running_postgres
from worker import autocharge, store
from worker.autocharge import Mandate
from worker.businesses import Rules

TARGETS = {"planned_100000_s": 30.0, "memory_grows_mb": 64.0}
CUSTOMERS = 1_000


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
            _fill(engine, items)
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


def _fill(engine: Engine, items: int) -> None:
    store_invoices(engine, items, customers=CUSTOMERS)
    with store.transaction(engine) as session:
        session.execute(insert(Mandate), [_mandate(n) for n in range(CUSTOMERS)])
    analyze(engine, "mandate")


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


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures as JSON."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--items", type=int, default=100_000)
    print(json.dumps(measure(items=given.parse_args().items), indent=2))


if __name__ == "__main__":
    main()
