"""Answers to mails: every one of them leaves through here, and loops end here.

RELIABILITY 1.4: a program is never answered, nor are we ourselves; one answer a day to a sender
about the same subject, five to a colleague who has proven who they are; never more than five in one
thread. So two programs that answer each other come to an end, whatever their headers say.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker.businesses import Rules
from worker.delivery import records
from worker.delivery.letters import Paper
from worker.delivery.model import Notice
from worker.delivery.queueing import Letter, queue
from worker.delivery.wording import AnswerNotice, Choice, Fact
from worker.kernel.ids import BusinessKey
from worker.readers import Envelope, Kind

SENDERS_A_DAY = 1
COLLEAGUES_A_DAY = 20
IN_A_THREAD = 5
_DAY = timedelta(days=1)
# The Message-IDs of our notices: see addressing.message_id.
_OUR_MESSAGE_ID = re.compile(r"<[0-9a-f]{40}@([^<>@\s]+)>", re.ASCII)
_MARKS = re.compile(r"^(?:\s*[\w-]{1,12}(?:\[\d+\])?\s*[:：]\s*)+", re.UNICODE)
_COUNTERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail that may be answered. `is_colleague`: it is proven that staff wrote it."""

    mail_id: str
    kind: str | None
    envelope: Envelope
    is_colleague: bool = False

    @property
    def address(self) -> str:
        """Who wrote it; empty where that cannot be made out."""
        return self.envelope.sender.address if self.envelope.sender else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What we say. `about` is the invoice or work item that a further answer speaks to."""

    title: str
    text: str
    facts: tuple[Fact, ...] = ()
    words: tuple[Choice, ...] = ()
    link: str = ""
    about: str = ""


def answer(
    session: Session,
    business: BusinessKey,
    incoming: Incoming,
    reply: Reply,
    paper: Paper,
    *,
    at: datetime,
) -> Notice | None:
    """The queued answer; None when silence is better."""
    if silence_because(session, business, incoming, paper.rules, at=at) is not None:
        return None
    notice = AnswerNotice(
        business=paper.sender,
        audience="staff" if incoming.is_colleague else "sender",
        title=reply.title,
        text=reply.text,
        their_subject=_bare(incoming.envelope.subject)[:200],
        facts=reply.facts,
        words=reply.words,
        link=reply.link,
        about=reply.about,
        in_reply_to=incoming.envelope.message_id or "",
    )
    letter = Letter(
        kind="answer",
        subject_id=incoming.mail_id,
        recipient=incoming.address,
        language=paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        occasion=thread_of(incoming),
    )
    return queue(session, business, letter, paper.rules.mail, at=at)


def silence_because(
    session: Session, business: BusinessKey, incoming: Incoming, rules: Rules, *, at: datetime
) -> str | None:
    """Why a mail is not to be answered; None when it may be."""
    by_words = incoming.kind in (Kind.AUTO_REPLY, Kind.BOUNCE) and not incoming.is_colleague
    if incoming.envelope.is_automatic or by_words:
        return "A program wrote it."
    if not incoming.address:
        return "Nobody can be made out who wrote it."
    if is_ours(incoming, rules):
        return "We wrote it ourselves."
    to, thread = incoming.address, thread_of(incoming)
    if records.answers(session, business, to, thread=thread, since=None) >= IN_A_THREAD:
        return f"It was answered {IN_A_THREAD} times."
    if incoming.is_colleague:
        today = records.answers(session, business, to, thread=None, since=at - _DAY)
        return "They had enough answers today." if today >= COLLEAGUES_A_DAY else None
    today = records.answers(session, business, to, thread=thread, since=at - _DAY)
    return "It was answered today." if today >= SENDERS_A_DAY else None


def is_ours(incoming: Incoming, rules: Rules) -> bool:
    """Whether a mail bears one of our own addresses, or a Message-ID that only we make."""
    mail = rules.mail
    own = {mail.from_address.lower(), (mail.reply_address or "").lower()}
    own |= {a.lower() for box in rules.mailboxes for a in (*box.intake_addresses, box.user)}
    domains = {d.lower() for d in (mail.reply_domain, mail.bounce_domain) if d}
    domain = incoming.address.lower().rpartition("@")[2]
    made = _OUR_MESSAGE_ID.fullmatch(incoming.envelope.message_id or "")
    ours = mail.from_address.lower().rpartition("@")[2]
    is_made_by_us = made is not None and made[1].lower() == ours
    return incoming.address.lower() in own or domain in domains or is_made_by_us


def thread_of(incoming: Incoming) -> str:
    """What makes mails one conversation: their first mail, else a subject without its counters."""
    envelope = incoming.envelope
    first = next(iter((*envelope.references, *envelope.in_reply_to)), None)
    subject = _COUNTERS.sub("#", _bare(envelope.subject).casefold())
    told = first if first and incoming.is_colleague else f"{subject}\0{_files(incoming)}"
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _files(incoming: Incoming) -> str:
    # A colleague who forwards ten bad invoices in a day hears of each of them.
    return incoming.mail_id if incoming.is_colleague else ""


def _bare(subject: str) -> str:
    """The subject without `Re:`, `AW:` and the like."""
    return " ".join(_MARKS.sub("", subject).split())
