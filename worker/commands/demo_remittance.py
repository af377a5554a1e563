"""The demo's act of a bank transfer: an advice in answer to an invoice, and the bank's file.

The customer pays two invoices at once, one of them less the discount of its terms, and says so in a
PDF. That is noted and answered; nothing is posted before the bank's file tells of the money. The
bookkeeper accepts the discount by a word.
"""

from __future__ import annotations

import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from worker import delivery, invoices, review
from worker.commands.demo_story import Story
from worker.commands.household import tillmail
from worker.invoices import State
from worker.kernel.errors import PermanentError
from worker.settings import PROJECT

_FILES = PROJECT / "config" / "demo" / "remittance"
_CUSTOMER = "Brightwater Accounts <accounts@brightwater.example>"
_BOOKKEEPER = "Mara Lindqvist"
_COMMAND_S = 60


def play(story: Story) -> None:
    """Two invoices out, one advice in, noted and answered, settled, the discount accepted."""
    mails = sorted(_FILES.glob("*.eml"))
    before = {kind: story.sent(kind) for kind in ("invoice", "remittance_noted", "receipt")}
    story.drop_mails(mails, f"{len(mails)} more invoices, to one customer,")
    story.until(lambda: story.sent("invoice") >= before["invoice"] + len(mails))
    last = mails[-1].stem
    _answer_with_advice(story, _email(story, _invoice(story, last)))
    story.until(lambda: story.sent("remittance_noted") > before["remittance_noted"])
    _import(story, _FILES / "statement.xml")
    story.until(lambda: story.sent("receipt") > before["receipt"] and bool(_asked(story)))
    _accept(story, _email(story, _asked(story)))
    story.until(lambda: _state(story, last) is State.PAID)


def _invoice(story: Story, number: str) -> str:
    with story.reading() as session:
        return invoices.called(session, story.business, number)[0].id


def _state(story: Story, number: str) -> State:
    with story.reading() as session:
        invoice = invoices.called(session, story.business, number)[0]
        return invoices.state_of(invoice, invoices.still_to_pay(session, invoice))


def _asked(story: Story) -> str:
    """The question about what was taken off, once its email has left; else nothing."""
    with story.reading() as session:
        items = review.open_of_kind(session, story.business, "remittance_deduction")
        sent = [
            i.id for i in items for n in delivery.about(session, story.business, i.id) if n.sent_at
        ]
    return sent[0] if sent else ""


def _email(story: Story, subject: str) -> EmailMessage:
    """Our email about this, as it lies in the outbox."""
    with story.reading() as session:
        [notice] = delivery.about(session, story.business, subject)
    sent = message_from_bytes(Path(notice.server_reply or "").read_bytes(), policy=policy.default)
    if not isinstance(sent, EmailMessage):
        raise PermanentError(f"The email about {subject} cannot be read.")
    return sent


def _answer_to(email: EmailMessage, sender: str, words: str) -> EmailMessage:
    """What a mail program makes of an answer."""
    answer = EmailMessage(policy=policy.SMTP)
    answer["From"] = sender
    answer["To"] = email["Reply-To"]
    answer["Subject"] = f"Re: {email['Subject']}"
    answer["Date"] = "Tue, 24 Nov 2026 10:12:40 +0100"
    answer["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    answer["In-Reply-To"] = answer["References"] = str(email["Message-ID"])
    answer.set_content(words)
    return answer


def _accept(story: Story, question: EmailMessage) -> None:
    """Have the bookkeeper answer the question about the discount with one word."""
    file = story.stage.home / "var" / "accept.eml"
    file.write_bytes(
        _answer_to(question, f"{_BOOKKEEPER} <{question['To']}>", "accept\n").as_bytes()
    )
    story.drop_mails([file], "the bookkeeper's answer about the discount, “accept”,")


def _answer_with_advice(story: Story, email: EmailMessage) -> None:
    """Have the customer answer with a PDF."""
    words = "Please find our remittance advice attached.\n\nBest regards\nJo Brandt\n"
    answer = _answer_to(email, _CUSTOMER, words)
    pdf = (_FILES / "advice.pdf").read_bytes()
    answer.add_attachment(pdf, "application", "pdf", filename="PR-2211.pdf")
    file = story.stage.home / "var" / "advice.eml"
    file.write_bytes(answer.as_bytes())
    story.drop_mails([file], "the customer's answer: a remittance advice for both")


def _import(story: Story, file: Path) -> None:
    """Have the bookkeeper import the bank's file, by the command that she types."""
    said = ["payments", "import", str(file), "--as", _BOOKKEEPER]
    shown = file.relative_to(PROJECT)
    story.say("bank", f'tillmail payments import {shown} --as "{_BOOKKEEPER}"')
    done = subprocess.run(
        [sys.executable, *tillmail(*said)],
        env=story.stage.environment,
        capture_output=True,
        text=True,
        timeout=_COMMAND_S,
        check=False,
    )
    if done.returncode != 0:
        raise PermanentError(f"The bank's file was not taken: {done.stderr.strip()}")
