"""Faults on demand: what the network and Stripe may do to us, one entry per trouble.

A fault is asked for at `/_sandbox/faults` and used up after `times` requests (or events) that match
`on`: `POST /v1/checkout/sessions`, with `*` for one part of a path, or `webhook <event type>`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

# Before the endpoint begins: nothing happens at Stripe.
BEFORE = ("drop_before", "error_429", "error_409", "error_500_before")
# The work is done and kept; only the answer is lost or late.
AFTER = ("commit_then_drop", "commit_then_500", "commit_then_hang", "commit_then_trickle")
ON_REQUEST = (*BEFORE, *AFTER, "delay")
ON_WEBHOOK = (
    "omit",
    "duplicate",
    "delay",
    "reorder",
    "sign_badly",
    "sign_stale",
)


@dataclass(slots=True)
class Fault:
    """One trouble; `times` is how often it still strikes, after `skip` that pass unharmed."""

    on: str
    do: str
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    copies: int = 2


class Faults:
    """The troubles that are still to come. They are not kept over a restart."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, entry: dict[str, Any]) -> Fault:
        """Raises ValueError, with what is possible, for an entry that makes no sense."""
        try:
            fault = Fault(**entry)
        except TypeError as e:
            raise ValueError(f"A fault has on, do, times, skip, seconds and copies: {e}") from e
        possible = ON_WEBHOOK if fault.on.startswith("webhook ") else ON_REQUEST
        if fault.do not in possible:
            raise ValueError(f"{fault.do!r} is not one of {', '.join(possible)}.")
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        self._waiting.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]

    def strike(self, what: str) -> Fault | None:
        """The trouble that strikes this request or event, if one does; it is counted."""
        for fault in self._waiting:
            if not _matches(fault.on, what):
                continue
            if fault.skip:
                fault.skip -= 1
                return None
            fault.times -= 1
            if fault.times < 1:
                self._waiting.remove(fault)
            return fault
        return None


def _matches(pattern: str, what: str) -> bool:
    wanted, given = pattern.split("/"), what.split("/")
    return len(wanted) == len(given) and all(
        fnmatchcase(g, w) for w, g in zip(wanted, given, strict=True)
    )
