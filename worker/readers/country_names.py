"""Countries as addresses write them."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

from worker.readers.invoice_words import folded

_LANGUAGES = "en de fr nl it es pt pl da sv nb fi cs"


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The names of all countries in the languages that we read, folded (CLDR)."""
    return frozenset(
        folded(name)
        for language in _LANGUAGES.split()
        for code, name in Locale(language).territories.items()
        if code.isalpha()
    )
