"""A Maildir as the way out: finished emails become files that any mail program can open."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.adapters.maildir_mailbox import make_maildir
from worker.delivery.ports import Accepted, Outgoing
from worker.kernel.errors import PermanentError, TransientError

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class MaildirTransport:
    """Writes each message to one file, byte for byte, and flushes it before saying so.

    The name comes from Message-ID and recipient alone, so sending a message again leaves one file.
    It ends in `.eml`, so that a double click opens it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def send(self, message: Outgoing) -> Accepted:
        """The path of the file, as the server's reply."""
        with self._our_errors():
            return Accepted(reply=str(self._write(message)))

    def check(self) -> None:
        """Raises unless the folder can be written to."""
        with self._our_errors():
            make_maildir(self._root)

    def close(self) -> None:
        """Nothing is held open."""

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise PermanentError(f"Cannot write to {self._root}: {error.strerror}.") from error
        except OSError as error:
            raise TransientError(f"Writing to {self._root} failed: {error.strerror}.") from error

    def _write(self, message: Outgoing) -> Path:
        make_maildir(self._root)
        name = file_name(message)
        if read := next((self._root / "cur").glob(f"{name}:*"), None):
            # A mail program has shown it already; a second copy would look like a new mail.
            return read
        draft = self._root / "tmp" / f"{name}.{os.getpid()}.{threading.get_ident()}"
        with draft.open("wb") as file:
            file.write(message.content)
            file.flush()
            os.fsync(file.fileno())
        finished = self._root / "new" / name
        draft.replace(finished)
        _flush_directory(finished.parent)
        return finished


def file_name(message: Outgoing) -> str:
    """The same name for the same message and recipient, readable as far as the Message-ID is."""
    told = f"{message.message_id}\0{message.recipient}".encode()
    local = message.message_id.strip("<> ").partition("@")[0]
    readable = _NOT_IN_A_NAME.sub("-", local)[:64].strip("-") or "mail"
    return f"{readable}.{hashlib.sha256(told).hexdigest()[:12]}.eml"


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
