"""A database with one customer and as many invoices as a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests import books
from worker import businesses, customers, store
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.mail import Address

KEY = BusinessKey("acme")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

MakeInvoice = Callable[[Session], Invoice]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A fresh SQLite database with the business in it."""
    file = tmp_path / "books.db"
    file.write_bytes(books.migrated())
    with books.lent(file) as engine:
        with store.transaction(engine) as session:
            businesses.enrol(session, KEY, at=NOON)
            customer = customers.add(session, KEY, customers.Details("Buyer"), by="test", at=NOON)
            customers.add_contact(
                session, customer, Address.parse("anna@buyer.example"), by="test", at=NOON
            )
        yield engine


@pytest.fixture
def make_invoice() -> MakeInvoice:
    """Adds an issued invoice of the one customer."""

    def make(session: Session) -> Invoice:
        [customer] = customers.everyone(session, KEY)
        number = new_id("nr")
        invoice = Invoice(
            business=KEY,
            id=new_id("inv"),
            number=number,
            number_key=number.upper(),
            version=1,
            doc_type="invoice",
            currency="EUR",
            total_minor=11900,
            due_on=date(2026, 12, 4),
            reading={},
            fingerprint="f",
            mail_id="mail_1",
            customer_id=customer.id,
            received_at=NOON,
            issued_at=NOON,
        )
        session.add(invoice)
        session.flush()
        return invoice

    return make
