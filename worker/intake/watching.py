"""One watcher per mailbox folder, by lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from worker import store
from worker.intake.model import Mail, Watch
from worker.kernel.ids import BusinessKey

LEASE = timedelta(seconds=90)
# Asked again before every call for a charge.
_watch, _mail = store.table_of(Watch).c, store.table_of(Mail).c
_READ_TO_END = store.Prepared(
    select(_watch.mailbox, _watch.read_to_end_at).where(_watch.business == bindparam("business"))
)
_UNSORTED_SINCE = store.Prepared(
    select(func.min(_mail.received_at)).where(
        _mail.business == bindparam("business"), _mail.sorted_at.is_(None)
    )
)


def watch(
    session: Session, business: BusinessKey, mailbox: str, *, holder: str, at: datetime
) -> bool:
    """Whether this holder watches the mailbox now; call it again well within the lease."""
    row = _row(session, business, mailbox)
    free = row.holder in (None, holder) or row.leased_until is None or row.leased_until <= at
    if free:
        row.holder, row.leased_until = holder, at + LEASE
    return free


def let_go(session: Session, business: BusinessKey, mailbox: str, *, holder: str) -> None:
    """Give the mailbox up, so that another watcher need not wait for the lease."""
    row = _row(session, business, mailbox)
    if row.holder == holder:
        row.holder, row.leased_until = None, None


def went_well(session: Session, business: BusinessKey, mailbox: str, *, at: datetime) -> None:
    """The mailbox was read to its end: no mail that came before `at` is unread."""
    row = _row(session, business, mailbox)
    row.read_to_end_at, row.problem, row.problem_since = at, None, None


def went_badly(
    session: Session, business: BusinessKey, mailbox: str, problem: str, *, at: datetime
) -> timedelta:
    """The mailbox cannot be read; gives for how long already."""
    row = _row(session, business, mailbox)
    row.problem, row.problem_since = problem, row.problem_since or at
    return at - row.problem_since


def read_to(
    session: Session, business: BusinessKey, mailboxes: Sequence[str], *, at: datetime
) -> datetime | None:
    """Up to when all the mail of a business was read and sorted; None where that is not known."""
    about = {"business": business}
    read: dict[str, datetime | None] = {row[0]: row[1] for row in _READ_TO_END.rows(session, about)}
    times = [read.get(mailbox) for mailbox in mailboxes]
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        return None
    unsorted: datetime | None = _UNSORTED_SINCE.scalar(session, about)
    return min([at, *known, *([unsorted] if unsorted else [])])


def _row(session: Session, business: BusinessKey, mailbox: str) -> Watch:
    row = store.lock(session, Watch, business, mailbox)
    if row is None:
        row = Watch(business=business, mailbox=mailbox)
        session.add(row)
        session.flush()
    return row
