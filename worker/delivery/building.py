"""Building the message of a notice: the same notice always gives the same message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import cast

from worker.businesses import Rules
from worker.delivery.addressing import envelope_from, reply_to
from worker.delivery.model import Notice
from worker.delivery.ports import EmailWords, Outgoing, Signer
from worker.kernel.errors import PermanentError
from worker.kernel.mail import Address, header_safe

# Long lines are base64 or quoted-printable by then; a folded Message-ID is refused by some hosts.
_POLICY = SMTP.clone(max_line_length=200)


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
    message = EmailMessage(policy=_POLICY)
    _address(message, notice, rules, secret)
    message["Subject"] = header_safe(words.subject)
    message["Date"] = format_datetime(notice.queued_at)
    message["Message-ID"] = notice.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message["Content-Language"] = notice.language
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="base64")
    _enclose(message, enclosures)
    _fix_boundaries(message, notice)
    content = message.as_bytes()
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


def _address(message: EmailMessage, notice: Notice, rules: Rules, secret: bytes) -> None:
    # Exchange treats a From name with ":" as a missing From header and junks the mail.
    name = header_safe((rules.mail.from_name or rules.name).replace(":", " "))
    sender = Address.parse(rules.mail.from_address)
    to = Address.parse(notice.recipient)
    message["From"] = HeaderAddress(name, sender.local, sender.domain)
    message["To"] = HeaderAddress(username=to.local, domain=to.domain)
    reply = reply_to(notice.id, rules.mail, secret)
    if reply is not None:
        message["Reply-To"] = reply


def _enclose(message: EmailMessage, enclosures: Sequence[Enclosure]) -> None:
    html = cast(EmailMessage, message.get_body(("html",)))
    for file in enclosures:
        main, _, sub = file.media_type.partition("/")
        if file.content_id is not None:
            cid = f"<{file.content_id}>"
            html.add_related(file.content, main, sub, cid=cid, filename=file.name)
        else:
            message.add_attachment(file.content, main, sub, filename=header_safe(file.name))


def _fix_boundaries(message: EmailMessage, notice: Notice) -> None:
    # The library draws random boundaries; these make a resend the same bytes.
    mark = notice.message_id.strip("<>").partition("@")[0]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{mark}_{number}")
