"""A small set of books for tests: a migrated database with one business, and documents to issue."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from worker import businesses, customers, invoices, store
from worker.app import App
from worker.customers import Customer
from worker.invoices import Draft, Invoice, Limits
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.mail import Address
from worker.readers.model import Buyer
from worker.readers.model import Invoice as Document
from worker.store import outbox

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ACME = BusinessKey("acme")
OTHER = BusinessKey("other")
ASKING = Limits(first_time_addresses=False, send_limit=None, currency="EUR")
OPEN_HANDED = Limits(first_time_addresses=True, send_limit=None, currency="EUR")
# Importing the composition root maps every table, as every process does.
EVERY_ROOM_IS_MAPPED = App


@cache
def migrated() -> bytes:
    """A SQLite file at the newest revision, with nothing in it."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "empty.db")
        with opened(f"sqlite:///{file}") as engine:
            store.schema.upgrade(engine)
        return file.read_bytes()


def build(url: str) -> None:
    """Migrate an empty database and enrol two businesses in it."""
    engine = store.make_engine(url)
    store.schema.upgrade(engine)
    with store.transaction(engine) as session:
        businesses.enrol(session, ACME, at=AT)
        businesses.enrol(session, OTHER, at=AT)
    engine.dispose()


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine for the books at this address."""
    engine = store.make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def copy_of(template: Path, folder: Path) -> Path:
    """A fresh copy of a SQLite database that nobody has open."""
    return Path(shutil.copy(template, folder / "books.db"))


@contextmanager
def lent(file: Path) -> Iterator[Engine]:
    """An engine for this SQLite file that served other tests before.

    It opens a link, which points at another file each time: what it compiled for one test it has
    for the next. A new engine would compile every statement again, a third of most tests' time.
    """
    engine = _IDLE.pop() if _IDLE else _engine_of_a_link()
    link = Path(str(engine.url.database))
    link.unlink(missing_ok=True)
    link.symlink_to(file)
    try:
        yield engine
    finally:
        engine.dispose()
        _IDLE.append(engine)


_IDLE: list[Engine] = []
_LINKS = TemporaryDirectory(prefix="tillmail-books-")


def _engine_of_a_link() -> Engine:
    return store.make_engine(f"sqlite:///{_LINKS.name}/{new_id('books')}.db")


def document(**changes: Any) -> Document:
    """A document over 119.00 EUR for the buyer Zoo AG, with these facts changed."""
    facts: dict[str, Any] = {
        "number": "R-1",
        "issue_date": date(2026, 11, 20),
        "due_date": date(2026, 12, 4),
        "currency": "EUR",
        "total": Decimal("119.00"),
        "grand_total": Decimal("119.00"),
        "tax_total": Decimal("19.00"),
        "buyer": Buyer(name="Zoo AG", email="pay@zoo.example"),
    }
    return Document(**(facts | changes))


def zoo(session: Session, *, address: str | None = "pay@zoo.example") -> Customer:
    """Zoo AG on file, number 7."""
    details = customers.Details("Zoo AG", "7", "DE 123")
    customer = customers.add(session, ACME, details, by="test", at=AT)
    if address:
        customers.add_contact(session, customer, Address.parse(address), by="test", at=AT)
    return customer


def issue(session: Session, limits: Limits = OPEN_HANDED, **changes: Any) -> Invoice:
    """An invoice from a mail that holds `document(**changes)`."""
    draft = Draft(mail_id="mail_1", document=document(**changes))
    return invoices.issue(session, ACME, draft, limits, at=AT)


def told(session: Session) -> list[str]:
    """The names of the facts told in this transaction since the last call."""
    return [type(event).__name__ for event in outbox.take_told(session)]
