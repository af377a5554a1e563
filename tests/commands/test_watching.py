"""The watcher of a mailbox: nothing ends it, and a mailbox that stays shut raises its alarm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.books import ACME, AT
from tests.commands.conftest import Desk
from worker import intake, review
from worker.actors import FLOW
from worker.app import App
from worker.businesses import MailboxRules
from worker.commands.watching import Watcher
from worker.intake import Arrival, Spot
from worker.intake.model import Watch
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey
from worker.settings import load


class _Shut:
    """A mailbox that answers a look with an error; the watcher is told to stop meanwhile."""

    def __init__(self, stopping: threading.Event, error: Exception) -> None:
        self.stopping, self.error = stopping, error

    def arrivals(self, **_bounds: Any) -> Iterator[Arrival]:
        self.stopping.set()
        raise self.error

    def close(self) -> None:
        """Nothing is open."""


class _Unsorted:
    """A mailbox with one mail that nobody sorts; it keeps how long it was waited for news."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.waits: list[float] = []

    def arrivals(self, *, known: frozenset[Spot], **_bounds: Any) -> Iterator[Arrival]:
        spot = Spot("INBOX", "0", "1")
        return iter([] if spot in known else [Arrival(spot, 4, AT, b"mail")])

    def wait(self, timeout_s: float) -> None:
        self.waits.append(timeout_s)
        if len(self.waits) == 10:
            self.stopping.set()

    def close(self) -> None:
        """Nothing is open."""


class _House(App):
    """An App with this mailbox, whose clock jumps ten minutes at every look at it."""

    box: Any = None
    at: datetime = AT

    def mailbox(self, business: BusinessKey, rules: MailboxRules) -> intake.Mailbox:
        found: intake.Mailbox = self.box
        return found

    def now(self) -> datetime:
        self.at += timedelta(minutes=10)
        return self.at


@pytest.fixture
def watched(desk: Desk) -> Iterator[Callable[..., tuple[_House, Watcher]]]:
    """A watcher of Acme's mailbox with a box of the test's own in its place."""
    house = _House(load(desk.home, desk.environment), FLOW)
    house.hand_out = lambda _slips: None

    def make(box: Any, stopping: threading.Event) -> tuple[_House, Watcher]:
        house.box = box
        return house, Watcher(house, ACME, house.rules(ACME).mailboxes[0], stopping)

    yield make
    house.close()


@pytest.mark.parametrize(
    "error",
    [IntegrityError("INSERT", {}, Exception("twice")), OSError("disk"), PermanentError("shut")],
)
def test_nothing_that_a_mailbox_meets_ends_its_watcher(watched: Any, error: Exception) -> None:
    stopping = threading.Event()
    house, watcher = watched(_Shut(stopping, error), stopping)
    watcher.run()
    with house.reading() as session:
        assert session.scalars(select(Watch.problem)).one() == str(error)


def test_a_mailbox_that_stays_shut_raises_an_alarm_whoever_holds_its_lease(watched: Any) -> None:
    for _ in range(3):
        stopping = threading.Event()
        house, watcher = watched(_Shut(stopping, PermanentError("wrong password")), stopping)
        watcher.run()
        watcher.let_go()
    with house.reading() as session:
        assert [i.kind for i in review.open_items(session, ACME)] == ["mailbox_unreachable"]


def test_a_mail_that_nobody_sorts_is_looked_for_less_and_less(watched: Any) -> None:
    stopping = threading.Event()
    box = _Unsorted(stopping)
    _, watcher = watched(box, stopping)
    watcher.run()
    assert box.waits == sorted(box.waits)
    assert (box.waits[0], box.waits[-1]) == (0.5, 25.0)
