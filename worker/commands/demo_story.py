"""What the demo shows, read from the books as it happens, and the customer it plays."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from worker import delivery, documents, intake, invoices, ledger, paylinks, payments, review
from worker.actors import FLOW
from worker.app import App
from worker.delivery import Notice, NoticeState
from worker.invoices import Invoice, State
from worker.kernel.clock import MovableClock
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.payments import PaymentState
from worker.settings import load

ONCE_LIMIT_S = 55.0
_POLL_S = 0.1
_ANSWERS = {"receipt": "receipt", "remittance_noted": "answered"}
_EVIDENCE = {payments.STRIPE_EVIDENCE: "Stripe", payments.BANK_EVIDENCE: "the bank's file"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: its home folder and what its processes are told."""

    home: Path
    environment: dict[str, str]
    web_port: int
    sandbox_port: int

    @property
    def mailbox(self) -> Path:
        """The folder that mails are dropped into."""
        return self.home / "var" / "mailbox"


class Story:
    """Watches the books of the demo's home folder and tells what changes; what acts play on."""

    def __init__(self, stage: Stage, keep_up: Callable[[], None], console: Console) -> None:
        self.app = App(load(stage.home, stage.environment), FLOW)
        self._keep_up = keep_up
        self._console = console
        self._told: set[tuple[str, str]] = set()
        self._links: dict[str, str] = {}
        self._began = time.monotonic()
        self.stage = stage
        self.business: BusinessKey = self.app.businesses()[0]

    def drop_mails(self, files: Sequence[Path], what: str) -> None:
        """Drop mails into the mailbox, as a person would."""
        self.stage.mailbox.mkdir(parents=True, exist_ok=True)
        for mail in files:
            shutil.copy(mail, self.stage.mailbox / mail.name)
        self.say("dropped", f"{what} into {self.stage.mailbox}")

    def reading(self) -> AbstractContextManager[Session]:
        """The books as they are now."""
        return self.app.reading()

    def links(self) -> dict[str, str]:
        """The addresses behind the pay buttons, by the number of the invoice."""
        return dict(sorted(self._links.items()))

    def sent(self, kind: str) -> int:
        """How many notices of a kind have left."""
        with self.app.reading() as session:
            query = select(Notice.id).where(
                Notice.kind == kind, Notice.state == NoticeState.SENT.value
            )
            return len(session.scalars(query).all())

    def until(self, is_done: Callable[[], bool], *, at_most_s: float | None = None) -> None:
        """Tell what happens until it is done; with `at_most_s` no longer, done or not."""
        began = time.monotonic()
        while not is_done():
            waited_s = time.monotonic() - began
            if at_most_s is not None and waited_s > at_most_s:
                break
            if waited_s > ONCE_LIMIT_S:
                log = self.stage.home / "var" / "log"
                raise PermanentError(f"It took longer than {ONCE_LIMIT_S:.0f} s; see {log}.")
            self._keep_up()
            self.show_news()
            time.sleep(_POLL_S)
        self.show_news()

    def move_clock(self, by: timedelta) -> None:
        """Let time pass for every process of the house, and for the sandbox."""
        clock = self.app.clock
        if not isinstance(clock, MovableClock):
            raise PermanentError("Time cannot be moved here: the clock is the database's.")
        clock.move(by)

    def show(self, table: Table) -> None:
        """A table at the end of an act."""
        self._console.print(table)

    def say(self, what: str, text: str) -> None:
        """One line of the story."""
        at = time.monotonic() - self._began
        line = f"[dim]{at:5.1f} s[/]  [bold green]{what:>9}[/]  {text}"
        # Paths and addresses are copied from here: a line that is too long is not broken.
        self._console.print(line, soft_wrap=True)

    def prove(self) -> None:
        """Check the books' invariants; PermanentError when one does not hold."""
        from worker.commands.invariants import violations

        with self.app.reading() as session:
            broken = violations(session)
        if broken:
            raise PermanentError("The books do not hold: " + "; ".join(broken))
        self.say("proved", "every invariant holds: the ledger balances and nothing is lost")

    def summarise(self) -> None:
        """The end of the story as two tables."""
        with self.app.reading() as session:
            self._console.print(self._invoice_table(session))
            self._console.print(self._balance_table(session))
        self.app.close()

    def show_news(self) -> None:
        """Tell what happened since the last look."""
        with self.app.reading() as session:
            for mail in reversed(intake.newest(session, self.business, limit=200)):
                self._tell_mail(mail)
            for invoice in reversed(invoices.newest(session, self.business, limit=200)):
                self._tell_invoice(session, invoice)
            for item in review.open_items(session, self.business):
                self._once(item.id, "question", f"[yellow]{item.question}[/]")
            for payment in reversed(payments.newest(session, self.business, limit=200)):
                self._tell_payment(session, payment)

    def _tell_mail(self, mail: intake.Mail) -> None:
        self._once(mail.id, "received", f"a mail of {mail.size_bytes / 1000:.0f} kB")
        if mail.disposition is not None:
            because = escape(f"“{mail.subject or ''}”: {mail.disposition}. {mail.because or ''}")
            self._once(mail.id, "read", because)

    def _tell_invoice(self, session: Session, invoice: Invoice) -> None:
        if invoice.issued_at is None:
            return
        to = f"{invoice.total} from {invoice.recipient}"
        self._once(invoice.id, "issued", f"{invoice.number}: {to}")
        document = documents.of_invoice(session, self.business, invoice.id)
        if document is not None:
            file = self._write_pdf(session, invoice, document)
            face = document.face.replace("_", " ")
            self._once(invoice.id, "rendered", f"{invoice.number}: {face}, {_link(file)}")
        for notice in delivery.about(session, self.business, invoice.id):
            if notice.state == NoticeState.SENT:
                self._tell_sent(session, invoice, notice)

    def _tell_sent(self, session: Session, invoice: Invoice, notice: Notice) -> None:
        link = paylinks.live_link(session, self.business, invoice.id)
        if link is not None:
            self._links[invoice.number] = self.app.link_url(link)
        sent = f"{invoice.number}: {_link(Path(notice.server_reply or ''))}"
        if self._once(notice.id, "sent", sent) and link is not None:
            url = self._links[invoice.number]
            self.say("pay page", f"{invoice.number}: [link={url}]{url}[/link]")

    def _tell_payment(self, session: Session, payment: payments.Payment) -> None:
        if payment.state == PaymentState.ANNOUNCED:
            self._once(payment.id, "noted", f"{payment.amount} is announced; nothing is posted")
        if payment.state == PaymentState.SETTLED:
            by = _EVIDENCE.get(payment.evidence_type or "", "staff")
            self._once(
                payment.id,
                "paid",
                f"{payment.amount} by {payment.method.replace('_', ' ')}, settled by {by}",
            )
        for notice in delivery.about(session, self.business, payment.id):
            if notice.kind in _ANSWERS and notice.state == NoticeState.SENT:
                file = Path(notice.server_reply or "")
                self._once(notice.id, _ANSWERS[notice.kind], _link(file))

    def _write_pdf(self, session: Session, invoice: Invoice, document: documents.Document) -> Path:
        file = self.stage.home / "var" / "pdf" / f"{invoice.number_key.replace('/', '-')}.pdf"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(documents.pdf_of(session, document))
        return file

    def _once(self, subject: str, what: str, text: str) -> bool:
        if (subject, what) in self._told:
            return False
        self._told.add((subject, what))
        self.say(what, text)
        return True

    def _invoice_table(self, session: Session) -> Table:
        table = Table(title="Invoices", title_justify="left")
        for column in ("number", "customer", "total", "state", "opened", "receipt"):
            table.add_column(column, justify="right" if column == "total" else "left")
        for invoice in reversed(invoices.newest(session, self.business, limit=200)):
            owed = invoices.still_to_pay(session, invoice)
            state: State = invoices.state_of(invoice, owed)
            lines = paylinks.activity_of(session, self.business, invoice.id)
            kinds = [line.kind for line in lines]
            opened = "by a person, at checkout" if "human_open" in kinds else "no"
            receipts = "sent" if state is State.PAID else "no"
            table.add_row(
                invoice.number,
                invoice.recipient,
                str(invoice.total),
                state.value,
                opened,
                receipts,
            )
        return table

    def _balance_table(self, session: Session) -> Table:
        table = Table(title="Trial balance", title_justify="left")
        table.add_column("account")
        table.add_column("balance", justify="right")
        held = ledger.balances(session, self.business)
        for (account, _), balance in held.items():
            table.add_row(account.replace("_", " "), str(balance))
        for currency in sorted({code for _, code in held}):
            minor = sum(b.minor for (_, code), b in held.items() if code == currency)
            table.add_row(f"[bold]sum in {currency}[/]", f"[bold]{minor}[/]")
        return table


def _link(file: Path) -> str:
    here = Path.cwd()
    shown = file.relative_to(here) if file.is_relative_to(here) else file
    return f"[link=file://{quote(str(file))}]{shown}[/link]"
