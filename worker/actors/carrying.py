"""Carrying on: a thread that has run a job goes on with what follows from it.

Most of an invoice's way is one thing after the other. So the transaction that ends a job also
starts the next and reads what that one needs: it saves a message, a transaction and reading the
same rows again. Nothing depends on it: a job that is carried on is a row like any other, committed
with what brought it forth. If this process dies, its lease passes and the relay sends it.
"""

from __future__ import annotations

import threading

from worker.actors.shapes import acts_outside, run_begun, run_job
from worker.app import App
from worker.store.outbox import Slip

# After so many the thread looks at the queue again: others wait there.
JOBS_IN_A_ROW = 4


class Carrier:
    """Runs jobs and what follows from them. Give it to any number of threads.

    A server that hangs holds its caller for minutes, so no more than `calls` threads at once carry
    on with a job that acts outside; the queue has threads for the rest of them.
    """

    def __init__(self, app: App, *, calls: int) -> None:
        self._app = app
        self._calls = threading.BoundedSemaphore(calls)

    def run(self, slip: Slip) -> None:
        """Run a job, then the first of what it brings forth, and so on; the queue has the rest."""
        chain = _Chain(self._calls)
        try:
            following = run_job(self._app, slip, chain.may_begin)
            while following is not None:
                following = run_begun(self._app, following, chain.may_begin)
        finally:
            chain.end()


class _Chain:
    """What one thread may carry on with."""

    def __init__(self, calls: threading.Semaphore) -> None:
        self._calls = calls
        self._may_call = False
        self._left = JOBS_IN_A_ROW - 1

    def may_begin(self, actor: str) -> bool:
        """Whether the next job may be this actor's; then it counts."""
        if self._left == 0 or not self._may_run(actor):
            return False
        self._left -= 1
        return True

    def end(self) -> None:
        """Let others call."""
        if self._may_call:
            self._calls.release()

    def _may_run(self, actor: str) -> bool:
        if acts_outside(actor) and not self._may_call:
            self._may_call = self._calls.acquire(blocking=False)
        return self._may_call or not acts_outside(actor)
