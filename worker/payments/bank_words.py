"""The invoice and customer numbers that a bank's words may hold. Pure.

Banks cut texts into lines and payers write as they like: numbers stand in one word or over several,
with a dash or a stroke lost. What is found is looked up and must be there to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\s,;:()\[\]<>|\"'?!#*+]+")
_PIECE = re.compile(r"[^/=_]+")
_JOINS = ("", "-", "/")
_MOST_WORDS = 4
_MOST_CHARACTERS = 40
_LEAST_DIGITS = 5
_LEAST_WITH_LETTERS = 4
_MARKS = re.compile(r"[\W_]+")
_DAY = re.compile(r"(?:19|20)\d{6}|\d{4}(?:19|20)\d{2}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a number: the form it is looked up by, and the words that it spans."""

    key: str
    first: int
    last: int
    is_piece: bool = False
    is_structured: bool = False

    def is_inside(self, other: Candidate) -> bool:
        """Whether it is a part of what another one covers."""
        spans = (other.first, other.last)
        within = spans[0] <= self.first and self.last <= spans[1]
        is_less = (self.first, self.last) != spans or (self.is_piece and not other.is_piece)
        return within and is_less


def candidates(text: str, structured: Iterable[str] = ()) -> list[Candidate]:
    """Everything in the words, and in the structured references, that may be a number."""
    words = [word.strip(".-/+&").upper() for word in _WORD.findall(text)]
    found = {each.key: each for each in reversed(list(_of_words([w for w in words if w])))}
    for place, reference in enumerate(structured, start=10_000):
        for key in _forms(reference):
            found[key] = Candidate(key, place, place, is_structured=True)
    return [each for each in found.values() if any(c.isdigit() for c in each.key)]


def outermost(found: Mapping[str, Candidate]) -> set[str]:
    """Of the keys that name something, those that are not a part of another one's words."""
    return {
        key
        for key, each in found.items()
        if not any(each.is_inside(other) for other in found.values() if other is not each)
    }


def is_strong(key: str) -> bool:
    """Whether a number is long and odd enough that it is not in a text by chance."""
    plain = _MARKS.sub("", key)
    if any(map(str.isalpha, plain)):
        return len(plain) >= _LEAST_WITH_LETTERS
    return len(plain) >= _LEAST_DIGITS and _DAY.fullmatch(plain) is None


def _of_words(words: list[str]) -> Iterator[Candidate]:
    for first, word in enumerate(words):
        yield Candidate(word, first, first)
        pieces = _PIECE.findall(word)
        if len(pieces) > 1 or "." in word:
            for piece in (*pieces, *(p.rpartition(".")[2] for p in pieces)):
                yield Candidate(piece.strip(".-"), first, first, is_piece=True)
        for last in range(first + 1, min(first + _MOST_WORDS, len(words))):
            for join in _JOINS:
                key = join.join(words[first : last + 1])
                if len(key) <= _MOST_CHARACTERS:
                    yield Candidate(key, first, last)


def _forms(reference: str) -> set[str]:
    plain = "".join(reference.split()).upper()
    # ISO 11649: "RF", two check digits, then the payee's own reference.
    own = plain[4:] if re.fullmatch(r"RF\d\d.+", plain) else plain
    return {plain, own, own.lstrip("0")}
