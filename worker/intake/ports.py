"""What intake needs from outside: a mailbox to take mail from, and a reader of untrusted bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from worker.readers import NO_HINTS, Examined, Hints


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a mail lies: a folder's epoch and the number in it. Stable while the epoch lasts.

    IMAP: UIDVALIDITY and UID. Maildir: epoch 0 and the file's unique name.
    """

    folder: str
    epoch: str
    uid: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that lies in the mailbox. `raw` is None when it is larger than may be fetched."""

    spot: Spot
    size_bytes: int
    arrived_at: datetime
    raw: bytes | None
    headers: bytes = b""


class Mailbox(Protocol):
    """One folder of one mail account. Used by one thread.

    Every method may raise TransientError (the server went away: call again after a while, it
    connects anew) or PermanentError (wrong password, no such folder). All deadlines are inside: no
    call waits longer than 60 s for an answer, except `wait`.
    """

    def arrivals(self, *, limit: int, known: Collection[Spot] = ()) -> Iterator[Arrival]:
        """Mails now in the folder, oldest first, at most `limit`; fetched without marking them.

        Those at `known` spots were taken in before and wait to be filed: they are passed over. Each
        is fetched when it is asked for, so the same errors may come from every step.
        """
        ...

    def file(self, spot: Spot, folder: str) -> None:
        """Move the mail to `folder` (made if missing). Doing it again is no error.

        A spot of another epoch moves nothing: its number may belong to another mail by now.
        """
        ...

    def wait(self, timeout_s: float) -> None:
        """Return when there may be a mail that the last `arrivals` did not offer, or in a while.

        The while is `timeout_s`, or less where new mail can only be polled for.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; never raises."""
        ...


class Reader(Protocol):
    """Reads untrusted bytes in a child process with limits, no network and no secrets.

    Raises PermanentError when the input kills, hangs or floods the child (quarantine it), and
    TransientError when no child could be had. Calling it again is harmless.
    """

    def examine(self, data: bytes, hints: Hints = NO_HINTS) -> Examined:
        """What the bytes are and say, read with what the business says of its own papers."""
        ...

    def take_apart(self, data: bytes, hints: Hints = NO_HINTS) -> tuple[Examined, dict[int, bytes]]:
        """The same, and the parts that carry its invoices, decoded, by their index."""
        ...
