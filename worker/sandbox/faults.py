"""Faults on demand: what the network and Stripe may do to us, one entry per trouble.

A fault is asked for at `/_sandbox/faults` and used up after `times` requests (or events) that match
`on`: `POST /v1/checkout/sessions`, with `*` for one part of a path; `webhook <event type>`; or
`card <whose>` and `debit <whose>`, for what the payer's bank says next, where whose is the id of a
payment method or customer, a number, a fingerprint, or `*`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from worker.sandbox.accounts import failure
from worker.sandbox.declines import decline

# Before the endpoint begins: nothing happens at Stripe.
BEFORE = (
    "drop_before",
    "refuse",
    "error_429",
    "lock_timeout",
    "error_409",
    "key_in_use",
    "error_500_before",
)
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
ON_CARD = ("decline", "ask", "pay")
ON_DEBIT = ("fail",)
_MOST = 1_000


@dataclass(slots=True)
class Fault:
    """One trouble; `times` is how often it still strikes, after `skip` that pass unharmed. The
    codes are those of a card's decline; `reason` is a debit's."""

    on: str
    do: str
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    copies: int = 2
    decline_code: str = "generic_decline"
    advice_code: str | None = None
    network_decline_code: str | None = None
    network_advice_code: str | None = None
    reason: str = "insufficient_funds"

    def __post_init__(self) -> None:
        possible = _possible(self.on)
        if self.do not in possible:
            raise ValueError(f"{self.do!r} is not one of {', '.join(possible)}.")
        if self.do == "decline":
            decline(self.decline_code).advised(self.advice_code, None, None)
        if self.do == "fail":
            failure(self.reason)


def _possible(on: str) -> tuple[str, ...]:
    return {"webhook": ON_WEBHOOK, "card": ON_CARD, "debit": ON_DEBIT}.get(
        on.partition(" ")[0], ON_REQUEST
    )


class Faults:
    """The troubles that are still to come. They are not kept over a restart."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, entry: dict[str, Any]) -> Fault:
        """Raises ValueError, with what is possible, for an entry that makes no sense."""
        try:
            fault = Fault(**entry)
        except TypeError as e:
            names = ", ".join(field.name for field in fields(Fault))
            raise ValueError(f"A fault has {names}: {e}") from e
        if len(self._waiting) >= _MOST:
            raise ValueError(f"{_MOST} faults are waiting: call some off first.")
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        self._waiting.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]

    def strike(self, *names: str) -> Fault | None:
        """The trouble that strikes what has these names, if one does; it is counted."""
        for fault in self._waiting:
            if not any(_matches(fault.on, name) for name in names):
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
