"""Forwarded mails: the mail inside, and the forwarder's own words above it.

Works from what all mail programs share: a block of labelled lines (`From: …`, in whatever
language), perhaps under a line that says "forwarded". What is inside a forward is content; it says
nothing about who sent the mail that we received.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.readers.addresses import mailbox, mailboxes
from worker.readers.headers import one_line
from worker.readers.mail_words import (
    FORWARD_PREFIXES,
    FORWARDED_STEMS,
    LABELS,
    ORIGINAL_STEMS,
    REPLY_PREFIXES,
    WROTE_WORDS,
)
from worker.readers.model import Forwarded, Mailbox
from worker.readers.opening import Message, OpenedMail, subject_of

LINES_MAX = 20_000
LABEL_MAX_CHARACTERS = 40
ATTRIBUTION_MAX_CHARACTERS = 500
_ROLES = ("sender", "to", "cc", "date", "subject")

_ROLE_BY_LABEL = {
    label.casefold(): role
    for labels in LABELS.values()
    for role in _ROLES
    for label in getattr(labels, role).split("|")
}
# Plain text made from HTML marks bold labels with stars.
_AROUND_LABEL = " \t*_\xa0"
_RULE = re.compile(r"^\s*[-_=*–—]{3,}\s*$")
# `----- End forwarded message -----`: mutt, Yandex and others close what they opened.
_END = re.compile(
    r"\n[ \t]*[-=<8~*_ ]{3,60}(?:end (?:of )?(?:the )?(?:forward|original)|конец пересыл"
    r"|кінець пересил|ende der (?:weitergeleitet|urspr)|fin (?:du|de)l? mens?sa).{0,60}$",
    re.IGNORECASE,
)
_HIDDEN = re.compile("[\ufeff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069]")
_DASHES = re.compile(r"[-–—]{3,}")
_PREFIX = re.compile(r"^\s*([^\s:：\[\]()]{1,12})\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*")
_ATTRIBUTION = re.compile(
    r"[<\[]\s*(?:mailto:)?([^<>\[\]\s]{1,64}@[^<>\[\]\s]{1,255}?)\s*(?:<mailto:[^<>]*>)?\s*[>\]]"
)
_DATE_LIKE = re.compile(r"\d{1,4}\s*[./\-年]\s*\d{1,2}|\d{1,2}[:.]\d{2}")


@dataclass(frozen=True, slots=True)
class Block:
    """Labelled lines from `start` up to but without `end`, and where the separator begins."""

    values: Mapping[str, str]
    start: int
    end: int
    above: int
    is_said: bool = False
    is_original: bool = False
    rest: str = ""


@dataclass(slots=True)
class _Lines:
    """The text's lines and the same lines without their quote marks."""

    lines: list[str]
    bare: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bare = [re.sub(r"^\s*(?:>\s?)+", "", line) for line in self.lines]


def forwarded(opened: OpenedMail) -> Forwarded | None:
    """The mail inside this forward; None where it is no forward."""
    inline = inline_forward(opened.body, opened.envelope.subject)
    if inline is not None:
        return inline
    is_report = opened.root is not None and opened.root.media_type == "multipart/report"
    if opened.messages and not is_report:
        return _attached(opened.messages[0], opened.body)
    return None


def _attached(message: Message, note: str) -> Forwarded:
    headers = message.root.headers
    return Forwarded(
        sender=mailbox(headers.first("from")),
        to=tuple(box for value in headers.all("to") for box in mailboxes(value)),
        cc=tuple(box for value in headers.all("cc") for box in mailboxes(value)),
        subject=subject_of(message),
        date=one_line(headers.first("date")),
        body=message.body.strip(),
        note=note.strip(),
    )


def inline_forward(body: str, subject: str) -> Forwarded | None:
    """The forward written into a mail's text, as all mail programs do by default."""
    text = _Lines(_HIDDEN.sub("", body).split("\n")[:LINES_MAX])
    kind = subject_kind(subject)
    found = find_block(text.bare)
    if found is not None and _is_forward(found, kind):
        return _from_block(text, found, subject)
    if kind == "forward":
        return _from_attribution(text, subject)
    return None


def subject_kind(subject: str) -> str | None:
    """`forward`, `reply` or None, by the subject's first prefix."""
    match = _PREFIX.match(subject)
    word = match[1].casefold() if match else ""
    if word in FORWARD_PREFIXES:
        return "forward"
    return "reply" if word in REPLY_PREFIXES else None


def bare_subject(subject: str) -> str:
    """The subject without the prefixes that mail programs put before it."""
    match = _PREFIX.match(subject)
    while match and match[1].casefold() in FORWARD_PREFIXES | REPLY_PREFIXES:
        subject = subject[match.end() :]
        match = _PREFIX.match(subject)
    return subject.strip()


def _is_forward(block: Block, kind: str | None) -> bool:
    if block.is_said or kind == "forward":
        return True
    # Replies of the same programs carry the same block, without a word of forwarding.
    return kind is None and ("@" in block.values["sender"] or block.is_original)


def find_block(bare: list[str]) -> Block | None:
    """The first block of labelled lines that names a sender."""
    for at, line in enumerate(bare):
        glued = _glued(line, at)
        if glued is not None:
            return glued
        if role_of(line) is not None:
            block = _block_at(bare, at)
            if block is not None:
                return block
    return None


def role_of(line: str) -> str | None:
    """The role of a labelled line: sender, to, cc, date or subject."""
    return _labelled(line)[0]


def _labelled(line: str) -> tuple[str | None, str]:
    """The role of a labelled line and its value; no role for any other line."""
    head = line[: LABEL_MAX_CHARACTERS * 2].replace("：", ":")
    at = head.find(":")
    if at < 0:
        return None, ""
    label = head[:at].strip(_AROUND_LABEL).casefold()
    return _ROLE_BY_LABEL.get(label), line[at + 1 :].strip(_AROUND_LABEL)


def _block_at(bare: list[str], start: int) -> Block | None:
    values: dict[str, str] = {}
    role, end, at = "", start, start
    while at < len(bare) and at < start + 60:
        found, value = _labelled(bare[at])
        if found is not None and found not in values:
            role, end = found, at + 1
            values[role] = value
        elif not _goes_on(bare, at, values) and not _list_goes_on(bare[at], role, values):
            break
        elif bare[at].strip() and role in ("to", "cc", "subject") and ":" not in bare[at][:20]:
            values[role] += " " + bare[at].strip()
            end = at + 1
        at += 1
    if "sender" not in values or len(values) < 2:
        return None
    return _with_separator(bare, Block(values, start, end, above=start))


def _goes_on(bare: list[str], at: int, values: Mapping[str, str]) -> bool:
    """Whether a new label follows soon: then this line continues the one before."""
    ahead = [line for line in bare[at : at + 8] if line.strip()][:5]
    roles = [role_of(line) for line in ahead]
    return any(role is not None and role not in values for role in roles)


def _list_goes_on(line: str, role: str, values: Mapping[str, str]) -> bool:
    return role in ("to", "cc") and values[role].endswith((",", ";")) and "@" in line


def _with_separator(bare: list[str], block: Block) -> Block:
    """The block with what stands above it: rules, and a line that says what follows."""
    above = block.start
    is_said = is_original = False
    at = above - 1
    while at >= 0 and at >= block.start - 8:
        line = bare[at].strip()
        if line and not _RULE.match(line):
            words = _folded(line.strip("-–—_=*: \t"))
            is_said = _says(words, FORWARDED_STEMS) and len(words) < 60
            is_original = not is_said and _says(words, ORIGINAL_STEMS) and len(words) < 60
            if is_said or is_original:
                above = at
            break
        if line:
            above = at
        at -= 1
    return Block(block.values, block.start, block.end, above, is_said, is_original)


def _folded(words: str) -> str:
    # Lower-casing the Turkish "İ" leaves a combining dot behind.
    return words.casefold().replace("\u0307", "")


def _says(words: str, stems: tuple[str, ...]) -> bool:
    return any(stem in words for stem in stems)


def _glued(line: str, at: int) -> Block | None:
    """A separator with all labels glued into its own line, as Yahoo's plain text has them."""
    if not line.lstrip().startswith(("---", "–––", "———")):
        return None
    _, words, rest = (*_DASHES.split(line, maxsplit=2), "", "")[:3]
    if not rest.strip():
        return None
    cuts = [
        _cut(rest.strip(), {role: getattr(labels, role) for role in _ROLES})
        for labels in LABELS.values()
    ]
    # Languages share labels ("De", "От"): the one that explains most of the line wrote it.
    values = max(cuts, key=len)
    if len(values) < 3:
        return None
    words = _folded(words)
    said, original = _says(words, FORWARDED_STEMS), _says(words, ORIGINAL_STEMS)
    return Block(values, at, at + 1, at, is_said=said, is_original=original)


def _cut(text: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The values of one language's labels in a line; the last label may lack its colon."""
    if not re.match(rf"(?:{_either(labels['sender'])})\s*:", text):
        return {}
    places: list[tuple[int, int, str]] = []
    # Many translations leave "Cc" as it is.
    for role, wordings in {**labels, "cc": f"{labels['cc']}|Cc|CC"}.items():
        match = re.search(rf"(?:{_either(wordings)})\s*:", text)
        if match is None and role == "subject":
            match = re.search(rf"(?<=\S)(?:{_either(wordings)})(?=\s)", text)
        if match:
            places.append((match.start(), match.end(), role))
    places.sort()
    ends = [start for start, _, _ in places[1:]] + [len(text)]
    return {
        role: text[start:end].strip() for (_, start, role), end in zip(places, ends, strict=True)
    }


def _either(wordings: str) -> str:
    return "|".join(re.escape(word) for word in sorted(wordings.split("|"), key=len, reverse=True))


def _from_block(text: _Lines, block: Block, subject: str) -> Forwarded:
    values = block.values
    return Forwarded(
        sender=mailbox(values["sender"]),
        to=mailboxes(values.get("to", "")),
        cc=mailboxes(values.get("cc", "")),
        subject=one_line(values.get("subject") or bare_subject(subject)),
        date=one_line(values.get("date", "")),
        body=_body(text.lines[block.end :], is_quoted=text.lines[block.start].startswith(">")),
        note="\n".join(text.lines[: block.above]).strip(),
    )


def _body(lines: list[str], *, is_quoted: bool = False) -> str:
    """The forwarded text without the forwarder's quote marks, one level of them.

    They are the forwarder's where the labels bear them too (a line may have lost its own by
    wrapping), or where every line does.
    """
    said = [line for line in lines if line.strip()]
    if is_quoted or (said and all(line.lstrip().startswith(">") for line in said)):
        lines = [re.sub(r"^\s*>\s?", "", line) for line in lines]
    return _END.sub("", "\n".join(lines).strip()).strip()


def _from_attribution(text: _Lines, subject: str) -> Forwarded | None:
    """A forward under words such as `On 28/10/2021, "John" <john@acme.com> wrote:`."""
    for at in range(len(text.bare)):
        for end in range(at + 1, min(at + 3, len(text.bare)) + 1):
            if not text.bare[end - 1].strip():
                break
            line = " ".join(text.bare[at:end]).strip()
            match = _ATTRIBUTION.search(line[:ATTRIBUTION_MAX_CHARACTERS])
            if len(line) > ATTRIBUTION_MAX_CHARACTERS:
                break
            if not (match and line.endswith((":", "：")) and _DATE_LIKE.search(line)):
                continue
            return Forwarded(
                sender=Mailbox(name=_name_before(line[: match.start()]), address=match[1]),
                subject=bare_subject(subject),
                date=_date_in(line),
                body=_body(text.lines[end:]),
                note="\n".join(text.lines[:at]).strip(),
            )
    return None


def _name_before(text: str) -> str | None:
    """The name in front of an address: in quotes, or what follows the date and the verb."""
    quoted = re.findall(r"[\"“”„«]\s*([^\"“”„«»]+?)\s*[\"”“»]", text)
    if quoted:
        return one_line(quoted[-1]) or None
    words = re.split(r"[\s,]+", re.sub(r"^.*\d[^\s]*", "", text).strip(" ,"))
    while words and words[0].casefold() in WROTE_WORDS:
        words.pop(0)
    return " ".join(words).strip(" (") or None


def _date_in(line: str) -> str:
    match = re.search(r"\d[\d./\-: ,]*\d(?:\s*[AP]M)?", line)
    return one_line(match[0]) if match else ""
