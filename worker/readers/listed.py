"""Which lines of a numbered list an answer names: `1 3 5`, `1-4`, `received 2`, `not received 3`.

Numbers go to 199 and never begin with a nought, so that the telephone number or the house number in
a signature is seldom taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"(?:1\d\d|[1-9]\d?)"
_SPAN = rf"{_NUMBER}(?:\s?(?:-|–|—|to|bis|à|hasta)\s?{_NUMBER})?"
_NUMBERS = rf"{_SPAN}(?:(?:\s*[,;&+]\s*|\s+(?:and|und|et|y|e|en)\s+|\s+){_SPAN})*"
_LABEL = r"(?:(?:numbers?|nos\.?|no\.|lines?|nummern?|nrn?\.?|zeilen?|positionen|#)\s*)?"
_CAME = (
    r"(?:received|arrived|eingegangen|erhalten|reçus?|recibidos?|ricevut[oi]|ontvangen|otrzymano|"
    r"recebidos?)"
)
_NOT = (
    r"(?:not(?: yet)?(?: received| arrived)?|(?:noch )?nicht(?: eingegangen| erhalten)?|"
    r"pas(?: encore)? reçus?|no recibidos?|non ricevut[oi]|niet ontvangen|nie otrzymano|"
    r"não recebidos?)"
)
# Each with whether it says that they came.
_FORMS = tuple(
    (re.compile(form, re.IGNORECASE), came)
    for form, came in (
        (rf"(?:{_CAME}\s*:?\s*)?{_LABEL}({_NUMBERS})", True),
        (rf"{_LABEL}({_NUMBERS})\s*:?\s+{_CAME}", True),
        (rf"{_NOT}\s*:?\s*{_LABEL}({_NUMBERS})", False),
        (rf"{_LABEL}({_SPAN})\s*:?\s+{_NOT}", False),
    )
)
# Of "1, 2 not received" nobody can tell what the 1 is.
_UNCLEAR = re.compile(rf"{_LABEL}{_NUMBERS}\s*:?\s+{_NOT}", re.IGNORECASE)
# "1 3, but not 2": what did not come stands last.
_BEFORE_NOT = re.compile(
    rf"(?<=\d)\s*[,;.:–—]?\s+(?:(?:and|but|und|aber|mais|pero|ma|maar)\s+)?(?={_NOT}\s*:?\s*{_LABEL}\d)",
    re.IGNORECASE,
)
_ONE_SPAN = re.compile(rf"({_NUMBER})(?:\s?(?:-|–|—|to|bis|à|hasta)\s?({_NUMBER}))?", re.IGNORECASE)


def listed(line: str) -> list[tuple[str, bool]]:
    """The numbers that a line of an answer names, with whether it says that these came."""
    parts = [part for part in _BEFORE_NOT.split(line, maxsplit=1) if part]
    found = [_part(part) for part in parts]
    return [each for each in found if each is not None] if None not in found else []


def _part(text: str) -> tuple[str, bool] | None:
    for form, came in _FORMS:
        if found := form.fullmatch(text):
            return found[1], came
    return None


def is_unclear(line: str) -> bool:
    """Whether a line names several numbers, and it may be of one or of all that it says "not"."""
    return not listed(line) and _UNCLEAR.fullmatch(line) is not None


def numbers(text: str) -> tuple[int, ...] | None:
    """The numbers in `1, 3-5`, each once and in their order; None for a span that runs back."""
    found: dict[int, None] = {}
    for first, last in _spans(text):
        if last < first:
            return None
        found |= dict.fromkeys(range(first, last + 1))
    return tuple(found)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for span in _ONE_SPAN.finditer(text):
        yield int(span[1]), int(span[2] or span[1])
