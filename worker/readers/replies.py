"""The new words of a mail: without what it quotes, and the signature apart.

Quoted text is never an answer: a "yes" that we wrote ourselves and that comes back under a reply
must not count. So doubt goes against the text: what looks quoted is left out.
"""

from __future__ import annotations

import re

from worker.readers.forwards import role_of
from worker.readers.mail_words import (
    FORWARDED_STEMS,
    ORIGINAL_STEMS,
    SENT_FROM,
    WROTE_STARTS,
    WROTE_VERBS,
)
from worker.readers.model import Reply

LINES_MAX = 5000
SEPARATOR_MAX_CHARACTERS = 120
SIGNATURE_MAX_LINES = 12
ATTRIBUTION_LINES_MAX = 6
ATTRIBUTION_MAX_CHARACTERS = 400
# A quoted line this long lost its end to the next line when a mail program wrapped it.
WRAPPED_FROM_CHARACTERS = 60

_QUOTED = re.compile(r"^\s{0,3}(?:>|&gt;)")
_DECORATED = re.compile(r"^>.*<\s*$")
_DASHES = "-–—_=*"
_VERB = "|".join(re.escape(verb) for verb in WROTE_VERBS)
_VERBS_AT_END = tuple(before + verb for verb in WROTE_VERBS for before in " >)]")
_HAS_VERB = re.compile(rf"(?<!\w)(?:{_VERB})(?!\w)", re.IGNORECASE)
_ADDRESS = re.compile(r"[<(\[]?\s*[^\s<>()@]+@[^\s<>()@]+\.[^\s<>()@]+\s*[>)\]]?")
_NAMED_ADDRESS = re.compile(r"\w[^<>]{0,60}<[^<>\s]+@[^<>\s]+>")
_TIME = re.compile(r"\b\d{1,2}[:.]\d{2}\b|\d{1,2}\s?[hH時时]\d{0,2}")
_DAY = re.compile(
    r"\b(?:19|20)\d{2}\b|\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\d{4}年|\b\d{1,2}[./]\d{1,2}\b"
)
_STAMP = re.compile(r"^\s*\d{4}-\d\d-\d\d \d{1,2}:\d\d(?::\d\d)? GMT[+-]\d\d:\d\d\s+\S")
_SHARED_LINE = re.compile(r"^(.*[^\s-])\s*-{2,}\s*(On\s.+\swrote:)\s*$")
_DELIMITER = re.compile(r"^\s{0,2}(?:--+|—|–|__+|\*{3,}|={4,}|~{4,})\s*$")
_SENT_FROM = re.compile(rf"^[\s<(\[*_]*(?:{SENT_FROM})\b(.{{0,120}})$", re.IGNORECASE)
_EXCUSE = re.compile(r"excuse|typo|brevity|pardon|sorry|brief|errors|autocorrect", re.IGNORECASE)
_HIDDEN = re.compile("[\ufeff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u1427]")


def reply(body: str) -> Reply:
    """The new words in a mail's text, and the signature under them."""
    lines = _HIDDEN.sub("", body).replace("\xa0", " ").split("\n")[:LINES_MAX]
    kept = _unquoted(_split_shared(lines))
    text, signature = _split_signature(kept)
    return Reply(text=_joined(text), signature=_joined(signature))


def _joined(lines: list[str]) -> str:
    """The lines as text, without the rules and blanks at its end that belong to nothing."""
    while lines and not any(character.isalnum() for character in lines[-1]):
        if lines[-1].strip() and not _is_rule(lines[-1]):
            break
        lines = lines[:-1]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n \t")


def _is_rule(line: str) -> bool:
    return len(set(line.split()[0] if line.split() else "")) <= 1 and len(line.strip()) != 1


def _split_shared(lines: list[str]) -> list[str]:
    """Lines of which one ends with `--- On … wrote:`, which some programs glue to the text."""
    out: list[str] = []
    for line in lines:
        is_short = len(line) < ATTRIBUTION_MAX_CHARACTERS
        match = _SHARED_LINE.match(line) if is_short and line.rstrip().endswith("wrote:") else None
        out.extend((match[1], match[2]) if match else (line,))
    return out


def _unquoted(lines: list[str]) -> list[str]:
    """The lines that are no quotation and lead to none."""
    kept: list[str] = []
    has_text = False
    at = 0
    while at < len(lines):
        if _is_quoted(lines[at]):
            at = _after_quotation(lines, at)
            continue
        if _starts_quoted_mail(lines, at):
            break
        end = _attribution_end(lines, at)
        if end is None:
            kept.append(lines[at])
            has_text = has_text or bool(lines[at].strip())
            at += 1
            continue
        following = next((line for line in lines[end:] if line.strip()), "")
        if has_text and following and not _is_quoted(following):
            break
        at = end
    return kept


def _is_quoted(line: str) -> bool:
    return bool(_QUOTED.match(line)) and not _DECORATED.match(line)


def _after_quotation(lines: list[str], at: int) -> int:
    """The first line after the quoted ones, with the tails that wrapping cut off."""
    while at < len(lines) and _is_quoted(lines[at]):
        at += 1
        is_tail = (
            at + 1 < len(lines)
            and lines[at].strip()
            and not _is_quoted(lines[at])
            and len(lines[at - 1]) >= WRAPPED_FROM_CHARACTERS
            and _is_quoted(lines[at + 1])
        )
        if is_tail:
            at += 1
    return at


def _starts_quoted_mail(lines: list[str], at: int) -> bool:
    """Whether everything from here on is another mail: a separator or a block of labels."""
    bare = lines[at].strip("> \t*_")
    if len(bare) < SEPARATOR_MAX_CHARACTERS and bare[:1] in _DASHES and bare[-1:] in _DASHES:
        words = bare.strip(f"{_DASHES} \t").casefold()
        if any(stem in words for stem in (*ORIGINAL_STEMS, *FORWARDED_STEMS)):
            return True
    if role_of(lines[at]) is None:
        return False
    roles: set[str] = set()
    for line in lines[at : at + 10]:
        role = role_of(line)
        if role is None and not line.strip() and len(roles) < 2:
            return False
        if role in roles:
            break
        if role is not None:
            roles.add(role)
    return len(roles) >= 2 and ("sender" in roles or {"date", "to"} <= roles)


def _attribution_end(lines: list[str], start: int) -> int | None:
    """The end of a "… wrote:" that begins in this line, or None."""
    if not lines[start].strip():
        return None
    if _STAMP.match(lines[start]) and not lines[start].rstrip().endswith((",", "<")):
        return start + 1
    joined = ""
    for end in range(start, min(start + ATTRIBUTION_LINES_MAX, len(lines))):
        line = lines[end].strip()
        if not line and not _goes_on(lines, end):
            return None
        joined = f"{joined} {line}".strip()
        if len(joined) > ATTRIBUTION_MAX_CHARACTERS:
            return None
        if _is_attribution(joined):
            return end + 1 if _is_shortest(lines[start : end + 1]) else None
    return None


def _is_shortest(span: list[str]) -> bool:
    """Whether no later line of it begins the attribution: the lines above that are text."""
    return not any(
        _begins_dated(line) and _is_attribution(" ".join(span[at:]))
        for at, line in enumerate(span)
        if at > 0
    )


def _begins_dated(text: str) -> bool:
    bare = text.strip("-–—*_ ")
    return re.split(r"[\s,.]", bare, maxsplit=1)[0].casefold() in WROTE_STARTS or bare[:1].isdigit()


def _goes_on(lines: list[str], at: int) -> bool:
    """Whether a blank line stands inside an attribution, as Polymail has it."""
    return at + 1 < len(lines) and lines[at + 1].strip() == "<"


def _is_attribution(text: str) -> bool:
    bare = text.strip("-–—*_ ")
    has_colon = bare.endswith((":", "："))
    ends_with_verb = f" {bare.casefold().rstrip(':： ')}".endswith(_VERBS_AT_END)
    if not (has_colon or ends_with_verb):
        return False
    has_verb = ends_with_verb or bool(_HAS_VERB.search(bare))
    has_day, has_time = bool(_DAY.search(bare)), bool(_TIME.search(bare))
    if _ADDRESS.search(bare):
        if has_day and (has_verb or has_time):
            return True
        return has_verb and has_colon and bool(_NAMED_ADDRESS.search(bare))
    return has_verb and (has_day or has_time) and _begins_dated(bare)


def _split_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """The text, and the signature from its delimiter or the telephone's own line on."""
    for at, line in enumerate(lines):
        if _DELIMITER.match(line) and _ends_text(line, lines[at + 1 :]):
            return lines[:at], lines[at:]
        if _is_sent_from(line):
            return lines[:at], lines[at:]
    return lines, []


def _ends_text(delimiter: str, below: list[str]) -> bool:
    """Whether a rule stands above a signature: the usual two dashes always, others near the end."""
    is_usual = delimiter.strip() in ("--", "—")
    return is_usual or sum(1 for line in below if line.strip()) <= SIGNATURE_MAX_LINES


def _is_sent_from(line: str) -> bool:
    match = _SENT_FROM.match(line)
    if match is None:
        return False
    sentence = re.sub(r"<[^<>]*>|\(.*?\)|\[|\]", " ", match[1]).strip(" .")
    words, _, more = re.sub(r"[,.]", "\n", sentence, count=1).partition("\n")
    return len(words.split()) <= 8 and (not more.strip() or bool(_EXCUSE.search(more)))
