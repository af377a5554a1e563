"""The words after a line of an MT940 (`:86:`), in the three ways banks structure them.

German banks number subfields (`?20` to `?29` the purpose, `?31` the account, `?32` the name) and
put SEPA's keys inside (`EREF+`, `SVWZ+`); Dutch and other banks put codes between slashes
(`/EREF/`, `/REMI/`, `/NAME/`); the rest just write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from worker.readers import ibans
from worker.readers.statements import short

MAX_CHARACTERS = 20_000
_NUMBERED = re.compile(r"\s*\d{3}([^\w\s])\d\d", re.ASCII)
_PURPOSE = [*range(20, 30), *range(60, 64)]
# A subfield holds 27 characters; only a full one runs on into the next without a blank.
_FULL_SUBFIELD = 27
_SEPA = re.compile(
    r"(?<![A-Z])(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|MDAT|RTRN|RREF|MTLG)"
    r"[+:]",
    re.ASCII,
)
_SLASHED = re.compile(
    r"/(TRTP|IBAN|BIC|NAME|EREF|REMI|RREF|MARF|CSID|ORDP|BENM|ADDR|ISDT|SVCL|RTRN|PREF|CNTP|PURP"
    r"|ULTB|ULTD|CDTRREFTP|CDTRREF|INIT|SWEEP|ID|EXCH|OCMT|CHGS|BUSP|KREF|TRCD|USTD|STRD)(?=/)",
    re.ASCII,
)
_ABSENT = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"})
_ISO_REFERENCE = re.compile(r"RF\d\d[A-Z0-9]{1,21}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """Who paid, under which reference, for what."""

    text: str = ""
    name: str | None = None
    account: str | None = None
    end_to_end_id: str | None = None
    creditor_reference: str | None = None
    return_reason: str | None = None


def read(words: str) -> Words:
    """What the words after a line say."""
    words = words[:MAX_CHARACTERS]
    if numbered := _NUMBERED.match(words):
        return _numbered(words, numbered[1])
    one_line = words.replace("\n", "")
    if len(_SLASHED.findall(one_line)) >= 2 or one_line.lstrip().startswith(("/EREF/", "/REMI/")):
        return _slashed(one_line)
    return Words(text=short(words))


def _numbered(words: str, mark: str) -> Words:
    fields: dict[int, list[str]] = {}
    for part in words.replace("\n", "").lstrip()[3:].split(mark):
        if part[:2].isascii() and part[:2].isdecimal():
            fields.setdefault(int(part[:2]), []).append(part[2:])
    purpose = _run_on([text for number in _PURPOSE for text in fields.get(number, [])])
    keys = _sepa(purpose)
    name = "".join(text for number in (32, 33) for text in fields.get(number, []))
    return Words(
        text=short(keys.get("SVWZ") or keys.get("") or keys.get("MTLG") or purpose),
        name=short(name or keys.get("ABWA", "")) or None,
        account=_given(next(iter(fields.get(31, [])), "")) or account_in(keys.get("IBAN", "")),
        end_to_end_id=_given(keys.get("EREF", "")),
        creditor_reference=_iso_reference(keys.get("SVWZ", "")),
        return_reason=_given(keys.get("RTRN", "")),
    )


def _run_on(parts: list[str]) -> str:
    joined = ""
    for part in parts:
        joined += part if len(part) >= _FULL_SUBFIELD else part + " "
    return joined.strip()


def _sepa(purpose: str) -> dict[str, str]:
    """The texts after SEPA's keys; what stands before the first key is under an empty one."""
    pieces = _SEPA.split(purpose)
    found = {"": pieces[0].strip()}
    for key, text in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(key, text.strip())
    return found


def _slashed(words: str) -> Words:
    pieces = _SLASHED.split(words)
    found: dict[str, str] = {}
    for key, text in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(key, text.strip("/ "))
    account, name = found.get("IBAN"), found.get("NAME")
    if "CNTP" in found:
        # Account, BIC, name and town of the other side, in this order.
        party = [part.strip() for part in found["CNTP"].split("/")] + ["", "", ""]
        account, name = account or party[0], name or party[2]
    text = found.get("REMI") or found.get("USTD") or ""
    reference = found.get("CDTRREF") or found.get("STRD", "").rpartition("/")[2]
    return Words(
        text=short(text or found.get("USTD") or words),
        name=short(name or "") or None,
        account=_given(account or ""),
        end_to_end_id=_given(found.get("EREF", "")),
        creditor_reference=_given(reference) or _iso_reference(text),
        return_reason=_given(found.get("RTRN", "")),
    )


def _given(text: str) -> str | None:
    stripped = " ".join(text.split())
    return None if stripped in _ABSENT else stripped[:100]


def account_in(text: str) -> str | None:
    """The account that a text begins with, if it is an IBAN."""
    first = text.strip().split(" ", 1)[0]
    return first if ibans.is_iban(first) else None


def _iso_reference(text: str) -> str | None:
    found = _ISO_REFERENCE.search(text.replace(" ", ""))
    return found[0] if found else None
