"""Doing a thing as a whole or not at all inside a transaction that goes on either way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from worker.kernel.errors import Refused, ReviewNeeded
from worker.kernel.events import CheckoutUnwanted
from worker.store import outbox, tell

T = TypeVar("T")


def whole(s: Session, act: Callable[[], T]) -> T:
    """What `act` gives; where it refuses, all that it did is undone, and was never told either.

    A payment page that stands in its way is ended all the same: later it can be done.
    """
    earlier = outbox.take_told(s)
    try:
        with s.begin_nested():
            return act()
    except (Refused, ReviewNeeded):
        earlier += [fact for fact in outbox.take_told(s) if isinstance(fact, CheckoutUnwanted)]
        raise
    finally:
        for fact in (*earlier, *outbox.take_told(s)):
            tell(s, fact)
