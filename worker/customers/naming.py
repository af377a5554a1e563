"""How names, numbers and VAT ids are compared."""

from __future__ import annotations

import re
import unicodedata

_NOT_WORD = re.compile(r"[^0-9a-z]+")


def name_key(name: str) -> str:
    """The name in lower case, without accents, punctuation and white space.

    Legal forms stay: `Acme Ltd` and `Acme GmbH` are two companies.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("", plain) or name.casefold().strip()


def vat_key(vat_id: str) -> str:
    """The VAT id in capitals, letters and digits only."""
    return _NOT_WORD.sub("", vat_id.lower()).upper()


def number_key(number: str) -> str:
    """The customer number without white space around it."""
    return number.strip()
