"""International bank account numbers (ISO 13616)."""

from __future__ import annotations

import re

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)


def is_iban(text: str) -> bool:
    """Whether the text, its spaces aside, is an IBAN with the right check digits."""
    return _digits_agree(_compact(text))


def is_wrong_iban(text: str) -> bool:
    """Whether the text looks like an IBAN and is none. Other account numbers are not judged."""
    compact = _compact(text)
    return _IBAN.fullmatch(compact) is not None and not _digits_agree(compact)


def _compact(text: str) -> str:
    return "".join(text.split()).upper()


def _digits_agree(compact: str) -> bool:
    if not _IBAN.fullmatch(compact):
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
