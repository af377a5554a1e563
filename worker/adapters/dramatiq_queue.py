"""The queue on dramatiq and Redis: it carries tickets, and nothing depends on it but time.

dramatiq delivers at least once, and forgets everything when Redis is emptied. So messages hold ids
only, retries are off, and the outbox decides what runs (DESIGN 5.8). `maintenance_chance` and the
heartbeat bring a killed worker's messages back within seconds; at dramatiq's defaults it takes
minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, ShutdownNotifications, TimeLimit

from worker.kernel.errors import TransientError
from worker.kernel.ids import BusinessKey, JobId
from worker.store.outbox import Slip

log = logging.getLogger(__name__)

TIME_LIMIT_MS = 10 * 60 * 1000
# Each queue is polled on its own, many times a second, so there are few. Calls have theirs, and
# threads with it: a mail server that hangs must not keep mails from being read.
_JOBS, _CALLS, _SWEEPS = "jobs", "calls", "sweeps"
# A tick that nobody took in a minute is worth nothing: the next one asks for the same.
_OPTIONS: dict[str, dict[str, int]] = {_JOBS: {}, _CALLS: {}, _SWEEPS: {"max_age": 60_000}}


class _Broker(RedisBroker):
    """A broker that delays nothing: when something is due is the outbox's to say."""

    def get_declared_delay_queues(self) -> set[str]:
        """None; each would be polled as often as a queue in use."""
        return set()


class DramatiqQueue:
    """Hands out jobs. `url` is Redis's; `calls` are the actors that wait for others' servers."""

    def __init__(
        self, url: str, *, heartbeat_s: int = 15, calls: frozenset[str] = frozenset()
    ) -> None:
        self._calls = calls
        self._broker = _Broker(  # type: ignore[no-untyped-call]  # dramatiq's own gap
            url=url,
            middleware=[AgeLimit(), TimeLimit(time_limit=TIME_LIMIT_MS), ShutdownNotifications()],
            maintenance_chance=1_000_000,
            heartbeat_timeout=heartbeat_s * 1000,
        )
        self._workers: list[dramatiq.Worker] = []

    def push(self, slips: Iterable[Slip]) -> None:
        """Send jobs to whichever worker is free. Raises TransientError when Redis is away."""
        for slip in slips:
            ids = (slip.business, slip.job, slip.ticket, slip.subject)
            self._send(self._queue_of(slip.actor), slip.actor, ids)

    def tick(self, sweep: str) -> None:
        """Have a sweep run once, soon. Raises TransientError when Redis is away."""
        self._send(_SWEEPS, sweep, ())

    def work(
        self,
        runs: Mapping[str, Callable[[Slip], None]],
        sweeps: Mapping[str, Callable[[], None]],
        *,
        threads: int,
    ) -> None:
        """Start running jobs in threads of this process; returns at once.

        `runs` and `sweeps` are what a worker can do, by name. As many threads again take calls.
        """
        for name, run in runs.items():
            self._declare(name, self._queue_of(name), _taking_slips(name, run))
        for name, sweep in sweeps.items():
            self._declare(name, _SWEEPS, sweep)
        for queues in ({_JOBS, _SWEEPS}, {_CALLS}):
            # The long-poll inside a fetch makes an idle worker hear of new jobs sooner.
            worker = dramatiq.Worker(
                self._broker, queues=queues, worker_threads=threads, worker_timeout=250
            )
            worker.start()
            self._workers.append(worker)

    def stop(self, *, timeout_s: float = 30.0) -> None:
        """Take no more jobs, let the running ones end, close the connections."""
        while self._workers:
            self._workers.pop().stop(timeout=int(timeout_s * 1000))
        self._broker.close()
        self._broker.client.close()

    def check(self) -> None:
        """Raises TransientError unless Redis answers."""
        try:
            self._broker.client.ping()
        except redis.RedisError as e:
            raise TransientError(f"The queue does not answer: {e}") from e

    def _queue_of(self, actor: str) -> str:
        return _CALLS if actor in self._calls else _JOBS

    def _declare(self, name: str, queue: str, run: Callable[..., None]) -> None:
        actor = dramatiq.Actor(
            run, broker=self._broker, actor_name=name, queue_name=queue, priority=0, options={}
        )
        self._broker.declare_queue(queue)
        self._broker.declare_actor(actor)

    def _send(self, queue: str, actor: str, args: tuple[str, ...]) -> None:
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue, actor_name=actor, args=args, kwargs={}, options=_OPTIONS[queue]
        )
        try:
            self._broker.declare_queue(queue)
            self._broker.enqueue(message)
        except (redis.RedisError, dramatiq.errors.BrokerError, OSError) as e:
            raise TransientError(f"The queue does not take jobs: {e}") from e


def _taking_slips(name: str, run: Callable[[Slip], None]) -> Callable[..., None]:
    def take(business: str, job: str, ticket: str, subject: str) -> None:
        run(Slip(BusinessKey(business), JobId(job), ticket, name, subject))

    return take
