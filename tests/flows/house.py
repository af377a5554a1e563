"""The whole house as a user runs it: real processes, real servers, one home folder.

The embedded size is what `tillmail demo` starts. The production size has PostgreSQL, Redis, Dovecot
and an SMTP server in their places; nothing but settings tells them apart.
"""

from __future__ import annotations

import mailbox
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from typer.testing import CliRunner

from tests.flows.papers import Forward
from tests.servers.dovecot import Account, DovecotServer
from tests.servers.smtp import SmtpServer
from tests.servers.stripe import StripeSandbox
from worker import businesses, customers, delivery, intake, invoices, paylinks, store
from worker.__main__ import tillmail as command_line
from worker.actors import FLOW
from worker.adapters.file_clock import FileClock
from worker.adapters.redis_broker_process import url_of
from worker.app import App, make_broker_process
from worker.commands import time_line
from worker.commands.household import Household, tillmail
from worker.commands.invariants import violations
from worker.commands.ports import wait_until_up
from worker.delivery import Notice
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.payments import Payment
from worker.settings import PROJECT, load

BUSINESS = BusinessKey("northlight")
STRIPE_KEY = "sk_test_flows"
HOOK_SECRET = "whsec_flows"
PATIENCE_S = 45.0
PROCESSES = ("web", "worker", "mailbox", "clock")
Found = TypeVar("Found")
Row = TypeVar("Row", bound=store.Record)


class House:
    """A running house and what a test does with it."""

    def __init__(self, home: Path, environment: dict[str, str], household: Household) -> None:
        self.home = home
        self.environment = environment
        self.household = household
        self.app = App(load(home, environment), FLOW)
        self.smtp: SmtpServer | None = None
        self.dovecot: DovecotServer | None = None
        self.account: Account | None = None
        self.sandbox: StripeSandbox | None = None

    # -- what people do --------------------------------------------------------------------------

    def send_in(self, mail: Forward | bytes) -> None:
        """Have a mail arrive in the business's mailbox."""
        raw = mail if isinstance(mail, bytes) else mail.raw()
        if self.dovecot is not None and self.account is not None:
            self.dovecot.deliver(self.account, raw)
        else:
            folder = self.home / "var" / "mailbox"
            self.await_that(folder.is_dir)
            mailbox.Maildir(folder, create=False).add(raw)

    def run(self, *arguments: str) -> str:
        """What a `tillmail` command prints; it must succeed."""
        done = CliRunner().invoke(command_line, arguments, env=self.environment)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Edit one of the home folder's files."""
        path = self.home / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change(path.read_text() if path.exists() else ""))

    # -- what they then see ----------------------------------------------------------------------

    def await_that(
        self,
        what: Callable[[], Found | None],
        *,
        patience_s: float = PATIENCE_S,
        minutes_pass: bool = False,
    ) -> Found:
        """The first true answer; processes that die meanwhile are started again.

        Where `minutes_pass`, the house's clock is moved on while we wait: leases end sooner.
        """
        deadline = time.monotonic() + patience_s
        while not (answer := what()):
            assert time.monotonic() < deadline, f"It did not happen: {self._last_words()}"
            self.household.watch()
            time.sleep(0.1)
            if minutes_pass:
                self.move_clock(timedelta(seconds=5))
        return answer

    def move_clock(self, by: timedelta) -> None:
        """Move business time on; only the embedded size can."""
        clock = self.app.clock
        assert isinstance(clock, FileClock)
        clock.move(by)
        if self.sandbox is not None:
            self.sandbox.forward(int(by.total_seconds()))

    def invoice(self, number: str) -> Invoice | None:
        """The newest version of an invoice."""
        with self.app.reading() as session:
            found = invoices.called(session, BUSINESS, number)
            return found[0] if found else None

    def await_invoice(self, number: str) -> Invoice:
        """The invoice, once it is in the books."""
        return self.await_that(lambda: self.invoice(number))

    def await_held(self, number: str, hold: str) -> Invoice:
        """The invoice, held for this reason."""
        self.await_that(lambda: (i := self.invoice(number)) and i.hold == hold)
        return self.await_invoice(number)

    def await_notice(self, kind: str, subject_id: str, state: str = "sent") -> Notice:
        """A notice about a subject, in this state."""

        def there() -> Notice | None:
            with self.app.reading() as session:
                about = delivery.about(session, BUSINESS, subject_id)
            return next((n for n in about if n.kind == kind and n.state == state), None)

        return self.await_that(there)

    def await_issued(self, number: str) -> tuple[Invoice, EmailMessage]:
        """The invoice and the email that its customer got."""
        invoice = self.await_invoice(number)
        notice = self.await_notice("invoice", invoice.id)
        return invoice, self.email(notice.message_id)

    def await_payment(self, minor: int, *, patience_s: float = PATIENCE_S) -> Payment:
        """The one payment of this amount."""
        found = self.await_that(
            lambda: [p for p in self.all_of(Payment) if p.amount_minor == minor],
            patience_s=patience_s,
        )
        assert len(found) == 1
        return found[0]

    def await_mail(self, subject_part: str) -> intake.Mail:
        """A mail that has come to its end."""

        def ended() -> intake.Mail | None:
            with self.app.reading() as session:
                mails = intake.newest(session, BUSINESS, limit=200)
            return next(
                (m for m in mails if m.disposition and subject_part in (m.subject or "")), None
            )

        return self.await_that(ended)

    def emails(self) -> list[EmailMessage]:
        """Every email that went out."""
        if self.smtp is not None:
            raws = [message.content for message in self.smtp.received]
        else:
            box = mailbox.Maildir(self.home / "var" / "outbox", create=False)
            raws = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118  # no dict
        return [_parsed(raw) for raw in raws]

    def email(self, message_id: str) -> EmailMessage:
        """The one email with this Message-ID."""
        found = [mail for mail in self.emails() if mail["Message-ID"] == message_id]
        assert len(found) == 1, f"{len(found)} emails are {message_id}"
        return found[0]

    def queue_url(self) -> str:
        """Where the queue server of this house is."""
        own = self.environment.get("TILLMAIL_REDIS_URL")
        return own or url_of(self.home / "var" / "queue")

    def pay_url(self, invoice: Invoice) -> str:
        """The address behind an invoice's pay button."""
        with self.app.reading() as session:
            link = paylinks.live_link(session, BUSINESS, invoice.id)
        assert link is not None
        return self.app.link_url(link)

    def activity(self, invoice: Invoice) -> list[str]:
        """What happened around an invoice, in order."""
        with self.app.reading() as session:
            return [entry.what for entry in time_line.of_item(session, BUSINESS, invoice.id)]

    def all_of(self, kind: type[Row]) -> list[Row]:
        """Every row of a table."""
        with self.app.reading() as session:
            return list(session.scalars(select(kind)))

    def await_quiet(self) -> None:
        """Return once no job is open any more."""

        def quiet() -> bool:
            with self.app.reading() as session:
                return store.outbox.open_count(session) == 0

        self.await_that(quiet)

    def verify(self) -> None:
        """Every invariant of the house holds."""
        with self.app.reading() as session:
            assert violations(session) == []

    def _last_words(self) -> str:
        return "\n".join(
            f"--- {name}\n{self.household.last_words(name)}" for name in self.household.members
        )


@contextmanager
def running_house(
    home: Path,
    web_port: int,
    settings: dict[str, str],
    *,
    business_changes: Callable[[str], str] = str,
    processes: tuple[str, ...] = PROCESSES,
) -> Iterator[House]:
    """A house in this folder; `settings` are environment variables on top of the embedded size."""
    environment = _environment(home, web_port) | settings
    _furnish(home, business_changes)
    with ExitStack() as stack:
        if "TILLMAIL_REDIS_URL" not in settings:
            broker = make_broker_process(load(home, environment))
            broker.start()
            stack.callback(broker.stop)
        household = stack.enter_context(Household(environment, home / "var" / "log"))
        house = House(home, environment, household)
        stack.callback(house.app.close)
        _prepare(house.app)
        for name in processes:
            household.start(name, tillmail(name))
        if "web" in processes:
            wait_until_up(web_port, limit_s=90, still=lambda: household.require("web"))
        yield house


def hook(web_port: int) -> tuple[str, str]:
    """The sandbox's arguments that point its webhooks at a house."""
    return "--webhook", (
        f"{STRIPE_KEY}=http://127.0.0.1:{web_port}/hooks/stripe/{BUSINESS},{HOOK_SECRET}"
    )


def _environment(home: Path, web_port: int) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TILLMAIL_")}
    return kept | {
        "TILLMAIL_HOME": str(home),
        "TILLMAIL_WEB_PORT": str(web_port),
        "TILLMAIL_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
        "TILLMAIL_NORTHLIGHT_STRIPE_KEY": STRIPE_KEY,
        "TILLMAIL_NORTHLIGHT_STRIPE_WEBHOOK_SECRET": HOOK_SECRET,
    }


def _furnish(home: Path, business_changes: Callable[[str], str]) -> None:
    own = home / "config" / "businesses"
    own.mkdir(parents=True)
    shipped = PROJECT / "config"
    shutil.copy(shipped / "timetable.toml", own.parent)
    rules = (shipped / "demo" / f"{BUSINESS}.toml").read_text()
    (own / f"{BUSINESS}.toml").write_text(business_changes(rules))
    shutil.copytree(shipped / "demo" / BUSINESS, own / BUSINESS)


def _prepare(app: App) -> None:
    store.schema.upgrade(app.engine)
    text = (PROJECT / "config" / "demo" / "customers.csv").read_text()
    with app.transaction() as session:
        businesses.enrol(session, BUSINESS, at=app.now())
        customers.import_csv(session, BUSINESS, text, by="test", at=app.now())


def _parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
