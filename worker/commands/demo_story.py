"""What the demo shows, read from the books as it happens, and the customer it plays."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
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
from worker.commands.demo_customer import pay
from worker.delivery import Notice, NoticeState
from worker.invoices import Invoice, State
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.settings import PROJECT, load

_POLL_S = 0.1


class Story:
    """Watches the books of the demo's home folder and tells what changes."""

    def __init__(
        self, home: Path, environment: Mapping[str, str], outbox: Path, console: Console
    ) -> None:
        self._app = App(load(home, environment), FLOW)
        self._business: BusinessKey = self._app.businesses()[0]
        self._home = home
        self._outbox = outbox
        self._console = console
        self._told: set[tuple[str, str]] = set()
        self._links: dict[str, str] = {}
        self._began = time.monotonic()
        self._expected = 0

    def drop_mails(self, mailbox: Path) -> None:
        """Drop the demo's forwarded invoices into the mailbox, as a person would."""
        mails = sorted((PROJECT / "config" / "demo" / "mails").glob("*.eml"))
        mailbox.mkdir(parents=True, exist_ok=True)
        for mail in mails:
            shutil.copy(mail, mailbox / mail.name)
        self._expected = len(mails)
        self._say("dropped", f"{len(mails)} forwarded invoices into {mailbox}")

    def show_until_sent(self, keep_up: Callable[[], None], *, limit_s: float) -> None:
        """Tell what happens until every invoice has left."""
        self._until(lambda: self._sent("invoice") >= self._expected, keep_up, limit_s)

    def play_customer(self, keep_up: Callable[[], None], *, limit_s: float) -> None:
        """Pay every invoice over real HTTP, and wait for the receipts."""
        for number, url in sorted(self._links.items()):
            said = pay(url)
            self._say("customer", f"opened the page of {number} and paid: “{said}”")
        self._until(lambda: self._sent("receipt") >= self._expected, keep_up, limit_s)

    def prove(self) -> None:
        """Check the books' invariants; PermanentError when one does not hold."""
        from worker.commands.invariants import violations

        with self._app.reading() as session:
            broken = violations(session)
        if broken:
            raise PermanentError("The books do not hold: " + "; ".join(broken))
        self._say("proved", "every invariant holds: the ledger balances and nothing is lost")

    def summarise(self) -> None:
        """The end of the story as two tables."""
        with self._app.reading() as session:
            self._console.print(self._invoice_table(session))
            self._console.print(self._balance_table(session))
        self._app.close()

    def show_news(self) -> None:
        """Tell what happened since the last look."""
        with self._app.reading() as session:
            for mail in reversed(intake.newest(session, self._business, limit=200)):
                self._tell_mail(mail)
            for invoice in reversed(invoices.newest(session, self._business, limit=200)):
                self._tell_invoice(session, invoice)
            for item in review.open_items(session, self._business):
                self._once(item.id, "question", f"[yellow]{item.question}[/]")
            for payment in reversed(payments.newest(session, self._business, limit=200)):
                self._tell_payment(session, payment)

    def _until(
        self, is_done: Callable[[], bool], keep_up: Callable[[], None], limit_s: float
    ) -> None:
        deadline = time.monotonic() + limit_s
        while not is_done():
            if time.monotonic() > deadline:
                log = self._home / "var" / "log"
                raise PermanentError(f"It took longer than {limit_s:.0f} s; see {log}.")
            keep_up()
            self.show_news()
            time.sleep(_POLL_S)
        self.show_news()

    def _sent(self, kind: str) -> int:
        with self._app.reading() as session:
            query = select(Notice.id).where(
                Notice.kind == kind, Notice.state == NoticeState.SENT.value
            )
            return len(session.scalars(query).all())

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
        document = documents.of_invoice(session, self._business, invoice.id)
        if document is not None:
            file = self._write_pdf(session, invoice, document)
            face = document.face.replace("_", " ")
            self._once(invoice.id, "rendered", f"{invoice.number}: {face}, {_link(file)}")
        for notice in delivery.about(session, self._business, invoice.id):
            if notice.state == NoticeState.SENT:
                self._tell_sent(session, invoice, notice)

    def _tell_sent(self, session: Session, invoice: Invoice, notice: Notice) -> None:
        link = paylinks.live_link(session, self._business, invoice.id)
        if link is not None:
            self._links[invoice.number] = self._app.link_url(link)
        sent = f"{invoice.number}: {_link(Path(notice.server_reply or ''))}"
        if self._once(notice.id, "sent", sent) and link is not None:
            url = self._links[invoice.number]
            self._say("pay page", f"{invoice.number}: [link={url}]{url}[/link]")

    def _tell_payment(self, session: Session, payment: payments.Payment) -> None:
        self._once(payment.id, "paid", f"{payment.amount} by {payment.method}, settled by Stripe")
        for notice in delivery.about(session, self._business, payment.id):
            if notice.kind == "receipt" and notice.state == NoticeState.SENT:
                self._once(notice.id, "receipt", _link(Path(notice.server_reply or "")))

    def _write_pdf(self, session: Session, invoice: Invoice, document: documents.Document) -> Path:
        file = self._home / "var" / "pdf" / f"{invoice.number_key.replace('/', '-')}.pdf"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(documents.pdf_of(session, document))
        return file

    def _once(self, subject: str, what: str, text: str) -> bool:
        if (subject, what) in self._told:
            return False
        self._told.add((subject, what))
        self._say(what, text)
        return True

    def _say(self, what: str, text: str) -> None:
        at = time.monotonic() - self._began
        line = f"[dim]{at:5.1f} s[/]  [bold green]{what:>9}[/]  {text}"
        # Paths and addresses are copied from here: a line that is too long is not broken.
        self._console.print(line, soft_wrap=True)

    def _invoice_table(self, session: Session) -> Table:
        table = Table(title="Invoices", title_justify="left")
        for column in ("number", "customer", "total", "state", "opened", "receipt"):
            table.add_column(column, justify="right" if column == "total" else "left")
        for invoice in reversed(invoices.newest(session, self._business, limit=200)):
            owed = invoices.still_to_pay(session, invoice)
            state: State = invoices.state_of(invoice, owed)
            lines = paylinks.activity_of(session, self._business, invoice.id)
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
        held = ledger.balances(session, self._business)
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
