"""The words of payers, from `remittance_words.toml`, as patterns for folded text."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

_APOSTROPHES = str.maketrans("’‘´`\u00a0\u202f\u2007", "''''   ")
# Dashes that NFKC keeps apart; people take any of them.
_DASHES = str.maketrans("‐‑‒–—−－", "-------")


def _load() -> dict[str, re.Pattern[str]]:
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {name: _pattern(words) for name, words in tables.items()}


def _pattern(words: dict[str, list[str]]) -> re.Pattern[str]:
    spaced = "|".join(words["any"])
    return re.compile("|".join([rf"(?<!\w)(?:{spaced})", *words.get("ja", [])]))


_PATTERNS = _load()


def says(name: str, folded_text: str) -> bool:
    """Whether the text has one of the words of this table."""
    return _PATTERNS[name].search(folded_text) is not None


def leads(name: str, folded_text: str, between: str = "") -> bool:
    """Whether the text ends with one of these words, as what leads to a number or a day does.

    `between` is a pattern for what else may stand there.
    """
    return _leading(name, between).search(folded_text) is not None


@lru_cache(maxsize=64)
def _leading(name: str, between: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{_PATTERNS[name].pattern})[ .:#°()-]*{between}[ .:#°-]*$")


def found(name: str, folded_text: str) -> re.Match[str] | None:
    """The first of the words of this table in the text."""
    return _PATTERNS[name].search(folded_text)


def flattened(text: str) -> str:
    """The text in one form of each character: full-width figures, dashes, quotes, blanks."""
    straight = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES))
    return straight.translate(_APOSTROPHES).translate(_DASHES)


@lru_cache(maxsize=2048)
def folded(text: str) -> str:
    """The text as the tables are written: flattened, in lower case, blanks single."""
    return " ".join(flattened(text).casefold().split())
