"""Bytes to text when the declared character set may be wrong, unknown or hostile."""

from __future__ import annotations

import codecs
from functools import lru_cache

# What senders mean by these names, which is not what the names say (WHATWG Encoding Standard).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
# Names that mail uses and Python's registry lacks.
_ALIASES = {
    "ansi_x3.110-1983": "iso8859-1",
    "unicode-1-1-utf-8": "utf-8",
    "x-unknown": "ascii",
    "unknown-8bit": "ascii",
    "x-user-defined": "ascii",
    "x-gbk": "gbk",
    "x-sjis": "shift_jis",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "cp-850": "cp850",
    "8bit": "ascii",
}
# UTF-7 hides markup and addresses from every filter on the way; no living mail program writes it.
_REFUSED = frozenset({"utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape"})


@lru_cache(maxsize=256)
def _codec(name: str) -> str | None:
    """Python's name of the text encoding meant, or None if there is none we would use."""
    name = name.strip().strip("\"'").lower()
    if name in _ALIASES:
        return _ALIASES[name]
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # The attribute marks base64, zlib and their like, which are codecs but no character sets.
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _REFUSED else None


def decode(data: bytes, charset: str | None) -> tuple[str, bool]:
    """The text, and whether it was read as declared without any replacement.

    Without a usable declaration, UTF-8 is tried first: text in another encoding almost never
    happens to be valid UTF-8.
    """
    if data.isascii() and b"\x1b" not in data and (charset is None or not _is_wide(charset)):
        return data.decode("ascii"), charset is None or _codec(charset) is not None
    declared = _codec(charset) if charset else None
    for codec in _candidates(data, declared):
        try:
            text = data.decode(codec)
        except (UnicodeError, ValueError):
            continue
        return text.removeprefix("\ufeff"), charset is None or codec in _readings(declared)
    return data.decode(_MEANT.get(declared or "", declared or "utf-8"), "replace"), False


def _is_wide(charset: str) -> bool:
    """Whether ASCII bytes may stand for something else in it."""
    codec = _codec(charset) or ""
    return codec.startswith(("utf-16", "utf-32", "iso2022", "hz", "cp037", "cp500", "cp1140"))


def _readings(declared: str | None) -> tuple[str, ...]:
    if declared is None:
        return ()
    return (declared, _MEANT.get(declared, declared))


def _candidates(data: bytes, declared: str | None) -> list[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    found = [codec for codec in reversed(_readings(declared)) if codec != "ascii"]
    if declared in (None, "ascii"):
        found.insert(0, "utf-8")
    return [*found, "utf-8", "cp1252"] if declared is None else [*found, "utf-8"]
