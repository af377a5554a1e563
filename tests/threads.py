"""Work on a thread of its own, for tests that start an event loop.

The browser that tests share keeps one running on their thread from its first page on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Answer = TypeVar("_Answer")


def elsewhere(work: Callable[[], _Answer]) -> _Answer:
    """What the work gives, or raises."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
