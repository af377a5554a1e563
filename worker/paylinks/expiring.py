"""Writing down that links have ended. From then on they stay ended, whatever a clock says."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker.paylinks import records
from worker.paylinks.opening import note


def note_expired(session: Session, *, at: datetime, limit: int = 500) -> int:
    """Mark every link whose time is over, with *expired* in its activity; gives how many."""
    ended = records.running_out(session, at=at, limit=limit)
    for link in ended:
        link.ended_at = link.expires_at or link.cap_at
        because = "its time after opening is over" if link.opened_at else "nobody opened it"
        what = {"because": because}
        note(session, link, "expired", who="tillmail", at=link.ended_at, evidence=what)
    return len(ended)
