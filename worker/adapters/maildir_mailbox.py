"""A Maildir as mailbox: mail that lies on this machine, delivered by a program or dropped by hand.

Layout: https://cr.yp.to/proto/maildir.html, folders inside it as in Maildir++ (`.Processed`).
"""

from __future__ import annotations

import itertools
import logging
import os
import re
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from worker.intake.ports import Arrival, Spot
from worker.kernel.errors import PermanentError, TransientError

log = logging.getLogger(__name__)

_FOLDER = "INBOX"
_EPOCH = "0"
_POLL_S = 0.25
_HEADERS_MAX_BYTES = 64 * 1024

# What Maildir programs call a delivery: "seconds.something.host". Anything else was dropped by
# hand, and its name may come again with another mail inside.
_UNIQUE_NAME = re.compile(r"(?!.*\.eml\Z)\d{9,}\.[^:/]+\.[^:/]+\Z", re.IGNORECASE)
_deliveries = itertools.count()


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    uid: str
    size_bytes: int
    modified_ns: int


class MaildirMailbox:
    """The mails in `new/` and `cur/` of one Maildir, made if missing.

    A file dropped by hand (`*.eml` beside `new/`, or any file in `new/` or `cur/` without a
    Maildir name) is taken once it has been left alone for `settle_s`: it moves to `new/` under a
    unique name, so that the same file name may be dropped again. Links, directories and dot files
    are never read. A mail larger than `limit_bytes` comes as headers only.
    """

    def __init__(self, root: Path, *, limit_bytes: int, settle_s: float = 1.0) -> None:
        self._root = root
        self._limit_bytes = limit_bytes
        self._settle_s = settle_s
        self._offered: set[str] = set()
        self._unreadable: set[str] = set()
        with _our_errors(root):
            make_maildir(root)

    def arrivals(self, *, limit: int, known: Collection[Spot] = ()) -> Iterator[Arrival]:
        """Mails now in the folder, oldest first, at most `limit`; not those at `known` spots."""
        passed_over = {spot.uid for spot in known}
        with _our_errors(self._root):
            self._adopt_dropped()
            waiting = sorted(self._entries(), key=lambda entry: (entry.modified_ns, entry.uid))
        fresh = [entry for entry in waiting if entry.uid not in passed_over][:limit]
        self._offered = passed_over | {entry.uid for entry in fresh}
        return self._read_each(fresh)

    def file(self, spot: Spot, folder: str) -> None:
        """Move the mail to the Maildir++ folder; one that is no longer here was moved before.

        Not flushed to disk: after a power cut the mail may lie in its old place, is known by its
        spot, and is filed again.
        """
        target = self._root / f".{folder.replace('/', '.')}"
        with _our_errors(target):
            if not target.is_dir():
                make_maildir(target)
                (target / "maildirfolder").touch()
            for path in self._paths_of(spot.uid):
                name = path.name if ":" in path.name else f"{path.name}:2,"
                with suppress(FileNotFoundError):  # A mail program was faster; see `_paths_of`.
                    path.rename(target / "cur" / name)

    def wait(self, timeout_s: float) -> None:
        """Return when there is a mail that the last `arrivals` did not see, or after `timeout_s`.

        Looks four times a second: the standard library cannot be told of new files.
        """
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            with _our_errors(self._root):
                if self._has_news():
                    return
            time.sleep(min(_POLL_S, left_s))

    def close(self) -> None:
        """Nothing is held open."""

    def _has_news(self) -> bool:
        if any(True for _ in self._settled_drops()):
            return True
        names = (item.name for place in ("new", "cur") for item in _plain_files(self._root / place))
        uids = (name.partition(":")[0] for name in names)
        return any(uid not in self._offered and _UNIQUE_NAME.match(uid) for uid in uids)

    def _read_each(self, entries: list[_Entry]) -> Iterator[Arrival]:
        for entry in entries:
            with _our_errors(entry.path):
                arrival = self._read(entry)
            if arrival is not None:
                yield arrival

    def _read(self, entry: _Entry) -> Arrival | None:
        fits = entry.size_bytes <= self._limit_bytes
        try:
            # Not following links keeps a name in `new/` from showing us another file.
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None  # A mail program moved it to `cur/` since we looked: the next look has it.
        except PermissionError:
            self._warn_unreadable(entry)
            return None
        with os.fdopen(descriptor, "rb") as file:
            data = file.read((self._limit_bytes if fits else _HEADERS_MAX_BYTES) + 1)
        return Arrival(
            spot=Spot(folder=_FOLDER, epoch=_EPOCH, uid=entry.uid),
            size_bytes=entry.size_bytes,
            arrived_at=datetime.fromtimestamp(entry.modified_ns // 1_000_000_000, tz=UTC),
            raw=data if fits else None,
            headers=b"" if fits else headers_of(data),
        )

    def _warn_unreadable(self, entry: _Entry) -> None:
        """One file that was dropped with the wrong rights must not keep the others waiting."""
        if entry.uid not in self._unreadable:
            self._unreadable.add(entry.uid)
            log.warning("Cannot read %s: give us the right to, or remove it.", entry.path)

    def _entries(self) -> Iterator[_Entry]:
        """The delivered mails, each once.

        `new` comes before `cur`: a mail that moves on between the two looks is then seen twice,
        which we notice, and never missed.
        """
        seen: set[str] = set()
        for place in ("new", "cur"):
            for item in _plain_files(self._root / place):
                uid = item.name.partition(":")[0]
                if not _UNIQUE_NAME.match(uid) or uid in seen:
                    continue
                try:
                    stat = item.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                seen.add(uid)
                yield _Entry(Path(item.path), uid, stat.st_size, stat.st_mtime_ns)

    def _paths_of(self, uid: str) -> Iterator[Path]:
        """Where the mail lies; `cur` is looked at last, for mail programs move mails there."""
        as_delivered = self._root / "new" / uid
        is_there = as_delivered.is_file()
        if is_there:
            # Without looking at a thousand others, of which each would look at a thousand.
            yield as_delivered
        for place in ("cur",) if is_there else ("new", "cur"):
            for item in _plain_files(self._root / place):
                if item.name.partition(":")[0] == uid:
                    yield Path(item.path)

    def _adopt_dropped(self) -> None:
        for path in list(self._settled_drops()):
            try:
                # From here on the file's time is when it came to us, as for any delivery.
                os.utime(path)
                path.rename(self._root / "new" / unique_name())
            except FileNotFoundError:
                log.info("A dropped file went away before it was taken.")

    def _settled_drops(self) -> Iterator[Path]:
        """Files dropped by hand that nobody has touched for a while.

        By the inode's change time: writing moves it forward and no program can set it, whereas a
        copy may set the modification time back to that of the original.
        """
        for item in itertools.chain(
            (each for each in _plain_files(self._root) if each.name.lower().endswith(".eml")),
            (each for each in _plain_files(self._root / "new") if _is_dropped(each.name)),
            (each for each in _plain_files(self._root / "cur") if _is_dropped(each.name)),
        ):
            try:
                changed_at_s = item.stat(follow_symlinks=False).st_ctime
            except FileNotFoundError:
                continue
            if time.time() - changed_at_s >= self._settle_s:
                yield Path(item.path)


def make_maildir(root: Path) -> None:
    """Make the three directories of a Maildir, readable by nobody else."""
    for place in ("tmp", "new", "cur"):
        (root / place).mkdir(mode=0o700, parents=True, exist_ok=True)


def unique_name() -> str:
    """A name no delivery on this machine has had or will have."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    host = socket.gethostname().replace("/", "_").replace(":", "_") or "localhost"
    return f"{seconds}.M{nanoseconds // 1000}P{os.getpid()}Q{next(_deliveries)}.{host}"


def headers_of(data: bytes) -> bytes:
    """The bytes up to the first empty line; all of them when there is none."""
    found = re.search(rb"\r?\n\r?\n", data)
    return data[: found.end()] if found else data


def _is_dropped(name: str) -> bool:
    return not _UNIQUE_NAME.match(name.partition(":")[0])


def _plain_files(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as items:
        for item in items:
            if not item.name.startswith(".") and item.is_file(follow_symlinks=False):
                yield item


@contextmanager
def _our_errors(path: Path) -> Iterator[None]:
    """The file system's errors as ours: what a person must mend, and what may pass."""
    try:
        yield
    except (PermissionError, FileNotFoundError, NotADirectoryError, FileExistsError) as error:
        raise PermanentError(f"Cannot use the Maildir {path}: {error.strerror}.") from error
    except OSError as error:
        raise TransientError(f"The Maildir {path} fails: {error.strerror}.") from error
