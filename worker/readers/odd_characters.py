"""Characters by which one text is made to look like another: invisible ones and mixed alphabets.

Unicode TR 36 and 39 describe the tricks. A number with a hidden character is not the number that a
person sees, so it holds; letters of two alphabets in one word are shown to a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from worker.readers.model import Invoice, Problem

# What turns the direction of text, and the tags that once named languages.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def problems(invoice: Invoice) -> Iterator[Problem]:
    """What in the invoice's numbers and names is not what it looks like."""
    numbers = {
        "number": invoice.number,
        "payment reference": invoice.payment_reference,
        "seller's account": invoice.seller.iban,
    }
    names = {"seller's name": invoice.seller.name, "buyer's name": invoice.buyer.name}
    for what, text in numbers.items():
        if text and any(unicodedata.category(character) == "Cf" for character in text):
            said = f"the {what} holds characters that nobody sees: {text[:60]!a}"
            yield Problem(rule="LOOKS", text=said)
    for what, text in names.items():
        if text and _TURNING.search(text):
            said = f"the {what} turns the direction of its letters: {text[:60]!a}"
            yield Problem(rule="LOOKS", text=said)
    for what, text in (numbers | names).items():
        if text and not text.isascii() and any(map(_is_mixed, text.split())):
            said = f"the {what} mixes letters of two alphabets: {text[:60]!r}"
            yield Problem(rule="LOOKS", text=said, holds=False)


def _is_mixed(word: str) -> bool:
    """Whether letters of two alphabets that look alike stand in one word."""
    letters = (unicodedata.name(character, "") for character in word if character.isalpha())
    return len({name.split()[0] for name in letters if name.startswith(_ALPHABETS)}) > 1
