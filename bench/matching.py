"""How long one mail takes to read and to match against a payer with many open items.

`python -m bench.matching` prints the figures against their targets; it takes about a minute. The
first two are processor time against a list; the third is time on the clock in the books, among the
open items of a whole business in PostgreSQL: found, matched, announced, and then not kept.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bench.seeding import TOTAL_MINOR, store_invoices
from tests import books
from tests.books import ACME, AT
from tests.servers.postgres import running_postgres
from worker import readers, remittance
from worker.kernel.money import Money
from worker.readers.model import Claim, Remittance, RemittanceLine
from worker.remittance import AdviceState, Item, Numbers, OpenItems, Policy, Row, Told

ITEMS = 1_000
ROUNDS = 20
BUSINESS_ITEMS = 100_000
TARGETS = {"read_and_match_ms": 20.0, "worst_total_ms": 200.0, "matched_in_books_ms": 100.0}


def measure() -> dict[str, dict[str, float | bool]]:
    """Milliseconds of CPU for one mail of ten lines, and for the worst total without numbers."""
    items = [
        Item(
            f"INV-2026-{serial:05}",
            Money(100_000 + 7_919 * serial + serial * serial, "EUR"),
            dt.date(2026, 10, 1),
            dt.date(2026, 10, 31),
        )
        for serial in range(ITEMS)
    ]
    open_items = OpenItems([Row("Payer Ltd", "ap@payer.example", item) for item in items])
    mail = _mail(items[100:110])

    def read_and_match() -> None:
        examined = readers.examine(mail)
        remittance.propose(examined.reading, examined.claim, "ap@payer.example", open_items)

    numbers = Numbers(items)
    total = Decimal("49999999.97")
    unnamed = Remittance(currency="EUR", total=total, lines=(RemittanceLine(amount=total),))
    figures = {
        "read_and_match_ms": _milliseconds(read_and_match),
        "worst_total_ms": _milliseconds(lambda: remittance.match(unnamed, Claim(), numbers)),
        "matched_in_books_ms": _in_books(),
    }
    met = {name: figures[name] <= target for name, target in TARGETS.items()}
    return {"figures": dict(figures), "targets": dict(TARGETS), "met": dict(met)}


def _in_books() -> float:
    """One mail of ten lines of a customer with 1,000 items, taken in a business with 100,000."""
    customers = BUSINESS_ITEMS // ITEMS
    named = range(0, BUSINESS_ITEMS, customers)[100:110]
    amounts = [Money(TOTAL_MINOR + n % 7, "EUR") for n in named]
    day = dt.date(2026, 10, 1)
    paid = [Item(f"R-{n}", a, day, day) for n, a in zip(named, amounts, strict=True)]
    examined = readers.examine(_mail(paid))
    told = Told(
        mail_id="mail_bench",
        written_by="ap@payer.example",
        trust="A1",
        thread="bench",
        remittances=examined.reading.remittances,
        claim=examined.claim or Claim(),
        customer_id="cus_0",
        is_authentic=True,
    )
    with running_postgres() as server, server.database() as url:
        books.build(url)
        with books.opened(url) as engine:
            store_invoices(engine, BUSINESS_ITEMS, customers=customers)
            return _milliseconds(lambda: _take(engine, told), time.perf_counter)


def _take(engine: Engine, told: Told) -> None:
    with Session(engine) as session:
        [advice] = remittance.take(session, ACME, told, Policy(), at=AT)
        session.flush()
        assert advice.state == AdviceState.ANNOUNCED, advice.why
        session.rollback()


def _mail(items: list[Item]) -> bytes:
    lines = "\n".join(f"{item.number}   {item.open.text()}" for item in items)
    whole = Money(sum(item.open.minor for item in items), "EUR")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = "<ap@payer.example>", "<accounts@seller.example>"
    mail["Subject"], mail["Date"] = "Payment", "Fri, 20 Nov 2026 11:02:29 +0100"
    mail.set_content(f"Paid today:\n\n{lines}\n\nTotal EUR {whole.text()}\n")
    return mail.as_bytes()


def _milliseconds(
    work: Callable[[], object], clock: Callable[[], float] = time.process_time
) -> float:
    """The middle of many rounds, after one to warm up."""
    work()
    taken = []
    for _ in range(ROUNDS):
        began = clock()
        work()
        taken.append(1000 * (clock() - began))
    return round(sorted(taken)[ROUNDS // 2], 2)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
