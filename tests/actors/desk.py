"""A house without processes: mails come in, facts are followed, and what would go out is looked at.

Nothing is read in a child, printed or sent; a test takes milliseconds and no server.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select

from tests.flows.papers import Forward, Paper, forward
from tests.readers.samples import FILES, pdf_of
from worker import (
    businesses,
    customers,
    delivery,
    documents,
    intake,
    invoices,
    readers,
    review,
    store,
)
from worker.actors import FLOW
from worker.actors.intake import sender_of
from worker.app import App
from worker.commands.invariants import violations
from worker.delivery import Notice
from worker.invoices import Invoice
from worker.kernel.events import DocumentStored
from worker.kernel.ids import BusinessKey, new_id
from worker.review import WorkItem
from worker.settings import PROJECT, load

NORTHLIGHT = BusinessKey("northlight")
MARA = "Mara Lindqvist <mara@northlight.example>"
BOB = "Bob Berg <bob@northlight.example>"
BOBS_ROLE = """[[staff]]
name = "Bob Berg"
address = "bob@northlight.example"
roles = ["cashier"]
"""
BRIGHTWATER = "Ann <accounts@brightwater.example>"
PLAIN = (FILES / "plain" / "german_window.txt").read_text()
_numbers = count(1)
Row = TypeVar("Row", bound=store.Record)


class Desk:
    """One business with its staff, customers and rules, and the mails that reach it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._books = app.settings.var / "tillmail.db"
        self._at_first = app.settings.var / "at_first.db"

    def keep(self) -> None:
        """Note the books as they are, to start over from."""
        self.app.engine.dispose()
        shutil.copy(self._books, self._at_first)

    def start_over(self) -> None:
        """Go back to the books that were kept; the statements stay compiled, which is the point."""
        self.app.engine.dispose()
        for journal in self._books.parent.glob("tillmail.db-*"):
            journal.unlink()
        shutil.copy(self._at_first, self._books)

    def take(self, raw: bytes) -> intake.Mail:
        """Have a mail arrive and be sorted, as the worker does, with all steps that follow."""
        examined, parts = readers.take_apart(raw)
        at = self.app.now()
        spot = intake.Spot("new", "0", str(next(_numbers)))
        arrival = intake.Arrival(spot=spot, size_bytes=len(raw), arrived_at=at, raw=raw)
        with self.app.transaction() as s:
            mail = intake.receive(s, NORTHLIGHT, "inbox", arrival, at=at)
            sender = sender_of(self.app, s, mail, examined)
            intake.sort(s, mail, examined, sender, parts, at=at)
        return self.one(intake.Mail, id=mail.id)

    def answer(
        self, notice: Notice, text: str, *, sender: str = MARA, **headers: str
    ) -> intake.Mail:
        """Have somebody answer a notice of ours."""
        to = delivery.reply_to(notice.id, self.rules.mail, self.app.mail_secret)
        assert to is not None
        return self.take(letter(text, to=to, sender=sender, subject="Re: it", **headers))

    def deliver(self, invoice: Invoice) -> Notice:
        """Have an invoice's email go out, as if it had been printed and a server had taken it."""
        at, frozen = self.app.now(), b"%PDF-1.7 sheet"
        with self.app.transaction() as s:
            document = documents.Document(
                business=NORTHLIGHT,
                id=new_id("doc"),
                item_id=invoice.id,
                face="payment_sheet",
                pdf_sha256=store.blobs.keep(s, NORTHLIGHT, frozen, at=at),
                pages=1,
                template_set="0" * 32,
                frozen_at=at,
            )
            s.add(document)
            store.tell(s, DocumentStored(NORTHLIGHT, invoice.id))
        notice = self.one(Notice, kind="invoice", subject_id=invoice.id)
        with self.app.transaction() as s:
            row = s.merge(notice)
            delivery.claim(s, row, obstacle=None, wait=timedelta(0), at=at)
            delivery.sent(s, row, "250 ok", at=at)
        return notice

    @property
    def rules(self) -> businesses.Rules:
        """What the business decides."""
        return self.app.rules(NORTHLIGHT)

    def all(self, table: type[Row], /, **facts: Any) -> list[Row]:
        """Rows with these facts, the first written first."""
        with self.app.reading() as s:
            return list(s.scalars(select(table).filter_by(**facts)))

    def one(self, table: type[Row], /, **facts: Any) -> Row:
        """The one row with these facts."""
        [row] = self.all(table, **facts)
        return row

    def invoice(self, number: str) -> Invoice:
        """The newest version of an invoice."""
        with self.app.reading() as s:
            return invoices.called(s, NORTHLIGHT, number)[0]

    def asked(self, kind: str) -> WorkItem:
        """The one open question of a kind."""
        with self.app.reading() as s:
            [item] = review.open_of_kind(s, NORTHLIGHT, kind)
            return item

    def question(self, kind: str) -> Notice:
        """The one email that asks the open question of a kind."""
        return self.one(Notice, kind="question", subject_id=self.asked(kind).id)

    def said(self) -> list[str]:
        """What was answered to mails: the title of each answer, in order."""
        answers = sorted(self.all(Notice, kind="answer"), key=lambda n: (n.queued_at, n.id))
        return [answer.context["title"] for answer in answers]

    def last_said(self) -> dict[str, Any]:
        """All that the one answer says which was given last."""
        answers = self.all(Notice, kind="answer")
        context: dict[str, Any] = answers[-1].context
        return context

    def broken(self) -> list[str]:
        """Invariants that do not hold; jobs in nobody's hands are this house's nature."""
        with self.app.reading() as s:
            return violations(s)


@contextmanager
def opened(home: Path, books: Path, changes: Any = str) -> Iterator[Desk]:
    """A desk in this folder with a copy of these migrated books."""
    own = home / "config" / "businesses"
    own.mkdir(parents=True)
    (home / "var").mkdir()
    shutil.copy(books, home / "var" / "tillmail.db")
    rules = (PROJECT / "config" / "demo" / "northlight.toml").read_text()
    (own / "northlight.toml").write_text(changes(rules))
    app = App(load(home, {}), FLOW)
    app.hand_out = lambda slips: None
    at = datetime.now(UTC)
    with app.transaction() as s:
        businesses.enrol(s, NORTHLIGHT, at=at)
        businesses.publish(s, NORTHLIGHT, {"email/x.txt": b"x"}, at=at)
        text = (PROJECT / "config" / "demo" / "customers.csv").read_text()
        customers.import_csv(s, NORTHLIGHT, text, by="test", at=at)
    desk = Desk(app)
    desk.keep()
    try:
        yield desk
    finally:
        app.close()


def letter(
    text: str,
    *,
    to: str = "invoices@northlight.example",
    sender: str = MARA,
    subject: str = "Hello",
    **headers: str,
) -> bytes:
    """A plain mail of a person; `headers` in words: `auto_submitted` is Auto-Submitted."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Nov 2026 09:00:00 +0100"
    message["Message-ID"] = f"<letter-{next(_numbers)}@mail.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text + "\n")
    return message.as_bytes()


def plain(text: str = PLAIN, *, note: str = Forward.note) -> bytes:
    """A forward of an invoice as a page."""
    return Forward({"invoice.pdf": pdf_of(text)}, note=note).raw()


def held(desk: Desk, raw: bytes) -> Notice:
    """The question about the one invoice in a mail."""
    desk.take(raw)
    return desk.question("invoice_held")


def issued(desk: Desk) -> tuple[Invoice, Paper]:
    """An invoice to a customer on file, as if its email had gone out."""
    paper = Paper()
    desk.take(forward(paper).raw())
    return desk.invoice(paper.number), paper
