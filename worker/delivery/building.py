"""Building the message of a notice: the same notice always gives the same message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime

from worker.businesses import Rules
from worker.delivery import mime
from worker.delivery.addressing import envelope_from, reply_to
from worker.delivery.model import Notice
from worker.delivery.ports import EmailWords, Outgoing, Signer
from worker.kernel.errors import PermanentError
from worker.kernel.mail import Address


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes along. With `content_id` it is shown inside the mail (the logo)."""

    name: str
    media_type: str
    content: bytes
    content_id: str | None = None


def build(
    notice: Notice,
    words: EmailWords,
    rules: Rules,
    enclosures: Sequence[Enclosure],
    *,
    secret: bytes,
) -> Outgoing:
    """The message, ready to be signed. Raises PermanentError when it is larger than goes out."""
    content = mime.message(_headers(notice, words, rules, secret), _body(notice, words, enclosures))
    limit = rules.mail.max_size_mb * 1_000_000
    if len(content) > limit:
        raise PermanentError(
            f"Notice {notice.id} would be {len(content) / 1e6:.0f} MB, above the limit of "
            f"{rules.mail.max_size_mb} MB (mail.max_size_mb in the business's file)."
        )
    sender = envelope_from(notice.id, rules.mail, secret)
    return Outgoing(sender, notice.recipient, notice.message_id, content)


def signed(message: Outgoing, signer: Signer) -> Outgoing:
    """The message with its DKIM signature."""
    return replace(message, content=signer.sign(message.content))


def _headers(notice: Notice, words: EmailWords, rules: Rules, secret: bytes) -> Iterator[bytes]:
    # Exchange treats a From name with ":" as a missing From header and junks the mail.
    name = (rules.mail.from_name or rules.name).replace(":", " ")
    yield mime.mailbox("From", " ".join(name.split()), Address.parse(rules.mail.from_address))
    yield mime.field("To", str(Address.parse(notice.recipient)))
    reply = reply_to(notice.id, rules.mail, secret)
    if reply is not None:
        yield mime.field("Reply-To", reply)
    yield mime.words("Subject", words.subject)
    yield mime.field("Date", format_datetime(notice.queued_at))
    yield mime.field("Message-ID", notice.message_id)
    is_answer = notice.kind == "answer"
    yield mime.field("Auto-Submitted", "auto-replied" if is_answer else "auto-generated")
    if is_answer and notice.context["in_reply_to"]:
        yield mime.field("In-Reply-To", notice.context["in_reply_to"])
        yield mime.field("References", notice.context["in_reply_to"])
    yield mime.field("X-Auto-Response-Suppress", "OOF, AutoReply")
    yield mime.field("Content-Language", notice.language)


def _body(notice: Notice, words: EmailWords, enclosures: Sequence[Enclosure]) -> bytes:
    # Boundaries of our own: a resend must be the same bytes.
    mark = f"=_{notice.message_id.strip('<>').partition('@')[0]}"
    html = mime.text("html", words.html)
    shown = [_file(file) for file in enclosures if file.content_id is not None]
    if shown:
        html = mime.several("related", f"{mark}_2", [html, *shown], root="text/html")
    both = mime.several("alternative", f"{mark}_1", [mime.text("plain", words.text), html])
    attached = [_file(file) for file in enclosures if file.content_id is None]
    return mime.several("mixed", f"{mark}_0", [both, *attached]) if attached else both


def _file(file: Enclosure) -> bytes:
    return mime.file(file.media_type, file.name, file.content, content_id=file.content_id)
