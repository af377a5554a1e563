"""Address lists as people and mail programs write them: tolerant, for showing and comparing.

Never for deciding who a mail is from: that is `worker.kernel.mail`, which refuses what can be read
in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.readers.headers import decoded, one_line
from worker.readers.model import Mailbox

MAILBOXES_MAX = 200
LIST_MAX_CHARACTERS = 64 * 1024

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'„“”«»]{1,64}@[^\s<>()\[\],;:\"'„“”«»@]{1,255}")
_MAILTO = re.compile(r"[<\[(]?mailto:[^<>\[\]()\s]*[>\])]?", re.IGNORECASE)
_GROUP = re.compile(r"^[^<>@\",;:\[\]]*:([^;]*);\s*$")
_MARKS = "\"'“”„‘’«» \t"
_ON_BEHALF = re.compile(r"\s+on behalf of\s+.*$", re.IGNORECASE)
# Characters that reorder or hide text: a name must show what it is.
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


def mailboxes(text: str) -> tuple[Mailbox, ...]:
    """Every mailbox of a list separated by commas or semicolons; a bare name has no address."""
    text = _GROUP.sub(r"\1", text[:LIST_MAX_CHARACTERS].strip())
    found = [mailbox(piece) for piece in _pieces(text)]
    return tuple(box for box in found if box.address or box.name)[:MAILBOXES_MAX]


def mailbox(piece: str) -> Mailbox:
    """One mailbox: `Name <a@b>`, `a@b (Name)`, `Name [mailto:a@b]`, `a@b`, or only a name."""
    bare = _MAILTO.sub("", piece)
    if not _ADDRESS.search(bare):
        bare = piece.replace("mailto:", "")
    piece = _ON_BEHALF.sub("", one_line(bare))
    bracketed = re.search(r"<\s*([^<>]*?)\s*>", piece)
    found = _ADDRESS.search(bracketed[1] if bracketed else piece)
    if found is None:
        return Mailbox(name=name_of(re.sub(r"<[^<>]*>?", "", piece)))
    address = found[0].strip(".")
    if bracketed:
        rest = piece[: bracketed.start()]
    else:
        rest = piece.replace(found[0], "", 1)
    name = name_of(re.sub(r"[\[\]()<>]", "", rest))
    return Mailbox(name=None if name is None or "@" in name else name, address=address)


def name_of(text: str) -> str | None:
    """A display name without its quotes, decoded, with nothing hidden in it."""
    name = decoded(re.sub(r"\\(.)", r"\1", text.strip(" \t").strip(_MARKS)))
    return one_line(_HIDDEN.sub("", name)).strip(_MARKS) or None


def _pieces(text: str) -> Iterator[str]:
    """The list cut at its separators; `Doe, John <a@b>` stays one."""
    separator = ";" if _has_outside(text, ";") else ","
    held = ""
    for piece in _split(text, separator):
        joined = f"{held},{piece}" if held else piece
        is_surname = separator == "," and "@" not in piece and '"' not in piece
        if is_surname and "<" not in piece and piece.strip():
            held = joined
            continue
        held = ""
        yield joined
    if held:
        yield held


def _has_outside(text: str, separator: str) -> bool:
    return len(_split(text, separator)) > 1 and separator in text.rstrip(" \t;,")


def _split(text: str, separator: str) -> list[str]:
    """The text cut at this character outside quotes and angle brackets."""
    pieces, start, quoted, angle = [], 0, False, False
    for at, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "<>":
            angle = character == "<"
        elif character == separator and not angle:
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]]
