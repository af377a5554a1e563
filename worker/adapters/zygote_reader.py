"""intake.ports.Reader on a pool of reader children (DESIGN 5.10)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from worker.adapters.zygote import Limits, Pool, Trade
from worker.adapters.zygote_frames import Frame
from worker.adapters.zygote_isolation import Isolation
from worker.kernel.errors import PermanentError
from worker.readers import NO_HINTS, Examined, Hints

# OCR of a scan starts tesseract, so readers may start processes; nothing else may.
_TRADE = Trade("reader", "worker.adapters.reader_child", may_start_processes=True)


class ZygoteReader:
    """Reads untrusted bytes in child processes with limits, no network and no secrets.

    `start` it early, before the process has threads; it warms up on its own while you go on.
    """

    def __init__(self, *, size: int = 2, limits: Limits | None = None) -> None:
        self._pool = Pool(_TRADE, size=size, limits=limits or Limits())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Exec the zygote and come back at once."""
        self._pool.start()

    def close(self) -> None:
        """End the zygote and its children."""
        self._pool.close()

    @property
    def isolation(self) -> Isolation:
        """What the children are shut in by; the caller decides whether that is enough."""
        return self._pool.isolation

    def examine(self, data: bytes, hints: Hints = NO_HINTS) -> Examined:
        """What the bytes are and say; PermanentError when they kill, hang or flood the child."""
        examined, _ = self._ask("examine", data, hints)
        return examined

    def take_apart(self, data: bytes, hints: Hints = NO_HINTS) -> tuple[Examined, dict[int, bytes]]:
        """The same, and the parts that carry its invoices, decoded, by their index."""
        return self._ask("take_apart", data, hints)

    def examine_many(
        self, sources: Iterable[bytes], hints: Hints = NO_HINTS
    ) -> Iterator[Examined | PermanentError]:
        """What each of many files says, in their order, all children at work.

        `sources` is taken lazily, a few files ahead, so thousands of them need little memory.
        """
        ahead = 2 * self._pool.size
        waiting: deque[Future[Examined | PermanentError]] = deque()
        with ThreadPoolExecutor(self._pool.size, thread_name_prefix="reader") as threads:
            for data in sources:
                waiting.append(threads.submit(self._examine_or_say_why, data, hints))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _ask(self, op: str, data: bytes, hints: Hints) -> tuple[Examined, dict[int, bytes]]:
        head = {"op": op, "hints": hints.model_dump(mode="json", exclude_defaults=True)}
        answer = self._pool.call(Frame(head, (data,)))
        try:
            examined = Examined.model_validate_json(answer.blobs[0])
            parts = dict(zip(map(int, answer.head["parts"]), answer.blobs[1:], strict=True))
        except (ValueError, TypeError, LookupError) as error:
            raise PermanentError("Set aside: the reader child's answer is none.") from error
        return examined, parts

    def _examine_or_say_why(self, data: bytes, hints: Hints) -> Examined | PermanentError:
        try:
            return self.examine(data, hints)
        except PermanentError as error:
            return error
