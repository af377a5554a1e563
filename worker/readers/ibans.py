"""International bank account numbers (ISO 13616)."""

from __future__ import annotations

import re

# The registry of IBANs: how long they are, by country.
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 "
    "EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 "
    "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 "
    "NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 "
    "TR26 UA29 VA22 VG24 XK20"
)
LENGTH_BY_COUNTRY = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
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
    if not _IBAN.fullmatch(compact) or len(compact) != LENGTH_BY_COUNTRY.get(compact[:2]):
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
