"""The mailbox process: takes every mail in, and files it once it is sorted.

One thread per mailbox folder; a lease in the database sees to it that one process watches each.
A mail is moved only after what became of it is committed, so a crash anywhere leaves it in place.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from worker import intake, review
from worker.app import App
from worker.businesses import MailboxRules
from worker.intake import Disposition, Spot
from worker.kernel.errors import TillmailError
from worker.kernel.ids import BusinessKey, new_id

log = logging.getLogger(__name__)

BATCH = 50
IDLE_S = 25.0
SORTING_S = 0.25
RENEW_LEASE_S = 20.0
LONGEST_BACKOFF_S = 60.0
STOP_S = 0.5
ALARM_AFTER = timedelta(minutes=15)
# All that a mailbox, the database or the disk can do to a watcher: it must never end by itself.
_TROUBLES = (TillmailError, SQLAlchemyError, OSError)
_TO_REVIEW = {Disposition.QUARANTINED, Disposition.REJECTED, Disposition.ERROR_PARKED}


class Watcher:
    """Watches one mailbox folder until `stopping` is set."""

    def __init__(
        self, app: App, business: BusinessKey, rules: MailboxRules, stopping: threading.Event
    ) -> None:
        self._app = app
        self._business = business
        self._rules = rules
        self._stopping = stopping
        self._holder = new_id("watch")
        self._lease_ends = 0.0
        self._read_to: datetime | None = None
        self._resting_s = SORTING_S
        self._failures = 0
        self._unsorted: dict[Spot, str] = {}
        self._mailbox: intake.Mailbox | None = None

    def run(self) -> None:
        """Go on until told to stop, whatever the mailbox does."""
        while not self._stopping.is_set():
            try:
                self._round()
                self._failures = 0
            except _TROUBLES as e:
                self._went_badly(e)
        self._close()

    def _round(self) -> None:
        if not self._holds_lease():
            self._stopping.wait(2.0)
            return
        mailbox = self._open()
        looked_at = self._app.now()
        took = self._take(mailbox)
        moved = self._file(mailbox) or took
        if not took:
            # What came before this look is read; what came while it lasted may not be.
            self._read_to = looked_at
        # Look again soon while mails are being sorted, and ever less often for one that is not.
        # Not at once: that would be a look at all of them for each that is done.
        self._resting_s = SORTING_S if moved else min(self._resting_s * 2, IDLE_S)
        if not took:
            mailbox.wait(self._resting_s if moved or self._unsorted else IDLE_S)

    def _take(self, mailbox: intake.Mailbox) -> bool:
        took = False
        known = frozenset(self._unsorted)
        for arrival in mailbox.arrivals(limit=BATCH, known=known):
            with self._app.transaction() as s:
                name, at = self._rules.name, self._app.now()
                mail = intake.receive(s, self._business, name, arrival, at=at)
            self._unsorted[arrival.spot] = mail.id
            took = True
        return took

    def _file(self, mailbox: intake.Mailbox) -> bool:
        filed = False
        if not self._unsorted:
            return filed
        with self._app.reading() as s:
            ends = intake.dispositions(s, self._business, list(self._unsorted.values()))
        for spot, mail_id in list(self._unsorted.items()):
            end = ends.get(mail_id)
            if end is not None:
                rules = self._rules
                mailbox.file(spot, rules.review if end in _TO_REVIEW else rules.processed)
                del self._unsorted[spot]
                filed = True
        return filed

    def _holds_lease(self) -> bool:
        if time.monotonic() < self._lease_ends:
            return True
        with self._app.transaction() as s:
            name, at = self._rules.name, self._app.now()
            holds = intake.watch(s, self._business, name, holder=self._holder, at=at)
            # To hold the lease is not to have read: a wrong password must raise its alarm one day.
            if holds and self._read_to is not None:
                intake.went_well(s, self._business, name, at=self._read_to)
        if holds:
            self._lease_ends = time.monotonic() + RENEW_LEASE_S
        return holds

    def _open(self) -> intake.Mailbox:
        if self._mailbox is None:
            self._mailbox = self._app.mailbox(self._business, self._rules)
        return self._mailbox

    def _went_badly(self, error: Exception) -> None:
        self._failures += 1
        self._read_to = None
        self._close()
        log.warning("Mailbox %s/%s: %s", self._business, self._rules.name, error)
        try:
            self._write_down(str(error))
        except _TROUBLES as e:
            log.warning("That cannot be written down either: %s", type(e).__name__)
        backoff_s = min(2.0 ** min(self._failures, 6), LONGEST_BACKOFF_S)
        self._stopping.wait(backoff_s * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, no secret

    def _write_down(self, problem: str) -> None:
        with self._app.transaction() as s:
            name, at = self._rules.name, self._app.now()
            lasted = intake.went_badly(s, self._business, name, problem, at=at)
            if lasted >= ALARM_AFTER:
                review.ask(s, self._business, _alarm(name, problem), at=at)

    def let_go(self) -> None:
        """Give up the lease, so that another watcher need not wait for its end."""
        with self._app.transaction() as s:
            intake.let_go(s, self._business, self._rules.name, holder=self._holder)

    def _close(self) -> None:
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None


def _alarm(mailbox: str, problem: str) -> review.Question:
    return review.Question(
        kind="mailbox_unreachable",
        subject=mailbox,
        text=f"Mailbox {mailbox} has not been read for 15 minutes: {problem}",
        choices=["tillmail doctor"],
    )


def watch_all(app: App, stopping: threading.Event) -> None:
    """Watch every mailbox of every business until told to stop.

    The threads may be waiting for mail far longer than a stop may take; they are left behind, which
    loses nothing, and their leases are given up for them.
    """
    watchers = [
        Watcher(app, business, rules, stopping)
        for business in app.businesses()
        for rules in app.rules(business).mailboxes
    ]
    threads = [threading.Thread(target=watcher.run, daemon=True) for watcher in watchers]
    for thread in threads:
        thread.start()
    stopping.wait()
    for thread in threads:
        thread.join(timeout=STOP_S)
    for watcher in watchers:
        watcher.let_go()
