"""Giving a business its row, on which every other row hangs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from worker.businesses.model import Business
from worker.kernel.ids import BusinessKey


def enrol(session: Session, business: BusinessKey, *, at: datetime) -> None:
    """Make the row if it is not there."""
    if session.get(Business, business) is None:
        session.add(Business(key=business, added_at=at))
        session.flush()


def everyone(session: Session) -> Sequence[BusinessKey]:
    """Every business that was ever enrolled."""
    return [
        BusinessKey(key) for key in session.scalars(select(Business.key).order_by(Business.key))
    ]


def lock(session: Session, business: BusinessKey) -> None:
    """Wait for whoever else decides about this business's customers, to the end of the transaction.

    Rows that belong to the business may be written meanwhile.
    """
    session.execute(
        select(Business.key).where(Business.key == business).with_for_update(key_share=True)
    )
