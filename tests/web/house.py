"""A whole App on SQLite with one business, and a payment service that keeps count."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from tests import books
from tests.web.counting import CountingCards, CountingGateway
from worker import (
    businesses,
    customers,
    documents,
    invoices,
    ledger,
    paylinks,
    payments,
    store,
)
from worker.app import App
from worker.businesses import Rules
from worker.commands import time_line
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.ledger import Account
from worker.paylinks import Subject
from worker.payments import (
    Allocation,
    Payment,
)
from worker.readers.model import Buyer, DocType
from worker.readers.model import Invoice as Document
from worker.settings import PROJECT, GatewaySettings, Settings, WebSettings
from worker.store import Record, blobs
from worker.web import build

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = BusinessKey("acme")
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


def rules(**changes: Any) -> Rules:
    """The business of the house."""
    facts: dict[str, Any] = {
        "key": KEY,
        "name": "Acme",
        "legal_name": "Acme Lamps Ltd",
        "address": ["1 High Street", "London"],
        "email": "hello@acme.example",
        "bank": {"iban": "GB33BUKB20201555555555", "bic": "BUKBGB22", "name": "Example Bank"},
        "mail": {"from_address": "invoices@acme.example"},
        "stripe": {"account": "acct_house"},
        "time_zone": "Europe/Berlin",
    }
    return Rules.model_validate(facts | changes)


class HouseApp(App):
    """The App with a clock that stands still, the counting gateway and the counting cards."""

    at: datetime
    counting: CountingGateway
    cards: CountingCards
    filled: list[tuple[str, Mapping[str, object]]]

    def page(
        self, business: BusinessKey, page: str, language: str, context: Mapping[str, object]
    ) -> Any:
        self.filled.append((page, context))
        return super().page(business, page, language, context)

    def now(self) -> datetime:
        return self.at

    def gateway(self, business: BusinessKey) -> CountingGateway:
        return self.counting

    def stored_cards(self, business: BusinessKey) -> CountingCards:
        return self.cards

    def look(
        self, session: Session, business: BusinessKey, set_hash: str | None = None
    ) -> documents.Look:
        # The shipped templates as they lie there: compiled once for all tests of a process.
        return documents.Look("shipped", str(PROJECT / "templates"))


class House:
    """The App, its site, and what a test wants to know of them."""

    def __init__(
        self, home: Path, engine: Engine, lives_at: str, gateway: str = "", **changes: Any
    ) -> None:
        self.lives_at = self.reached_at = lives_at
        settings = Settings(
            home=home,
            web=WebSettings(public_url=lives_at),
            gateway=GatewaySettings(base_url=gateway),
            businesses=(rules(**changes),),
            secrets={"LINK_KEY_1": "a key of the house"},
        )
        self.app = HouseApp(settings, flow={})
        self.app.engine = engine
        self.app.at, self.app.filled = NOON, []
        self.app.counting = CountingGateway()
        self.app.cards = CountingCards()
        with self.app.transaction() as session:
            businesses.enrol(session, KEY, at=NOON)
        self.site = build(self.app)
        self._open: list[httpx.Client] = []

    def browser(self, **headers: str) -> httpx.Client:
        """A person's browser, with a cookie jar of its own."""
        # Without `verify` each client would load the machine's certificates, for loopback.
        client = httpx.Client(
            base_url=self.reached_at,
            headers={"User-Agent": PERSON, "Accept-Language": "en-GB"} | headers,
            verify=False,
            # A busy machine makes an answer slow, not wrong.
            timeout=30,
        )
        self._open.append(client)
        return client

    def close(self) -> None:
        """Close every browser and the App."""
        for client in self._open:
            client.close()
        self.app.close()

    def wait(self, **time: float) -> None:
        """Let business time pass."""
        self.app.at += timedelta(**time)

    def invoice(
        self,
        number: str = "A-1",
        total: str = "119.00",
        language: str = "en",
        *,
        buyer: str = "",
        currency: str = "EUR",
    ) -> str:
        """An issued invoice with a frozen document and a link; gives the path of its page.

        Each has a buyer of its own, unless one is named.
        """
        at = self.app.now()
        with self.app.transaction() as session:
            amount = Money.of(Decimal(total), currency)
            invoice = _issue(session, number, amount, language, at, buyer=buyer or number)
            link = paylinks.open_link(
                session, invoice, self.app.link_keys, self.app.link_life(KEY), at=at
            )
            _freeze(session, invoice.id, at)
        return self.app.link_url(link).removeprefix(self.lives_at)

    def account(self, path: str) -> str:
        """Opens the link for all that the customer of a page owes; gives the path of its page."""
        owing = Subject(KEY, self.link(path).customer_id, currency="EUR")
        app = self.app
        with app.transaction() as session:
            life = app.link_life(KEY)
            link = paylinks.open_customer_link(session, owing, app.link_keys, life, at=app.at)
        return app.link_url(link).removeprefix(self.lives_at)

    def link(self, path: str) -> paylinks.Link:
        """The link of a page."""
        with self.app.transaction() as session:
            found = paylinks.by_token(session, path.removeprefix("/l/"))
        assert found is not None
        return found

    def activity(self, path: str) -> list[str]:
        """The kinds of what happened around the page's item, by the clock, then by the alphabet."""
        item = self.link(path).item_id or ""
        with self.app.transaction() as session:
            entries = time_line.of_item(session, KEY, item)
        return [what for _, what in sorted((entry.at, entry.what) for entry in entries)]

    def pay(self, path: str) -> None:
        """Settle the invoice behind a page, as evidence would."""
        item = self.link(path).item_id or ""
        with self.app.transaction() as session:
            settle_whole(session, item, self.app.now())

    def credit(self, path: str, amount: str) -> None:
        """Issue a credit note for the invoice behind a page, and set it against that."""
        with self.app.transaction() as session:
            item = invoices.by_id(session, KEY, self.link(path).item_id or "")
            assert item is not None
            reading = Document.model_validate(item.reading)
            given = Decimal(amount)
            facts = {"number": f"G-{item.number}", "doc_type": DocType.CREDIT_NOTE, "total": given}
            facts |= {"grand_total": given, "preceding_invoices": (item.number,), "due_date": None}
            limits = invoices.Limits(first_time_addresses=False, send_limit=None, currency="EUR")
            draft = invoices.Draft(new_id("mail"), reading.model_copy(update=facts))
            note = invoices.issue(session, KEY, draft, limits, at=self.app.at)
            assert note.hold is None, note.hold_because
            assert payments.apply_credit_note(session, KEY, note.id, at=self.app.at)

    def rows(self) -> dict[str, list[str]]:
        """All that every table holds."""
        with store.reading(self.app.engine) as session:
            return {
                table.name: sorted(map(repr, session.execute(select(table)).all()))
                for table in Record.metadata.sorted_tables
            }

    def edit(self, path: str, **facts: Any) -> None:
        """Set facts on the invoice behind a page."""
        with self.app.transaction() as session:
            found = paylinks.by_token(session, path.removeprefix("/l/"))
            assert found is not None
            invoice = invoices.by_id(session, KEY, found.item_id or "")
            for name, value in facts.items():
                setattr(invoice, name, value)


def form_of(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts there, as a browser sends them."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', html, re.DOTALL)
    assert form is not None, f"no form posts to {action}"
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form[1]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="radio"' not in tag or "checked" in tag):
            fields[name[1]] = value[1]
    return fields


def as_person(fields: dict[str, str]) -> dict[str, str]:
    """The fields as our script fills them in for a person."""
    return fields | {"script": "1", "trusted": "1", "steered": ""}


def stripe_event(**changes: Any) -> bytes:
    """A webhook's body."""
    event: dict[str, Any] = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(datetime.now(UTC).timestamp()),
        "livemode": False,
        "data": {"object": {"id": "cs_unknown", "object": "checkout.session"}},
    }
    return json.dumps(event | changes).encode()


@contextmanager
def running_house(
    home: Path,
    *,
    database: str = "",
    public_url: str = "",
    sandboxed: bool = False,
    **changes: Any,
) -> Iterator[House]:
    """A house whose site answers on a free loopback port, which `public_url` may hide.

    `sandboxed`: its hosted payment pages are on this machine too, at another origin.
    """
    # Only where the protocol is named does asyncio send without delay, as it does in production.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    port = listening.getsockname()[1]
    reached_at = f"http://127.0.0.1:{port}"
    sandbox = f"http://localhost:{port}" if sandboxed else ""
    with books.opened(database) if database else _new_books(home) as engine:
        house = House(home, engine, public_url or reached_at, sandbox, **changes)
        house.reached_at = reached_at
        if sandboxed:
            house.app.counting.pages_at = house.app.cards.pages_at = f"{sandbox}/health?page="
        try:
            with serving(house.site, listening):
                yield house
        finally:
            house.close()


@contextmanager
def _new_books(home: Path) -> Iterator[Engine]:
    file = home / "house.db"
    file.write_bytes(books.migrated())
    with books.lent(file) as engine:
        yield engine


@contextmanager
def serving(site: Starlette, listening: socket.socket) -> Iterator[None]:
    """The site answers on this socket until the end, when all that was asked is answered."""
    config = uvicorn.Config(site, lifespan="off", ws="none", access_log=False, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        while thread.is_alive() and (server.server_state.tasks or not server.started):
            time.sleep(0.005)
        # It closes the socket and ends, two tenths of a second later: nobody waits for that.
        server.should_exit = True


def settle_whole(session: Session, item_id: str, at: datetime) -> None:
    """A settled payment for all that is owed."""
    invoice = invoices.by_id(session, KEY, item_id)
    assert invoice is not None
    owed = invoices.still_to_pay(session, invoice)
    payment = Payment(
        business=KEY,
        id=new_id("pay"),
        customer_id=invoice.customer_id,
        state="settled",
        currency=owed.currency,
        amount_minor=owed.minor,
        method="card",
        evidence_type="stripe_payment",
        evidence_id=new_id("pi"),
        registered_at=at,
        settled_at=at,
    )
    session.add(payment)
    session.flush()
    session.add(
        Allocation(
            business=KEY,
            id=new_id("alc"),
            payment_id=payment.id,
            item_id=item_id,
            currency=owed.currency,
            amount_minor=owed.minor,
            allocated_at=at,
        )
    )
    about = {"customer_id": invoice.customer_id, "item_id": item_id}
    legs = [
        ledger.debit(Account.GATEWAY_CLEARING, owed, **about),
        ledger.credit(Account.RECEIVABLE, owed, **about),
    ]
    ledger.post(session, KEY, source=f"payment-settled:{payment.id}", legs=legs, at=at)


def _issue(
    session: Session, number: str, total: Money, language: str, at: datetime, *, buyer: str
) -> invoices.Invoice:
    details = customers.Details(f"Customer of {buyer}", number=f"K-{buyer}", language=language)
    customer = customers.add(session, KEY, details, by="test", at=at)
    for name in ("anna", "books"):
        address = Address.parse(f"{name}@customer.example")
        customers.add_contact(session, customer, address, by="test", at=at)
    document = Document(
        number=number,
        issue_date=date(2026, 11, 20),
        due_date=date(2026, 12, 4),
        currency=total.currency,
        total=total.decimal,
        grand_total=total.decimal,
        buyer=Buyer(name=f"Customer of {buyer}", number=f"K-{buyer}"),
    )
    limits = invoices.Limits(first_time_addresses=False, send_limit=None, currency="EUR")
    draft = invoices.Draft(mail_id=new_id("mail"), document=document)
    invoice = invoices.issue(session, KEY, draft, limits, at=at)
    assert invoice.hold is None, invoice.hold_because
    return invoice


def _freeze(session: Session, item_id: str, at: datetime) -> None:
    sha256 = blobs.keep(session, KEY, f"%PDF-1.7 of {item_id}".encode(), at=at)
    session.add(
        documents.Document(
            business=KEY,
            id=new_id("doc"),
            item_id=item_id,
            face="invoice",
            pdf_sha256=sha256,
            pages=1,
            template_set="t",
            frozen_at=at,
        )
    )
