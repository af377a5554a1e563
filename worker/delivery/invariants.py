"""What always holds of notices (RELIABILITY: invariants 22 and 29)."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from worker.delivery.answering import IN_A_THREAD
from worker.delivery.model import Notice, NoticeState
from worker.delivery.sending import CLAIMS_ALLOWED
from worker.kernel.events import NoticeQueued
from worker.store.invariants import is_in_hand

SHOWN = 50
_WAITING = (NoticeState.QUEUED.value, NoticeState.SENDING.value)


def a_notice_is_queued_once(session: Session) -> list[str]:
    """There is one notice for each kind, subject, version, occasion and recipient."""
    key = (
        Notice.business,
        Notice.kind,
        Notice.subject_id,
        Notice.version,
        Notice.occasion,
        func.lower(Notice.recipient),
    )
    rows = session.execute(
        select(Notice.business, Notice.kind, Notice.subject_id)
        .group_by(*key)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [
        f"{business}: {kind} about {subject} is queued twice." for business, kind, subject in rows
    ]


def waiting_notices_are_in_hand(session: Session) -> list[str]:
    """A notice that is not out has a job that sends it, or a person was asked."""
    in_hand = is_in_hand(Notice.business, Notice.id, NoticeQueued.__name__)
    rows = session.execute(
        select(Notice.business, Notice.id).where(Notice.state.in_(_WAITING), ~in_hand).limit(SHOWN)
    )
    return [f"{business}: {notice} was forgotten." for business, notice in rows]


def notices_say_how_they_ended(session: Session) -> list[str]:
    """A sent notice says when; one that waits has no end; none is handed over without limit."""
    is_waiting = Notice.state.in_(_WAITING)
    is_sent = Notice.state.in_((NoticeState.SENT.value, NoticeState.BOUNCED.value))
    broken = or_(
        and_(is_sent, Notice.sent_at.is_(None)),
        and_(~is_sent, Notice.sent_at.is_not(None)),
        and_(is_waiting, Notice.ended_at.is_not(None)),
        and_(~is_waiting, Notice.ended_at.is_(None)),
        Notice.claims > CLAIMS_ALLOWED,
    )
    rows = session.execute(select(Notice.business, Notice.id).where(broken).limit(SHOWN))
    return [f"{business}: {notice} contradicts itself." for business, notice in rows]


def nobody_is_answered_without_end(session: Session) -> list[str]:
    """In one thread nobody has had more answers than the guard against loops gives."""
    rows = session.execute(
        select(Notice.business, func.min(Notice.subject_id))
        .where(Notice.kind == "answer")
        .group_by(Notice.business, func.lower(Notice.recipient), Notice.occasion)
        .having(func.count() > IN_A_THREAD)
        .limit(SHOWN)
    )
    return [f"{business}: the thread of {mail} goes in circles." for business, mail in rows]


INVARIANTS = (
    a_notice_is_queued_once,
    waiting_notices_are_in_hand,
    notices_say_how_they_ended,
    nobody_is_answered_without_end,
)
