"""Zip files from strangers: looked over before they are opened, counted while they are inflated.

Nothing is ever written to disk under a name from inside, and an archive within an archive stays
closed. What the directory of a zip claims is only a claim, so the inflated bytes are counted.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator

MAX_ENTRIES = 100
MAX_RATIO = 100
MAX_INFLATED_BYTES = 50 * 1024 * 1024
# Below this no ratio harms anyone; a short file of zeros easily passes 100 to 1.
_SMALL_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LOCAL_HEADER_BYTES = 30
# What zipfile raises for bytes that are no zip, besides its own error.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    OSError,
    EOFError,
    RuntimeError,
)


class RefusedArchive(ValueError):
    """The bytes are no zip that we open; the message says why in words for a person."""


class Archive:
    """A zip whose directory was found harmless. All that is read counts against one limit."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGED as error:
            raise RefusedArchive("the zip file is damaged") from error
        self._entries = {each.filename: each for each in _checked(self._zip.infolist())}
        self._left = MAX_INFLATED_BYTES

    @property
    def names(self) -> tuple[str, ...]:
        """The files inside, in the order of the directory."""
        return tuple(name for name in self._entries if not name.endswith("/"))

    def read(self, name: str) -> bytes:
        """The bytes of one file inside; RefusedArchive where there are too many."""
        entry = self._entries.get(name)
        if entry is None:
            raise RefusedArchive(f"the zip file lacks {name[:80]!r}")
        try:
            return b"".join(self._chunks(entry))
        except RefusedArchive:
            raise
        except _DAMAGED as error:
            raise RefusedArchive("the zip file is damaged") from error

    def _chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        inflated = 0
        with self._zip.open(entry) as source:
            while chunk := source.read(_CHUNK_BYTES):
                inflated += len(chunk)
                self._left -= len(chunk)
                if self._left < 0:
                    raise RefusedArchive(f"it inflates to more than {MAX_INFLATED_BYTES >> 20} MiB")
                if _is_bomb(inflated, entry.compress_size):
                    raise RefusedArchive(_BOMB)
                yield chunk


_BOMB = f"it inflates to more than {MAX_RATIO} times its size"


def _is_bomb(inflated: int, compressed: int) -> bool:
    return inflated > _SMALL_BYTES and inflated > MAX_RATIO * max(compressed, 1)


def _checked(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    if len(entries) > MAX_ENTRIES:
        raise RefusedArchive(f"it holds more than {MAX_ENTRIES} files")
    for entry in entries:
        _check(entry)
    if len({entry.filename for entry in entries}) < len(entries):
        raise RefusedArchive("it holds two files of one name")
    if _overlap(entries):
        raise RefusedArchive("its files overlap")
    if sum(entry.file_size for entry in entries) > MAX_INFLATED_BYTES:
        raise RefusedArchive(f"it inflates to more than {MAX_INFLATED_BYTES >> 20} MiB")
    return entries


def _check(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 0x1:
        raise RefusedArchive("it is protected with a password")
    if entry.compress_type not in _METHODS:
        raise RefusedArchive("it is packed in a way that is not read here")
    steps = entry.filename.replace("\\", "/").split("/")
    if ".." in steps or not steps[0] or ":" in steps[0]:
        raise RefusedArchive("a name in it leads out of it")
    if _is_bomb(entry.file_size, entry.compress_size):
        raise RefusedArchive(_BOMB)


def _overlap(entries: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether two entries share bytes: how a small zip is made to inflate without end."""
    end = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        if entry.header_offset < end:
            return True
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
    return False
