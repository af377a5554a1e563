"""A house without processes that charges cards at a real sandbox, on a clock of the test's own.

Jobs run when the test says so; what would go out by mail is taken by a server that takes all.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import stripe
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from tests import books
from tests.actors.desk import letter
from tests.books import ACME
from tests.servers.stripe import SECRET, StripeSandbox
from tests.servers.stripe_inside import SandboxInside
from tests.threads import elsewhere
from worker import (
    autocharge,
    businesses,
    credits,
    customers,
    delivery,
    intake,
    invoices,
    payments,
    readers,
)
from worker.__main__ import tillmail
from worker.actors import FLOW
from worker.actors.answers_to_charges import take_objection
from worker.actors.credits import Asking, confirm, draft
from worker.actors.intake import sender_of
from worker.actors.shapes import run_job, run_sweep
from worker.adapters.stripe_gateway import StripeGateway
from worker.adapters.stripe_stored_cards import StripeStoredCards
from worker.app import App, Begin, parts
from worker.autocharge import CardFacts, Charge, ChargeState, Consent, Given, Mandate
from worker.commands.invariants import violations
from worker.customers import Customer, Details
from worker.delivery import Notice
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.events import ChargeHeard
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.ledger import Account
from worker.readers.model import Buyer
from worker.settings import load
from worker.store import outbox, tell
from worker.store.outbox import Job, Slip

RULES = """name = "Acme"
[mail]
from_address = "billing@acme.example"
reply_domain = "reply.acme.example"
[[mailboxes]]
path = "var/inbox"
trust = "local"
[[staff]]
name = "Ann"
address = "ann@acme.example"
[autocharge]
enabled = true
holidays = [2027-01-01]
[credits]
vat_on_receipt = true
"""
SWEEPS = ("autocharge.plan", "autocharge.hand_out_due", "payments.look_up_due")
_TUESDAY = 1
_HOUSES = itertools.count(1)
Sandbox = StripeSandbox | SandboxInside
# Asked at every step of a story: as the database takes them.
_OF_STRIPE = "SELECT evidence_id, amount_minor FROM payment WHERE evidence_type = ?"
_AT_STRIPE = "SELECT sum(amount_minor) FROM ledger_posting WHERE account = ?"


class Killed(BaseException):
    """The process ends here: nothing catches it, and nothing more is written."""


class House(App):
    """Books, a clock that stands still, and the jobs that wait."""

    slips: list[Slip]
    numbers: Iterator[int]
    at: datetime
    sandbox: Sandbox
    key: str
    environment: dict[str, str]
    repeats: int = 2
    dies_in: int | None = None
    doing: tuple[str, int] = ("", 0)
    commits: int = 0

    def now(self) -> datetime:
        return self.at

    @contextmanager
    def transaction(self, begin: Begin | None = None) -> Iterator[Session]:
        """As in the house itself, with a point before and one after each commit to die at."""
        with super().transaction(begin) as session:
            yield session
            self._failpoint()
        self.commits += 1
        self._failpoint()

    def stored_cards(self, business: BusinessKey) -> autocharge.StoredCards:
        if self.sandbox.http is None:
            return super().stored_cards(business)
        if business not in self._stored_cards:
            access = parts.stripe_access(self.settings, self.rules(business))
            self._stored_cards[business] = StripeStoredCards(access, http=self.sandbox.http)
        return self._stored_cards[business]

    def gateway(self, business: BusinessKey) -> payments.Gateway:
        if self.sandbox.http is None:
            return super().gateway(business)
        if business not in self._gateways:
            access = parts.stripe_access(self.settings, self.rules(business))
            self._gateways[business] = StripeGateway(access, http=self.sandbox.http)
        return self._gateways[business]

    def _failpoint(self) -> None:
        actor, point = self.doing
        self.doing = actor, point + 1
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in <= 0:
                self.dies_in = None
                raise Killed

    @cached_property
    def client(self) -> stripe.StripeClient:
        """Whoever acts at Stripe itself: customers and the dashboard."""
        return stripe.StripeClient(
            self.key,
            base_addresses={"api": self.sandbox.url},
            max_network_retries=0,
            http_client=self.sandbox.http or stripe.RequestsClient(),
        )

    @cached_property
    def account(self) -> str:
        """The house's account at Stripe."""
        return self.client.v1.accounts.retrieve_current().id

    def forward(self, by: timedelta) -> None:
        """Let time pass, here and at Stripe; the mailbox is read meanwhile."""
        self.at += by
        self.sandbox.forward(int(by.total_seconds()))
        self.read_mail()

    def read_mail(self) -> None:
        """Have the mailbox read to its end."""
        with self.transaction() as s:
            intake.went_well(s, ACME, "inbox", at=self.at)

    def tick(self, *sweeps: str) -> None:
        """Have the clock tick, and work done until nothing waits."""
        for name in sweeps or SWEEPS:
            self.sweep(name)
            self.work()

    def sweep(self, name: str) -> None:
        """Have one sweep done; what comes of it waits."""
        self.doing = name, 0
        run_sweep(self, name)

    def work(self) -> None:
        """Run each job that waits, as often as a queue may bring it."""
        while self.slips:
            slip = self.slips.pop(0)
            for _ in range(self.repeats):
                self.run(slip)

    def run(self, slip: Slip) -> None:
        """Run one job."""
        self.doing = slip.actor, 0
        if slip.actor == "delivery.send_notice":
            self._send(slip)
        elif slip.actor.startswith(("autocharge.", "cards.", "payments.")):
            run_job(self, slip)

    def bring_again(self) -> None:
        """Bring what is not done, as the relay does when leases have passed."""
        self.slips += self.claim_due(99)
        self.work()

    def _send(self, slip: Slip) -> None:
        with self.transaction() as s:
            notice = delivery.by_id(s, ACME, slip.subject)
            assert notice is not None
            claimed = delivery.claim(s, notice, obstacle=None, wait=timedelta(0), at=self.at)
            if claimed.claim is delivery.Claim.SEND:
                delivery.sent(s, notice, "250 ok", at=self.at)
            job = s.get(Job, (slip.business, slip.job))
            if job is not None and job.done_at is None:
                job.done_at = self.at

    def customer(self, **changes: Any) -> Customer:
        """Somebody on file with an address."""
        number = f"C-{next(self.numbers)}"
        with self.transaction() as s:
            found = customers.add(s, ACME, Details(f"Zoo {number}", number), by="test", at=self.at)
            address = Address.parse(f"pay-{number.lower()}@zoo.example")
            customers.add_contact(s, found, address, by="test", at=self.at)
            for name, value in changes.items():
                setattr(found, name, value)
        return found

    def card(self, customer: Customer, token: str = "pm_card_visa", **limits: Any) -> Mandate:
        """A card that the customer has at Stripe, with a consent that staff wrote down.

        Each has a fingerprint of its own: the caps of one card are not the test's subject.
        """
        client = self.client
        owner = client.v1.customers.create({"name": customer.name}).id
        method = client.v1.payment_methods.attach(token, {"customer": owner})
        facts = CardFacts(method.id, owner, "visa", "4242", date(2034, 12, 31), method.id)
        consent = Consent("Charge my card.", "EUR", **limits)
        given = Given(self.at, "letter", "signed on paper", "ann")
        with self.transaction() as s:
            return autocharge.record(s, s.merge(customer), facts, consent, given, at=self.at)

    def invoice(self, customer: Customer, total: str = "119.00", **changes: Any) -> Invoice:
        """An invoice that is due today."""
        number = f"R-{next(self.numbers)}"
        facts: dict[str, Any] = {
            "number": number,
            "due_date": self.at.date(),
            "total": Decimal(total),
            "grand_total": Decimal(total),
            "tax_total": None,
            "buyer": Buyer(name=customer.name, number=customer.number),
        }
        with self.transaction() as s:
            draft = invoices.Draft(mail_id="mail_1", document=books.document(**(facts | changes)))
            issued = invoices.issue(s, ACME, draft, books.OPEN_HANDED, at=self.at)
            assert issued.issued_at is not None, (issued.hold, issued.hold_because)
        self.slips = [slip for slip in self.slips if not slip.actor.startswith("documents.")]
        return issued

    def type(self, *words: str) -> Result:
        """Type a command at this moment of the story, and wait for its end."""
        ahead = self.at - datetime.now(UTC)
        (self.settings.var / "clock.ahead").write_text(str(int(ahead.total_seconds())))
        runner = CliRunner()
        return elsewhere(lambda: runner.invoke(tillmail, list(words), env=self.environment))

    def answer(self, notice: Notice, text: str, *, sender: str) -> None:
        """Have somebody answer a notice, and the mail be sorted."""
        to = delivery.reply_to(notice.id, self.rules(ACME).mail, self.mail_secret) or ""
        raw = letter(text, to=to, sender=sender, subject="Re: your notice")
        examined, spot = readers.examine(raw), intake.Spot("new", "0", str(next(self.numbers)))
        arrival = intake.Arrival(spot=spot, size_bytes=len(raw), arrived_at=self.at, raw=raw)
        with self.transaction() as s:
            mail = intake.receive(s, ACME, "inbox", arrival, at=self.at)
            who = sender_of(self, s, mail, examined)
            intake.sort(s, mail, examined, who, {}, at=self.at)
            take_objection(self, s, mail, examined, at=self.at)

    def request(
        self, customer: Customer, amount: str = "500.00", *, by_card: bool = True
    ) -> Invoice:
        """The open item of a credit request that is out, and due today."""
        today = day_in(self.rules(ACME).time_zone, self.at)
        asking = Asking(euro(amount), today, by_card=by_card)
        origin = credits.Origin(credits.Source.DESK, f"desk:{next(self.numbers)}", "ann")
        with self.transaction() as s:
            asked = draft(self, s, s.merge(customer), asking, origin, at=self.at)
            confirm(self, s, asked, by="ann", at=self.at)
            item = invoices.by_id(s, ACME, asked.item_id or "")
            assert item is not None
        self.slips = [slip for slip in self.slips if not slip.actor.startswith("documents.")]
        return item

    def balance(self, customer: Customer) -> Money:
        """What a customer has with us."""
        with self.reading() as s:
            return payments.balance(s, ACME, customer.id, "EUR")

    def charges(self, item: Invoice | None = None) -> list[Charge]:
        """Every charge, or an item's, in order."""
        with self.reading() as s:
            found = select(Charge).order_by(Charge.planned_at, Charge.id)
            if item is not None:
                found = found.where(Charge.item_id == item.id)
            return list(s.scalars(found))

    def charge_of(self, item: Invoice) -> Charge:
        """The one charge of an item."""
        [charge] = self.charges(item)
        return charge

    def hear(self, charge: Charge) -> None:
        """A webhook says that a charge changed."""
        with self.transaction() as s:
            tell(s, ChargeHeard(ACME, charge.id))
        self.work()

    def notices(self, kind: str) -> list[Notice]:
        """What was written to customers."""
        with self.reading() as s:
            return list(s.scalars(select(Notice).where(Notice.kind == kind)))

    def taken(self) -> list[dict[str, Any]]:
        """What was truly taken, in the account of this house: the oracle."""
        return self.sandbox.charges(account=self.account)

    def booked(self) -> tuple[dict[str, int], int]:
        """What the books say was taken, by PaymentIntent, and what their ledger has at Stripe."""
        with closing(self.engine.raw_connection()) as books:
            cursor = books.cursor()
            cursor.execute(_OF_STRIPE, (payments.STRIPE_EVIDENCE,))
            taken = dict(cursor.fetchall())
            cursor.execute(_AT_STRIPE, (Account.GATEWAY_CLEARING.value,))
            [(held,)] = cursor.fetchall()
            return taken, held or 0

    def until_tried(self, item: Invoice) -> Charge:
        """Plan, tell, wait, and have the card tried once."""
        self.tick()
        charge = self.charge_of(item)
        assert charge.state == ChargeState.NOTICED, (charge.state, charge.because)
        assert charge.not_before is not None
        self.forward(charge.not_before - self.at)
        self.tick()
        return self.charge_of(item)

    def broken(self) -> list[str]:
        """Invariants that do not hold."""
        with self.reading() as s:
            return violations(s)


@contextmanager
def opened(home: Path, migrated_file: Path, sandbox: Sandbox) -> Iterator[House]:
    """A house with an account of its own at the sandbox."""
    folder = home / "config" / "businesses"
    folder.mkdir(parents=True)
    (home / "var").mkdir()
    shutil.copy(migrated_file, home / "var" / "tillmail.db")
    (folder / "acme.toml").write_text(RULES, encoding="utf-8")
    key = f"sk_test_house_{next(_HOUSES)}_{home.name.replace('-', '_')}"
    environment = {
        "TILLMAIL_HOME": str(home),
        "USER": "ann",
        "COLUMNS": "200",
        "TILLMAIL_STRIPE_BASE_URL": sandbox.url,
        "TILLMAIL_ACME_STRIPE_KEY": key,
        "TILLMAIL_ACME_STRIPE_WEBHOOK_SECRET": SECRET,
    }
    house = House(load(home, environment), FLOW)
    with ExitStack() as at_the_end:
        if sandbox.http is None:
            house.engine = at_the_end.enter_context(books.lent(home / "var" / "tillmail.db"))
        else:
            event.listen(house.engine, "connect", _in_memory_alone)
        at_the_end.callback(house.close)
        house.slips, house.sandbox, house.key = [], sandbox, key
        house.numbers = itertools.count(1)
        house.environment = environment
        house.hand_out = lambda slips: house.slips.extend(slips)  # noqa: PLW0108 - it is changed.
        house.at = datetime.fromtimestamp(sandbox.now(), UTC)
        house.forward(_to_start(house.at))
        with house.transaction() as s:
            businesses.publish(s, ACME, house.templates_on_disk(ACME), at=house.at)
        yield house


def _in_memory_alone(connection: Any, _record: Any) -> None:
    """The machine itself does not fail in these stories: no commit waits for its disk."""
    connection.execute("PRAGMA synchronous=OFF")


def _to_start(at: datetime) -> timedelta:
    """To half past eight on the Tuesday after the first of a month.

    Every story begins in a week's work, and none of a few weeks sees the end of its month: whatever
    the day on which it is told.
    """
    start = at.replace(hour=8, minute=30, second=0, microsecond=0)
    while start <= at or start.weekday() != _TUESDAY or not 2 <= start.day <= 8:
        start += timedelta(days=1)
    return start - at


def euro(text: str) -> Money:
    """An amount."""
    return Money.parse(text, "EUR")


__all__ = ["House", "euro", "opened", "outbox"]
