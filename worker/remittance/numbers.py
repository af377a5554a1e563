"""Which item a payer means by a number as he wrote it.

Exact but for separators and case; a harmless variant (letter O for zero, leading zeros, a prefix
lost or added); or a slip of one character, which is never taken for the number but names a rival.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from worker.remittance.model import Item

_ALIKE = str.maketrans("OIL", "011")
# Look-alikes count as digits beside digits only: the O of FO0971, not that of INVOICE4500.
_BESIDE = re.compile(r"[OIL]+(?=\d)|(?<=\d)[OIL]+(?![A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")
_GROUPS = re.compile(r"[A-Z]+|[^\W\d_A-Z]+|\d+")
_WORD = re.compile(r"[^\s,;:()\[\]<>|\"'„“”、。()]+")
_TO = re.compile(
    r"(?<=[\w])\s?(?:-|–|~)\s?(?=\w)|"
    r"\s(?:to|until|through|thru|bis|à|au|tot|t/m|tot en met|a|al|hasta|até|do|till|til)\s",
    re.IGNORECASE,
)
_MIN_SHORT_DIGITS = 2
_MAX_RANGE = 200
_MAX_WORDS = 4


class How(StrEnum):
    """How surely a written number names items."""

    EXACT = "exact"
    VARIANT = "variant"
    RANGE = "range"
    SLIP = "slip"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """The items that a written number names, and others that it may have been meant for."""

    how: How
    items: tuple[Item, ...] = ()
    near: tuple[Item, ...] = ()


def squeezed(number: str) -> str:
    """Letters and digits alone, in capitals: separators and case never count."""
    plain = number if number.isascii() else unicodedata.normalize("NFKC", number)
    return _SEPARATORS.sub("", plain).upper()


def _groups(number: str) -> tuple[str, ...]:
    """Runs of letters and digits, look-alikes made digits, leading zeros dropped."""
    plain = _alike(unicodedata.normalize("NFKC", number).upper())
    return tuple(
        (group.lstrip("0") or "0") if group.isdigit() else group for group in _GROUPS.findall(plain)
    )


def _alike(number: str) -> str:
    return _BESIDE.sub(lambda match: match[0].translate(_ALIKE), number)


@dataclass
class Numbers:
    """A payer's items by every form of their numbers. `foreign` are numbers of other payers."""

    items: Sequence[Item]
    foreign: Collection[str] = ()

    @cached_property
    def _exact(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            found[squeezed(item.number)].append(item)
        return found

    # Most numbers are written as they are; what follows is made only for the others.

    @cached_property
    def _variants(self) -> dict[tuple[str, ...], list[Item]]:
        found: dict[tuple[str, ...], list[Item]] = defaultdict(list)
        for item in self.items:
            for variant in _variants(item.number):
                found[variant].append(item)
        return found

    @cached_property
    def _alike(self) -> list[tuple[str, Item]]:
        return [(_alike(squeezed(item.number)), item) for item in self.items]

    def named(self, written: str) -> Named:
        """The items that the writing names."""
        key = squeezed(written)
        if exact := self._exact.get(key):
            literal = [item for item in exact if item.number == written]
            return Named(How.EXACT, tuple(literal or exact))
        if ranged := self._range(written):
            return ranged
        if trimmed := self._without_tail(written):
            return trimmed
        if key in self.foreign:
            return Named(How.FOREIGN, near=self.near(written))
        if variants := self._variant(written):
            near = [item for item in self.near(written) if item not in variants]
            return Named(How.VARIANT, tuple(variants), tuple(near))
        if slips := self.near(written):
            return Named(How.SLIP, near=slips)
        return Named(How.UNKNOWN)

    def mentioned(self, text: str) -> list[Item]:
        """The items whose numbers stand in the text, exact but for separators."""
        words = [squeezed(word) for word in _WORD.findall(text)]
        found: dict[str, Item] = {}
        for start in range(len(words)):
            joined = ""
            for word in words[start : start + _MAX_WORDS]:
                joined += word
                for item in self._exact.get(joined, ()):
                    found[item.number] = item
        return list(found.values())

    def near(self, written: str) -> tuple[Item, ...]:
        """Items whose numbers are one slip away: a digit wrong, missing, or two exchanged."""
        key = _alike(squeezed(written))
        found = [item for alike, item in self._alike if _is_slip(key, alike)]
        tail = _groups(written)[-1:]
        if not found and tail and tail == _groups(written) and len(tail[0]) >= 3:
            found = [
                item
                for item in self.items
                if any(
                    _is_slip(tail[0], group) for group in _groups(item.number) if group.isdigit()
                )
            ]
        return tuple(found)

    def _variant(self, written: str) -> list[Item]:
        groups = _groups(written)
        while groups:
            is_long = sum(len(g) for g in groups if g.isdigit()) >= _MIN_SHORT_DIGITS
            if is_long and (found := self._variants.get(groups)):
                return list({item.number: item for item in found}.values())
            if groups[0].isdigit():
                break
            groups = groups[1:]  # A word glued in front: "Invoice4500251".
        return []

    def _without_tail(self, written: str) -> Named | None:
        """A number behind which another word was taken along: "FV 2026 10 131 12"."""
        words = written.split()
        for count in range(len(words) - 1, 0, -1):
            if exact := self._exact.get(squeezed(" ".join(words[:count]))):
                return Named(How.EXACT, tuple(exact))
        return None

    def _range(self, written: str) -> Named | None:
        """All items from one number to another: "1001-1005"."""
        for sign in _TO.finditer(written):
            found = self._between(written[: sign.start()], written[sign.end() :])
            if found is not None:
                return found
        return None

    def _between(self, start: str, end: str) -> Named | None:
        first, last = _groups(start), _groups(end)
        if not first or not last or not (first[-1].isdigit() and last[-1].isdigit()):
            return None
        low, high = int(first[-1]), int(last[-1])
        if len(last) > len(first) or not low < high <= low + _MAX_RANGE:
            return None
        ends = [self.named(start), self._variant_of(first[:-1], last)]
        if any(len(end.items) != 1 for end in ends):
            return None
        prefix = _groups(ends[0].items[0].number)[:-1]
        if _groups(ends[1].items[0].number)[:-1] != prefix:
            return None
        within = [
            item
            for item in self.items
            if (groups := _groups(item.number))[:-1] == prefix
            and groups[-1].isdigit()
            and low <= int(groups[-1]) <= high
        ]
        return Named(How.RANGE, tuple(sorted(within, key=lambda item: item.number)))

    def _variant_of(self, prefix: tuple[str, ...], last: tuple[str, ...]) -> Named:
        """The end of a range, which may be written without what it shares with the start."""
        for groups in (last, (*prefix[: len(prefix) + 1 - len(last)], *last)):
            found = list({i.number: i for i in self._variants.get(groups, [])}.values())
            if found:
                return Named(How.VARIANT, tuple(found))
        return Named(How.UNKNOWN)


def _variants(number: str) -> Iterable[tuple[str, ...]]:
    """The forms in which a number may be shortened: without what stands before or a last letter."""
    groups = _groups(number)
    bodies = [groups]
    if len(groups) > 1 and not groups[-1].isdigit():
        bodies.append(groups[:-1])
    seen = set()
    for body in bodies:
        for start in range(len(body)):
            seen.add(body[start:])
    digits = "".join(re.findall(r"\d+", number))
    seen.add((digits.lstrip("0") or "0",))
    return seen


def _has_near_group(item: Item, written: str) -> bool:
    return any(_is_slip(written, group) for group in _groups(item.number) if group.isdigit())


def _is_slip(one: str, other: str) -> bool:
    """Whether two different writings are one character, or one exchange, apart."""
    if one == other or abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 3:
        return False
    place = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        place += 1
    left, right = one[place:], other[place:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    )
