"""Carrying on: a thread that has run a job goes on with what follows from it.

Most of an invoice's way is one thing after the other, and each wait in the queue costs more than
the step itself. Nothing depends on it: the job that is carried on is leased to the queue like any
other, and starts and ends as if it had come from there. If this process dies, the relay sends it.
"""

from __future__ import annotations

import threading

from worker.actors.shapes import acts_outside, run_job
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
        """Run a job, then the first of what it brings forth, and so on; hand out the rest."""
        following = self._run(slip)
        for _ in range(JOBS_IN_A_ROW - 1):
            if not following:
                return
            first, rest = following[0], following[1:]
            self._app.nudge(rest)
            if not acts_outside(first):
                following = self._run(first)
            elif self._calls.acquire(blocking=False):
                try:
                    following = self._run(first)
                finally:
                    self._calls.release()
            else:
                following = [first]
                break
        self._app.nudge(following)

    def _run(self, slip: Slip) -> list[Slip]:
        following: list[Slip] = []
        run_job(self._app, slip, following.extend)
        return following
