"""The profiles an e-invoice may claim to follow, and what each of them asks or forbids.

Sources: Factur-X 1.0 and ZUGFeRD 1.0, 2.x (identifiers and the terms of each profile),
XRechnung 3.0 (the BR-DE rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from worker.readers.einvoice import Draft
from worker.readers.model import Problem, Source

_CORE = "urn:cen.eu:en16931:2017"


class Level(StrEnum):
    """How much a profile states."""

    MINIMUM = "minimum"
    BASIC_WL = "basicwl"
    BASIC = "basic"
    EN16931 = "en16931"
    EXTENDED = "extended"
    XRECHNUNG = "xrechnung"
    ZUGFERD_1 = "zugferd 1"
    OTHER = "other"


# A specialisation of EN 16931 is named behind `#compliant#`, an extension behind `#conformant#`.
_LEVELS = (
    (r"urn:(?:factur-x\.eu:1p0|zugferd\.de:2p\d):minimum", Level.MINIMUM),
    (r"urn:(?:factur-x\.eu:1p0|zugferd\.de:2p\d):basicwl", Level.BASIC_WL),
    (rf"{_CORE}#compliant#urn:(?:factur-x\.eu:1p0|zugferd\.de:2p\d):basic", Level.BASIC),
    (rf"{_CORE}#conformant#urn:(?:factur-x\.eu:1p0|zugferd\.de:2p\d):extended", Level.EXTENDED),
    (rf"{_CORE}#compliant#urn:xoev-de:kosit:standard:xrechnung_\d\.\d.*", Level.XRECHNUNG),
    (rf"{_CORE}#compliant#urn:xeinkauf\.de:kosit:xrechnung_\d\.\d.*", Level.XRECHNUNG),
    (rf"{_CORE}(?:#(?:compliant|conformant)#.+)?", Level.EN16931),
    (r"urn:ferd:CrossIndustryDocument:invoice:1p0:(?:basic|comfort|extended)", Level.ZUGFERD_1),
    (r"urn:ferd:invoice:(?:rc|1\.0):(?:basic|comfort|extended)", Level.ZUGFERD_1),
)
_PATTERNS = tuple((re.compile(pattern), level) for pattern, level in _LEVELS)


def level_of(profile: str | None) -> Level:
    """How much the named profile states; OTHER where the name is not one we know."""
    for pattern, level in _PATTERNS:
        if profile and pattern.fullmatch(profile):
            return level
    return Level.OTHER


def problems(draft: Draft) -> list[Problem]:
    """What the claimed profile asks and the document does not keep. None of it holds an invoice."""
    level = level_of(draft.profile)
    found = list(_claim(draft, level))
    if level is Level.BASIC_WL and draft.lines:
        found.append(_warning("PROFILE", f"the {level} profile has no lines, the document has"))
    if level is Level.XRECHNUNG:
        found += _xrechnung(draft)
    return found


def _claim(draft: Draft, level: Level) -> Iterator[Problem]:
    """BR-01: CII must name its profile. UBL is also used by itself and under many other names."""
    if draft.source is not Source.CII:
        return
    if draft.profile is None:
        yield _warning("BR-01", "the profile is not named")
    elif level is Level.OTHER:
        yield _warning("BR-01", f"{draft.profile[:100]!r} is no profile that we know")
    elif (level is Level.ZUGFERD_1) != draft.is_zugferd_1:
        yield _warning("BR-01", f"the XML is not in the syntax of its profile {draft.profile!r}")


def _xrechnung(draft: Draft) -> Iterator[Problem]:
    if not draft.has_payment_means:
        yield _warning("BR-DE-1", "the payment instructions are missing")
    if not draft.seller.has_contact:
        yield _warning("BR-DE-2", "the seller's contact is missing")
    if draft.buyer_reference is None:
        yield _warning("BR-DE-15", "the buyer reference (Leitweg-ID) is missing")


def _warning(rule: str, text: str) -> Problem:
    return Problem(rule=rule, text=text, holds=False)
