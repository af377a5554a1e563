"""A CAMT statement of 10,000 entries imported by the command: time, memory, and what it came to.

    python -m bench.banking [--json] [--entries 10000]

Each entry pays an invoice of its own by its number: seven of ten whole, one in part; one is from a
customer on file without a number and one from nobody known. What follows (the receipts' notices)
is part of the time; composing and sending them is not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from tests.books import ACME, AT, OPEN_HANDED, build, document
from tests.readers.bank_samples import balance, camt, entry
from worker import businesses, customers, invoices
from worker.actors import FLOW
from worker.app import App
from worker.commands.household import tillmail
from worker.commands.invariants import INVARIANTS
from worker.invoices import Draft
from worker.kernel.mail import Address
from worker.settings import load

TARGETS = {"settled_10000_s": 60.0, "memory_grows_mb": 64.0}
CUSTOMERS = 500
ITEMS = 1000
RULES = """name = "Acme"
[mail]
from_address = "billing@acme.example"
[[staff]]
name = "Ann"
address = "ann@acme.example"
[[bank_accounts]]
iban = "DE02120300000000202051"
name = "Giro"
"""


def measure(*, entries: int = 10_000) -> dict[str, Any]:
    """Seconds for the whole command, the importer's memory beside a tenth of the file."""
    with tempfile.TemporaryDirectory() as folder:
        small, _, _ = _run(Path(folder) / "small", entries // 10)
        used, took_s, outcomes = _run(Path(folder) / "whole", entries)
    figures = {
        "settled_10000_s": round(took_s * 10_000 / entries, 1),
        "entries_per_s": round(entries / took_s),
        "cpu_ms_per_entry": round((used.ru_utime + used.ru_stime) / entries * 1000, 1),
        "memory_mb": _megabytes(used),
        "memory_grows_mb": _megabytes(used) - _megabytes(small),
        **outcomes,
    }
    met = {name: figures[name] <= target for name, target in TARGETS.items()}
    return {"figures": figures, "targets": TARGETS, "met": met}


def _run(home: Path, entries: int) -> tuple[resource.struct_rusage, float, dict[str, int]]:
    environment = _home(home)
    app = App(load(home, environment), FLOW)
    try:
        _fill(app, entries)
        file = home / "statement.xml"
        file.write_bytes(_statement(entries))
        command = tillmail("payments", "import", str(file), "--as", "Ann", "--json")
        before = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=None
        )
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        took_s = time.monotonic() - before
        assert status == 0, printed
        [row] = json.loads(printed)
        with app.reading() as session:
            broken = [
                found
                for room in ("ledger", "payments", "bank")
                for holds in INVARIANTS[room]
                for found in holds(session)
            ]
        assert not broken, broken[:5]
    finally:
        app.close()
    names = ("booked", "applied", "unapplied", "unidentified")
    return used, took_s, {name: row[name] for name in names}


def _megabytes(used: resource.struct_rusage) -> int:
    return int(used.ru_maxrss / 1024)


def _home(home: Path) -> dict[str, str]:
    (home / "config" / "businesses").mkdir(parents=True)
    (home / "var").mkdir()
    (home / "config" / "businesses" / "acme.toml").write_text(RULES, encoding="utf-8")
    build(f"sqlite:///{home / 'var' / 'tillmail.db'}")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"TILLMAIL_HOME": str(home), "TILLMAIL_ACME_STRIPE_KEY": "sk_test_none"}


def _fill(app: App, entries: int) -> None:
    with app.transaction() as session:
        businesses.publish(session, ACME, app.templates_on_disk(ACME), at=AT)
    with app.transaction() as session:
        for nth in range(CUSTOMERS):
            details = customers.Details(f"Customer {nth} Ltd", f"K-{nth:05}", None)
            customer = customers.add(session, ACME, details, by="bench", at=AT)
            address = Address.parse(f"pay@c{nth}.example")
            customers.add_contact(session, customer, address, by="bench", at=AT)
    for start in range(0, entries, ITEMS):
        with app.transaction() as session:
            _issue(session, range(start, min(start + ITEMS, entries)))
            # What issuing sets off is no part of this.
            session.info.clear()


def _issue(session: Session, numbers: range) -> None:
    for nth in numbers:
        buyer = {"name": f"Customer {nth % CUSTOMERS} Ltd", "number": f"K-{nth % CUSTOMERS:05}"}
        paper = document(number=f"RE-2026-{nth:06}", buyer=buyer)
        invoices.issue(session, ACME, Draft("mail_bench", paper), OPEN_HANDED, at=AT)


def _statement(entries: int) -> bytes:
    rows, moved = [], Decimal(0)
    for nth in range(entries):
        amount = Decimal("100.00") if nth % 10 == 7 else Decimal("119.00")
        moved += amount
        rows.append(entry(str(amount), inside=_inside(nth)))
    return camt(balance("OPBD", "5000.00"), balance("CLBD", str(Decimal("5000.00") + moved)), *rows)


def _inside(nth: int) -> str:
    payer = f"Customer {nth % CUSTOMERS} Ltd" if nth % 10 != 9 else f"Stranger {nth}"
    words = f"Rechnung RE-2026-{nth:06} vom 20.11.2026" if nth % 10 < 8 else "Danke"
    return (
        f"<AcctSvcrRef>B{nth:08}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><Dbtr><Pty>"
        f"<Nm>{payer}</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE{nth % CUSTOMERS:020}</IBAN></Id>"
        f"</DbtrAcct></RltdPties><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls></NtryDtls>"
    )


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--entries", type=int, default=10_000)
    options = parser.parse_args()
    result = measure(entries=options.entries)
    if options.json:
        print(json.dumps(result))
        return
    for name, figure in result["figures"].items():
        print(f"{name:20} {figure:10}  {result['targets'].get(name, '')}")


if __name__ == "__main__":
    main()
