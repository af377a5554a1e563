"""What may be the name of a party on paper, and where a name begins and ends."""

from __future__ import annotations

from worker.readers import party_patterns as looks
from worker.readers.country_names import countries
from worker.readers.invoice_words import ROLES_BY_PHRASE, folded
from worker.readers.layout_labels import label_of

# What stands beside names in a narrow head.
_BESIDE = frozenset({"number", "other_number", "customer_number", "issue_date", "due_date"})


def is_name(text: str) -> bool:
    plain = folded(text)
    letters = sum(character.isalpha() for character in text)
    if letters < 2 or len(text) > 90 or looks.CONTACT.search(text) or looks.NOISE.match(text):
        return False
    if looks.NO_NAME.fullmatch(plain) or "contact" in plain.split() or plain in countries():
        return False
    if (
        label_of(text)
        or looks.TITLE.match(plain)
        or looks.POSTAL.match(text)
        or looks.PERSON_LINE.match(text)
    ):
        return False
    digits = sum(character.isdigit() for character in text)
    return digits <= 0.34 * len(text) and not text.endswith(":") and len(plain.split()) <= 10


def has_digit(text: str) -> bool:
    """Whether it may be a street: names have no house number."""
    return any(character.isdigit() for character in text)


def trimmed(text: str) -> str:
    """The name without marks around it; a legal form keeps its last full stop."""
    name = text.strip(" ,-")
    bare = name.rstrip(".")
    return name if looks.DOTTED_FORM.search(name) else bare.rstrip(" ,-")


def goes_on(pieces: list[str], rest: list[str]) -> bool:
    """Whether the name has another line: after `Herrn`, or where the legal form comes then."""
    if not rest or len(pieces) > 1:
        return False
    if looks.SALUTATION.match(pieces[0]):
        return True
    following = rest[0]
    return (
        not looks.LEGAL_FORM.search(pieces[0])
        and bool(looks.LEGAL_FORM.search(following))
        and not has_digit(following)
        and ":" not in following
    )


def without_label(text: str) -> str:
    """The line up to a label of two words or more, which is the next column's."""
    words = text.split()
    for start in range(1, len(words) - 1):
        for size in (2, 3):
            phrase = folded(" ".join(words[start : start + size]))
            if " " in phrase and _BESIDE.intersection(ROLES_BY_PHRASE.get(phrase, ())):
                return " ".join(words[:start])
    return text


def named_only(name: str) -> str:
    """The name up to its legal form, where a sentence goes on behind it."""
    match = looks.STRICT_FORM.search(name)
    if match and len(name) - match.end() > 12:
        return name[: match.end()]
    return name
