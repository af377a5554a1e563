"""What a mail is and what follows: decided from what the reader saw, then written down.

The reader worked in a child process before this transaction began; here nothing is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import review
from worker.intake import records
from worker.intake.model import Disposition, Mail
from worker.intake.receiving import close
from worker.intake.trust import Trust
from worker.kernel.events import BounceRead, InvoiceRead, SenderAnswered
from worker.kernel.ids import BusinessKey
from worker.readers import Examined, Kind
from worker.store import blobs, tell

_DOCUMENTS = {Kind.INVOICE, Kind.CREDIT_NOTE}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a mail ends, why, and whether a person or its sender is told."""

    disposition: Disposition
    because: str
    asks: str | None = None
    answers: bool = False


def judge(examined: Examined, trust: Trust) -> Verdict:
    """What becomes of a mail; pure."""
    reading = examined.reading
    if reading.kind is Kind.BOUNCE:
        return Verdict(Disposition.BOUNCE, "A mail server reports on a mail of ours.")
    if reading.kind is Kind.AUTO_REPLY or (
        examined.envelope.is_automatic and reading.kind not in _DOCUMENTS
    ):
        because = examined.envelope.automatic_because or "It was sent by a program."
        return Verdict(Disposition.IGNORED_AUTO, because)
    if trust.alarm:
        return Verdict(Disposition.QUARANTINED, trust.because, asks="mail_forged")
    if not trust.may_send_invoices:
        return Verdict(Disposition.QUARANTINED, trust.because, asks="mail_from_stranger")
    if examined.envelope.problems:
        because = " ".join(examined.envelope.problems)
        return Verdict(Disposition.QUARANTINED, because, asks="mail_doubtful")
    answers = not examined.envelope.is_automatic
    if reading.error:
        return Verdict(Disposition.ERROR_PARKED, reading.error, "mail_unreadable", answers)
    if reading.kind in _DOCUMENTS and reading.invoices:
        return Verdict(Disposition.ACCEPTED, "; ".join(reading.reasons) or "It holds an invoice.")
    because = f"It was read as {reading.kind.value}, which is not handled by itself yet."
    return Verdict(Disposition.ERROR_PARKED, because, "mail_not_handled", answers)


def sort(
    session: Session,
    mail: Mail,
    examined: Examined,
    trust: Trust,
    parts: Mapping[int, bytes],
    *,
    at: datetime,
) -> None:
    """Write down what a mail is and set off what follows. `parts` are the invoices' own files."""
    business = BusinessKey(mail.business)
    _describe(mail, examined, trust)
    again = records.same_message(session, mail)
    if again is not None:
        close(mail, Disposition.DUPLICATE, f"The same mail came before as {again.id}.", at=at)
        mail.duplicate_of = again.id
        return
    verdict = judge(examined, trust)
    close(mail, verdict.disposition, verdict.because, at=at)
    if verdict.disposition is Disposition.ACCEPTED:
        for content in parts.values():
            blobs.keep(session, business, content, at=at)
        tell(session, InvoiceRead(business, mail.id))
    if verdict.disposition is Disposition.BOUNCE:
        tell(session, BounceRead(business, mail.id))
    if verdict.asks is not None:
        ask(session, mail, verdict.asks, at=at)
    if verdict.answers:
        tell(session, SenderAnswered(business, mail.id))


def quarantine(session: Session, mail: Mail, because: str, *, at: datetime) -> None:
    """Put a mail away whose bytes no reader survives."""
    close(mail, Disposition.QUARANTINED, because, at=at)
    ask(session, mail, "mail_hostile", at=at)


def park(session: Session, mail: Mail, because: str, *, at: datetime) -> None:
    """Stop with a mail that lacks what it needs; a person is asked and the sender is told."""
    close(mail, Disposition.ERROR_PARKED, because, at=at)
    ask(session, mail, "mail_incomplete", at=at)
    tell(session, SenderAnswered(BusinessKey(mail.business), mail.id))


def ask(session: Session, mail: Mail, kind: str, *, at: datetime) -> None:
    """Open the work item that a mail needs."""
    review.ask(
        session,
        BusinessKey(mail.business),
        review.Question(
            kind=kind,
            subject=mail.id,
            text=f"{_OPENINGS[kind]} {mail.because}",
            evidence={"sender": mail.sender, "subject": mail.subject, "mailbox": mail.mailbox},
            choices=[f"tillmail mail show {mail.id}", f"tillmail mail replay {mail.id}"],
        ),
        at=at,
    )


_OPENINGS = {
    "mail_forged": "A mail carries forged marks of our own mail server. Nothing was done with it.",
    "mail_from_stranger": (
        "A mail from somebody who may not send invoices was put aside. If they may, add them to "
        "`senders` in the business's file and replay the mail."
    ),
    "mail_doubtful": "A mail can be read in two ways and was put aside.",
    "mail_unreadable": "A mail could not be read.",
    "mail_not_handled": "A mail needs a person.",
    "mail_hostile": "A mail broke the process that reads it and was put aside.",
    "mail_incomplete": "A mail holds a document that cannot be issued.",
}


def _describe(mail: Mail, examined: Examined, trust: Trust) -> None:
    envelope = examined.envelope
    mail.kind = examined.reading.kind.value
    mail.trust = trust.level.value
    mail.trust_because = trust.because
    mail.sender = envelope.sender.address if envelope.sender else None
    mail.subject = envelope.subject[:500]
    mail.message_id = envelope.message_id
    mail.reading = examined.model_dump(mode="json")
