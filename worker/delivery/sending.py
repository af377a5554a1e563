"""Sending a notice: the claim is committed before the server is called, its answer after.

SMTP cannot promise exactly once. A claim without an answer means that a copy may be out: the notice
is sent once more, minutes later, with the same Message-ID; after that a person is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from worker import customers, review, store
from worker.delivery import records
from worker.delivery.checking import Obstacle
from worker.delivery.model import NOTICE_MOVES, Notice, NoticeState
from worker.delivery.undelivered import undelivered
from worker.kernel.errors import PermanentError
from worker.kernel.events import NoticeRefused, NoticeSent
from worker.kernel.ids import BusinessKey
from worker.store import tell

CLAIMS_ALLOWED = 2
GIVE_UP_AFTER = timedelta(hours=48)
LONGEST_WAIT = timedelta(hours=1)
_ENDED = {NoticeState.SENT, NoticeState.REFUSED, NoticeState.DROPPED}


class Claim(StrEnum):
    """What to do now."""

    SEND = "send"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to a claim; with WAIT, not before `due_at`."""

    claim: Claim
    due_at: datetime | None = None


def claim(
    session: Session, notice: Notice, *, obstacle: Obstacle | None, wait: timedelta, at: datetime
) -> Claimed:
    """Claim a notice for sending.

    `obstacle` is what the caller found just now that forbids it (paid meanwhile, no longer on
    file): the notice is dropped, and a person told where the customer would hear nothing. `wait` is
    how long a claim without an answer rests.
    """
    notice = records.lock(session, notice)
    if NoticeState(notice.state) in _ENDED:
        return Claimed(Claim.STOP)
    if notice.state == NoticeState.SENDING:
        rested = (notice.claimed_at or at) + wait
        if at < rested:
            return Claimed(Claim.WAIT, rested)
        if notice.claims >= CLAIMS_ALLOWED:
            refused(session, notice, "It was handed over twice and no answer came.", at=at)
            return Claimed(Claim.STOP)
    if obstacle is not None:
        dropped = _ended(notice, NoticeState.DROPPED, obstacle.because, at=at)
        store.change(session, notice, **dropped)
        if obstacle.needs_person:
            question = undelivered(session, notice, obstacle.because)
            review.ask(session, BusinessKey(notice.business), question, at=at)
        return Claimed(Claim.STOP)
    sending = _moved(notice, NoticeState.SENDING) if notice.state == NoticeState.QUEUED else {}
    store.change(session, notice, **sending, claimed_at=at, claims=notice.claims + 1)
    return Claimed(Claim.SEND)


def sent(session: Session, notice: Notice, reply: str, *, at: datetime) -> None:
    """The server took it."""
    notice = records.lock(session, notice)
    store.change(session, notice, **_ended(notice, NoticeState.SENT, reply, at=at), sent_at=at)
    tell(session, NoticeSent(BusinessKey(notice.business), notice.id))


def refused(session: Session, notice: Notice, reply: str, *, at: datetime) -> None:
    """It cannot be delivered: a person is told, with what the server said."""
    notice = records.lock(session, notice)
    store.change(session, notice, **_ended(notice, NoticeState.REFUSED, reply, at=at))
    business = BusinessKey(notice.business)
    review.ask(session, business, undelivered(session, notice, reply), at=at)
    tell(session, NoticeRefused(business, notice.id))


def bounced(session: Session, notice: Notice, report: str, *, at: datetime) -> None:
    """It was accepted and then came back for good: a person is told."""
    notice = records.lock(session, notice)
    store.change(session, notice, **_ended(notice, NoticeState.BOUNCED, report, at=at))
    business = BusinessKey(notice.business)
    review.ask(session, business, undelivered(session, notice, report), at=at)
    tell(session, NoticeRefused(business, notice.id))


def suppress(session: Session, notice: Notice, reply: str, *, at: datetime) -> None:
    """Write no more to an address whose server said no for good."""
    business = BusinessKey(notice.business)
    customers.suppress(session, business, notice.recipient, because=reply[:200], at=at)


def put_back(
    session: Session, notice: Notice, *, wait: timedelta, at: datetime, reply: str
) -> datetime | None:
    """When to try again after a refusal that may pass; None when 48 hours are over."""
    notice = records.lock(session, notice)
    if at - notice.queued_at > GIVE_UP_AFTER:
        refused(session, notice, f"For 48 hours: {reply}", at=at)
        return None
    # The server said that it does not have the mail, so this claim leaves no copy behind.
    kept = {"claims": notice.claims - 1, "server_reply": reply[:500]}
    store.change(session, notice, **_moved(notice, NoticeState.QUEUED), **kept)
    return at + min(wait, LONGEST_WAIT)


def _ended(notice: Notice, state: NoticeState, reply: str, *, at: datetime) -> dict[str, Any]:
    return {**_moved(notice, state), "ended_at": at, "server_reply": reply[:500]}


def _moved(notice: Notice, to: NoticeState) -> dict[str, str]:
    """The state's column after this move; PermanentError for one that may not be."""
    if to not in NOTICE_MOVES[NoticeState(notice.state)]:
        raise PermanentError(f"Notice {notice.id} cannot go from {notice.state} to {to}.")
    return {"state": to.value}
