"""Actors of intake."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import intake
from worker.actors.shapes import Run, work
from worker.app import App
from worker.kernel.errors import PermanentError
from worker.kernel.events import Event
from worker.readers import Examined
from worker.store import blobs


@work
def sort_mail(run: Run) -> None:
    """Read a mail in a child, then write down what it is."""
    with run.reading() as s:
        raw = blobs.fetch(s, run.business, _mail(s, run).raw_sha256)
    try:
        examined = run.app.reader.examine(raw)
        wanted = intake.parts_to_keep(examined)
        parts = {index: run.app.reader.part(raw, index) for index in wanted}
    except PermanentError as e:
        with run.finish() as s:
            intake.quarantine(s, _mail(s, run), str(e), at=run.app.now())
        return
    with run.finish() as s:
        mail = _mail(s, run)
        intake.sort(s, mail, examined, _trust(run, mail, examined), parts, at=run.app.now())


def issue_from_mail(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the invoices of a sorted mail."""
    mail = intake.by_id(s, event.business, event.subject)
    if mail is not None:
        intake.issue_invoices(s, mail, app.invoice_limits(event.business), at=at)


def _mail(s: Session, run: Run) -> intake.Mail:
    mail = intake.by_id(s, run.business, run.subject)
    if mail is None:
        raise PermanentError(f"Mail {run.subject} is missing.")
    return mail


def _trust(run: Run, mail: intake.Mail, examined: Examined) -> intake.Trust:
    mailbox = run.app.mailbox_rules(run.business, mail.mailbox)
    known = run.app.rules(run.business).known_senders()
    return intake.trust(examined.envelope, mailbox, known)
