"""The demo's act of a bank transfer: an advice in answer to an invoice, and the bank's file.

The customer pays two invoices at once, one of them less the discount of its terms, and says so in a
PDF. That is noted and answered, and nothing is posted before the bank's file tells of the money.
"""

from __future__ import annotations

import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from worker import delivery, invoices
from worker.commands.demo_story import Story
from worker.commands.household import tillmail
from worker.kernel.errors import PermanentError
from worker.settings import PROJECT

_FILES = PROJECT / "config" / "demo" / "remittance"
_CUSTOMER = "Brightwater Accounts <accounts@brightwater.example>"
_BOOKKEEPER = "Mara Lindqvist"
_COMMAND_S = 60


def play(story: Story) -> None:
    """Two invoices out, one advice in, noted and answered, settled by the bank's file."""
    mails = sorted(_FILES.glob("*.eml"))
    before = {kind: story.sent(kind) for kind in ("invoice", "remittance_noted", "receipt")}
    story.drop_mails(mails, f"{len(mails)} more invoices, to one customer,")
    story.until(lambda: story.sent("invoice") >= before["invoice"] + len(mails))
    _answer_with_advice(story, _email_about(story, mails[-1].stem))
    story.until(lambda: story.sent("remittance_noted") > before["remittance_noted"])
    _import(story, _FILES / "statement.xml")
    story.until(lambda: story.sent("receipt") > before["receipt"])


def _email_about(story: Story, number: str) -> EmailMessage:
    """Our email with this invoice, as it lies in the outbox."""
    with story.reading() as session:
        [invoice] = invoices.called(session, story.business, number)
        [notice] = delivery.about(session, story.business, invoice.id)
    sent = message_from_bytes(Path(notice.server_reply or "").read_bytes(), policy=policy.default)
    if not isinstance(sent, EmailMessage):
        raise PermanentError(f"The email about {number} cannot be read.")
    return sent


def _answer_with_advice(story: Story, email: EmailMessage) -> None:
    """What the customer's mail program sends: its words, ours below them, and the PDF."""
    answer = EmailMessage(policy=policy.SMTP)
    answer["From"] = _CUSTOMER
    answer["To"] = email["Reply-To"]
    answer["Subject"] = f"Re: {email['Subject']}"
    answer["Date"] = "Tue, 24 Nov 2026 10:12:40 +0100"
    answer["Message-ID"] = "<advice.pr-2211@brightwater.example>"
    answer["In-Reply-To"] = answer["References"] = str(email["Message-ID"])
    answer.set_content("Please find our remittance advice attached.\n\nBest regards\nJo Brandt\n")
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
