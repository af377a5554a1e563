"""The headers that a mail's treatment depends on: who, to whom, when, in which thread."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from worker.kernel import mail
from worker.readers import languages
from worker.readers.addresses import mailboxes, name_of
from worker.readers.authentication import authentication
from worker.readers.automatic import automatic_because
from worker.readers.headers import Headers
from worker.readers.mime import Entity
from worker.readers.model import Envelope, Mailbox

REFERENCES_MAX = 100
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,500}>")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\n(?![ \t])")
_DELIVERED = ("delivered-to", "x-original-to", "x-delivered-to", "envelope-to", "x-envelope-to")
_PLUS_TAG = re.compile(r"\+[A-Za-z0-9_.=-]{8,}@")


def envelope(root: Entity, body: str, problems: tuple[str, ...] = ()) -> Envelope:
    """The envelope of a mail whose text is already known."""
    headers = root.headers
    sender, problem = _sender(headers)
    to, cc = _list(headers, "to"), _list(headers, "cc")
    because = automatic_because(root)
    return Envelope(
        sender=sender,
        sender_problem=problem,
        to=to,
        cc=cc,
        delivered_to=_delivered_to(headers, (*to, *cc)),
        subject=headers.text("subject")[:1000],
        date=date_of(headers.first("date")),
        message_id=next(iter(_ids(headers, "message-id")), None),
        in_reply_to=_ids(headers, "in-reply-to"),
        references=_ids(headers, "references"),
        authentication=authentication(headers),
        is_automatic=because is not None,
        automatic_because=because,
        problems=problems,
        body=body,
        language=languages.language_of(body),
    )


def _sender(headers: Headers) -> tuple[Mailbox | None, str | None]:
    """The one mailbox in the one From field, or why there is none."""
    fields = [value for name, value in headers.fields if name == "from"]
    if len(fields) != 1:
        return None, "The mail has no From." if not fields else "The mail has more than one From."
    if _CONTROL.search(fields[0]):
        return None, "The From field holds a control character."
    try:
        value = mail.unfolded(fields[0].decode("utf-8"))
        name, address = mail.mailbox(value)
    except UnicodeDecodeError:
        return None, "The From field is not in a readable encoding."
    except mail.NotAnAddress as problem:
        return None, f"The From field is ambiguous. {problem}"
    shown = name_of(name)
    # A name that looks like an address would be taken for the sender by whoever reads it.
    return Mailbox(name=None if shown and "@" in shown else shown, address=str(address)), None


def _list(headers: Headers, name: str) -> tuple[Mailbox, ...]:
    return tuple(box for value in headers.all(name) for box in mailboxes(value))


def _delivered_to(headers: Headers, named: tuple[Mailbox, ...]) -> tuple[str, ...]:
    """Where the mail arrived: what the servers noted, then addressees that carry a token."""
    noted = [box.address for name in _DELIVERED for box in _list(headers, name)]
    tokens = [box.address for box in named if _PLUS_TAG.search(box.address)]
    return tuple(dict.fromkeys(address for address in [*noted, *tokens] if address))


def _ids(headers: Headers, name: str) -> tuple[str, ...]:
    found = _MESSAGE_ID.findall(headers.first(name))
    return tuple(dict.fromkeys(found[-REFERENCES_MAX:]))


def date_of(value: str) -> str | None:
    """The instant as ISO 8601 with its offset; None where it is absent or absurd."""
    if len(value) > 200 or not re.search(r"\b(?:19|20)\d\d\b", value):
        return None  # the standard library would read the year 1 as 2001
    try:
        at = parsedate_to_datetime(value)
        if at.tzinfo is None:
            # "-0000" means UTC with an unknown zone (RFC 5322, 3.3).
            at = at.replace(tzinfo=UTC)
        at.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return at.isoformat() if 1990 <= at.year <= 2100 else None
