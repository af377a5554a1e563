"""Writing down that links have ended. The state itself follows from the clock alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.paylinks import records
from worker.paylinks.opening import note


def note_expired(session: Session, *, at: datetime, limit: int = 500) -> int:
    """Add *expired* to the activity of every link that ended; gives how many."""
    ended = records.expired_unnoted(session, at=at, limit=limit)
    for link in ended:
        because = "its time after opening is over" if link.opened_at else "nobody opened it"
        ended_at = link.expires_at or link.cap_at
        note(session, link, "expired", who="tillmail", at=ended_at, evidence={"because": because})
    return len(ended)
