"""What delivery needs from outside: a press for emails and a way to hand a message over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

# RFC 3463: no such mailbox, no such host, no address, moved away, shut down; RFC 7505: no mail.
_ADDRESS_IS_DEAD = re.compile(r"\d{3}[ -]5\.(?:1\.(?:[1236]|10)|2\.1)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class EmailOrder:
    """One email's words. `template` is a folder under `templates/email/`; `context` is JSON."""

    template: str
    template_dir: str
    set_hash: str
    language: str
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EmailWords:
    """What a template gives: one line of subject, HTML with inline styles, and plain text."""

    subject: str
    html: str
    text: str


class EmailPress(Protocol):
    """Renders email templates in a child process; errors as `documents.ports.Press`."""

    def compose(self, order: EmailOrder) -> EmailWords:
        """The words of one email."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A finished message: its bytes never change after `sign`, so a resend is the same mail."""

    envelope_from: str
    recipient: str
    message_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took the message; `reply` is its last line, or where the file was written."""

    reply: str


class Rejected(Exception):
    """The server said no for this recipient for good (5xx). Not a fault of ours: a fact."""

    def __init__(self, reply: str, *, code: int) -> None:
        super().__init__(reply)
        self.reply = reply
        self.code = code

    @property
    def is_address_dead(self) -> bool:
        """Whether it says that nobody is there; a mail that is refused for its size, its words or
        our own reputation says nothing about the address."""
        return _ADDRESS_IS_DEAD.match(self.reply) is not None


class Transport(Protocol):
    """Hands one message for one recipient over; one total deadline of 120 s, connections reused.

    Raises TransientError (4xx, refused, dropped before the final dot, or our sign-in was refused),
    Rejected (5xx, or the server cannot take such a message at all), and OutcomeUnknown when the
    connection broke after the final dot and before the answer. `retry_after_s` is a hint. Used by
    any number of threads.
    """

    def send(self, message: Outgoing) -> Accepted:
        """The server's acceptance."""
        ...

    def check(self) -> None:
        """Raises what `send` would raise before any message: no server, no sign-in, no folder."""
        ...

    def close(self) -> None:
        """Let go of every connection; never raises."""
        ...


class Signer(Protocol):
    """Signs a message with DKIM; without a key it gives the bytes back unchanged."""

    def sign(self, content: bytes) -> bytes:
        """The message with its signature header in front."""
        ...
