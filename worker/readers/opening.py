"""A mail opened: its envelope, the text a person reads, and its parts with their bytes.

Never raises, whatever the bytes are. What makes a mail doubtful (parts that can be read in two
ways, limits) stands in `problems`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from worker.readers import charsets, html_text, mime, sniffing
from worker.readers.envelope import envelope
from worker.readers.headers import Headers, decoded, one_line, parameters, parse
from worker.readers.mime import Entity
from worker.readers.model import Envelope, Part

BODY_MAX_CHARACTERS = 400_000

_FIELD_NAMES = (
    "from to cc subject date received return-path message-id mime-version delivered-to reply-to "
    "content-type x-original-to sender in-reply-to references resent-from envelope-to"
)
_MAIL_FIELDS = frozenset(_FIELD_NAMES.split())
_INEXACT = "The text's character set is unknown or wrong; letters may be missing."
_FIRST_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")


@dataclass(frozen=True, slots=True)
class Message:
    """A mail within a mail: its text and headers, for forwards and returned messages."""

    root: Entity
    body: str


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """What a mail holds. `parts` are its leaves, those of mails inside it included.

    `problems` make the mail itself doubtful, `unreadable` says which parts nobody here can open,
    `warnings` is what a reader of the text should know.
    """

    envelope: Envelope
    parts: tuple[tuple[Part, bytes], ...] = ()
    is_mail: bool = False
    warnings: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    root: Entity | None = None
    messages: tuple[Message, ...] = field(default=())

    @property
    def body(self) -> str:
        return self.envelope.body

    @property
    def problems(self) -> tuple[str, ...]:
        return self.envelope.problems

    @property
    def headers(self) -> Headers:
        return self.root.headers if self.root else Headers()


def is_mail(data: bytes) -> bool:
    """Whether the bytes begin with header fields of which one is a mail's."""
    data = data[mime.MBOX_LINE.match(data).end() :]  # type: ignore[union-attr]  # always matches
    if not _FIRST_LINE.match(data):
        return False
    block = data[: 64 * 1024].replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[0]
    return any(name in _MAIL_FIELDS for name, _ in parse(block).fields)


def open_mail(data: bytes) -> OpenedMail:
    """The mail that these bytes are; `is_mail` is False where they are none."""
    if not is_mail(data):
        return OpenedMail(Envelope())
    tree = mime.read(data)
    body, is_exact = _text(tree.root)
    parts = tuple(_part(index, leaf) for index, leaf in enumerate(tree.root.leaves()))
    has_attachments = any(part.is_attachment for part, _ in parts)
    problems = [*tree.problems, *(tree.defects if has_attachments else ())]
    return OpenedMail(
        envelope=envelope(tree.root, body, tuple(dict.fromkeys(problems))),
        parts=parts,
        is_mail=True,
        warnings=() if is_exact else (_INEXACT,),
        unreadable=tuple(_unreadable(part) for part, _ in parts if _is_unreadable(part)),
        root=tree.root,
        messages=tuple(_messages(tree.root)),
    )


def _is_unreadable(part: Part) -> bool:
    return part.media_type in sniffing.UNREADABLE


def _unreadable(part: Part) -> str:
    name = part.name or f"Part {part.index + 1}"
    return f"{name} cannot be read. {sniffing.UNREADABLE[part.media_type]}"


def _messages(root: Entity) -> list[Message]:
    """The mails directly inside this one, in order."""
    found: list[Message] = []
    waiting = [root]
    while waiting:
        entity = waiting.pop()
        if entity.is_message and entity.children:
            inner = entity.children[0]
            found.append(Message(inner, _text(inner)[0]))
        else:
            waiting.extend(reversed(entity.children))
    return found


def _part(index: int, leaf: Entity) -> tuple[Part, bytes]:
    data = leaf.content()
    name = file_name(leaf)
    found = sniffing.media_type(data, leaf.media_type)
    part = Part(
        index=index,
        media_type=found,
        name=name,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        is_attachment=_is_attachment(leaf, found, name),
    )
    return part, data


def _disposition(leaf: Entity) -> str:
    return leaf.headers.first("content-disposition").partition(";")[0].strip().lower()


def _is_attachment(leaf: Entity, media_type: str, name: str | None) -> bool:
    if _disposition(leaf) == "attachment" or leaf.level > 0:
        return True
    if media_type.startswith("image/") and leaf.headers.has("content-id"):
        return False
    is_prose = media_type in ("text/plain", "text/html")
    return name is not None or not (is_prose or media_type.startswith("multipart/"))


def file_name(leaf: Entity) -> str | None:
    """The name to show for a part."""
    given = parameters(leaf.headers.first("content-disposition")).get("filename")
    given = given or leaf.content_type.parameters.get("name")
    return sniffing.display_name(decoded(given)) if given else None


def _text(root: Entity) -> tuple[str, bool]:
    """The text a person reads, and whether all of it could be decoded as declared."""
    texts: list[str] = []
    is_exact = True
    for leaf in _prose(root):
        text, good = charsets.decode(leaf.content(), leaf.content_type.parameters.get("charset"))
        is_exact = is_exact and good
        if leaf.media_type == "text/html":
            text = html_text.text_of(text)
        elif leaf.content_type.parameters.get("format", "").lower() == "flowed":
            delsp = leaf.content_type.parameters.get("delsp", "").lower() == "yes"
            text = unflowed(text, delsp=delsp)
        if text.strip():
            texts.append(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", ""))
    return "\n".join(texts)[:BODY_MAX_CHARACTERS], is_exact


def _prose(entity: Entity) -> list[Entity]:
    """The text leaves that are the mail's own words: of alternatives, the plain one."""
    if entity.is_message:
        return []
    if not entity.children:
        is_text = entity.media_type in ("text/plain", "text/html") or (
            # What claims to be a multipart and shows no part is at least its own text.
            entity.content_type.is_multipart and bool(entity.body.strip())
        )
        named = file_name(entity) is not None or _disposition(entity) == "attachment"
        return [entity] if is_text and not named else []
    branches = [found for child in entity.children if (found := _prose(child))]
    if entity.media_type == "multipart/alternative":
        plain = [branch for branch in branches if _says_something(branch)]
        return next(iter(plain), branches[-1] if branches else [])
    return [leaf for branch in branches for leaf in branch]


def _says_something(branch: list[Entity]) -> bool:
    return any(leaf.media_type == "text/plain" and leaf.content().strip() for leaf in branch)


def unflowed(text: str, *, delsp: bool) -> str:
    """Paragraphs of format=flowed text on one line each (RFC 3676, section 4)."""
    out: list[str] = []
    open_depth = -1
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        if open_depth == depth and out:
            out[-1] += words
        else:
            out.append(">" * depth + (" " if depth else "") + words)
        is_soft = words.endswith(" ") and words != "-- "
        if is_soft and delsp:
            out[-1] = out[-1][:-1]
        open_depth = depth if is_soft else -1
    return "\n".join(out)


def subject_of(message: Message) -> str:
    """The subject of a mail inside a mail, on one line."""
    return one_line(decoded(message.root.headers.first("subject")))
