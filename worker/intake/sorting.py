"""Writing down what a mail is, and setting off what follows.

The reader worked in a child process before this transaction began; here nothing is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import review
from worker.intake import records
from worker.intake.corresponding import ask_about_letter
from worker.intake.judging import LETTERS, Sender, judge
from worker.intake.model import Disposition, Mail
from worker.intake.receiving import close
from worker.kernel.events import SenderAnswered
from worker.kernel.ids import BusinessKey
from worker.readers import Examined
from worker.store import blobs, change, tell


def sort(
    session: Session,
    mail: Mail,
    examined: Examined,
    sender: Sender,
    parts: Mapping[int, bytes],
    *,
    at: datetime,
) -> None:
    """Write down what a mail is and set off what follows. `parts` are the invoices' own files."""
    business = BusinessKey(mail.business)
    change(session, mail, **_described(examined, sender))
    again = records.same_message(session, mail)
    if again is not None:
        close(
            session, mail, Disposition.DUPLICATE, f"The same mail came before as {again.id}.", at=at
        )
        mail.duplicate_of = again.id
        return
    verdict = judge(examined, sender)
    close(session, mail, verdict.disposition, verdict.because, at=at)
    if verdict.disposition is Disposition.ACCEPTED or verdict.asks == "mail_from_stranger":
        # A stranger's files, too: a person may say yes to them.
        for content in parts.values():
            blobs.keep(session, business, content, at=at)
    if verdict.tells is not None:
        tell(session, verdict.tells(business, mail.id))
    if verdict.asks is not None and verdict.asks in LETTERS.values():
        ask_about_letter(session, mail, examined, sender, kind=verdict.asks, at=at)
    elif verdict.asks is not None:
        ask(session, mail, verdict.asks, at=at)
    if verdict.answers:
        tell(session, SenderAnswered(business, mail.id))


def quarantine(session: Session, mail: Mail, because: str, *, at: datetime) -> None:
    """Put a mail away whose bytes no reader survives."""
    close(session, mail, Disposition.QUARANTINED, because, at=at)
    ask(session, mail, "mail_hostile", at=at)


def ask(session: Session, mail: Mail, kind: str, *, at: datetime) -> None:
    """Open the work item that a mail needs."""
    found = len((mail.reading or {}).get("reading", {}).get("invoices", ()))
    words = ["yes", "no"] if kind == "mail_from_stranger" and found else ["done"]
    review.ask(
        session,
        BusinessKey(mail.business),
        review.Question(
            kind=kind,
            subject=mail.id,
            text=f"{_OPENINGS[kind]} {mail.because}",
            evidence={
                "from": mail.sender,
                "subject": mail.subject,
                "invoices": found or None,
                "mailbox": mail.mailbox,
                "mail": mail.id,
            },
            choices=[*words, f"tillmail mail show {mail.id}", f"tillmail mail replay {mail.id}"],
        ),
        at=at,
    )


_OPENINGS = {
    "mail_forged": "A mail carries forged marks of our own mail server. Nothing was done with it.",
    "mail_from_stranger": (
        "A mail from somebody who may not send invoices was put aside. A yes takes this one mail "
        "as if you had sent it; to let them always, add them to `senders` in the business's file."
    ),
    "mail_doubtful": "A mail can be read in two ways and was put aside.",
    "mail_unreadable": "A mail could not be read.",
    "mail_not_handled": "A mail needs a person.",
    "mail_hostile": "A mail broke the process that reads it and was put aside.",
    "answer_not_taken": "Somebody answered a question who may not. Nothing was done.",
}


def _described(examined: Examined, sender: Sender) -> dict[str, Any]:
    """What a mail's row says of it, whatever becomes of it."""
    envelope, trust = examined.envelope, sender.trust
    return {
        "kind": examined.reading.kind.value,
        "trust": trust.level.value,
        "trust_because": trust.because,
        "sender": envelope.sender.address if envelope.sender else None,
        "subject": envelope.subject[:500],
        "message_id": envelope.message_id,
        "reading": examined.model_dump(mode="json"),
    }
