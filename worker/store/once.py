"""Keys of things that may happen once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from worker.kernel.ids import BusinessKey
from worker.store.tables import Record


class OnceKey(Record):
    """That this was done, and when."""

    __tablename__ = "once_key"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]


def is_first(session: Session, business: BusinessKey, key: str, *, at: datetime) -> bool:
    """Whether nobody did this before; if so it now counts as done in this transaction.

    Two transactions at once: the second waits for the first and is told no.
    """
    if session.get(OnceKey, (business, key)) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(OnceKey(business=business, key=key, done_at=at))
    except IntegrityError:
        return False
    return True
