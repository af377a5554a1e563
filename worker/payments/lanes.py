"""The lane of an open item: one way at a time may take its money."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import store
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.payments.model import Lane


def take(
    session: Session,
    business: BusinessKey,
    item_id: str,
    *,
    holder: str,
    until: datetime,
    at: datetime,
) -> None:
    """Hold the lane until then; raises Refused while somebody else does."""
    lane = _lock(session, business, item_id)
    if lane is None:
        lane = Lane(business=business, item_id=item_id)
        session.add(lane)
    elif _is_held(lane, at) and lane.holder != holder:
        raise Refused("This item is being paid in another way just now. Try again in a moment.")
    lane.holder, lane.leased_until = holder, until
    session.flush()


def hold(
    session: Session, business: BusinessKey, item_id: str, *, holder: str, until: datetime
) -> None:
    """Hold a lane for longer, as whoever holds it, whatever its lease was: the money is coming."""
    lane = _lock(session, business, item_id)
    if lane is None:
        lane = Lane(business=business, item_id=item_id)
        session.add(lane)
    lane.holder, lane.leased_until = holder, until
    session.flush()


def is_busy(session: Session, business: BusinessKey, item_id: str, *, at: datetime) -> bool:
    """Whether a way of paying is under way for the item that cannot be ended just now."""
    lane = _lock(session, business, item_id)
    return lane is not None and _is_held(lane, at)


def free(session: Session, business: BusinessKey, item_id: str, *, holder: str) -> None:
    """Give the lane back; nothing happens when it is somebody else's."""
    lane = _lock(session, business, item_id)
    if lane is not None and lane.holder == holder:
        lane.holder, lane.leased_until = None, None


def _lock(session: Session, business: BusinessKey, item_id: str) -> Lane | None:
    return store.lock(session, Lane, business, item_id)


def _is_held(lane: Lane, at: datetime) -> bool:
    return lane.holder is not None and lane.leased_until is not None and lane.leased_until > at
