"""A folder of an IMAP account as mailbox: IMAP4rev1 (RFC 3501) and what many servers add to it.

IDLE is RFC 2177, UID EXPUNGE RFC 4315, MOVE RFC 6851, response codes RFC 5530. `\\Seen` is never
looked at and never set: a person who reads the mailbox must not make us miss a mail.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from imapclient import DELETED, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from worker.intake.ports import Arrival, Spot
from worker.kernel.errors import PermanentError, TransientError

log = logging.getLogger(__name__)

_CONNECT_S = 15.0
_READ_S = 30.0
# RFC 2177 has servers end an IDLE after 30 minutes and clients renew it before 29.
_IDLE_S = 28 * 60.0
_POLL_S = 60.0
_CHUNK_BYTES = 1024 * 1024
_HEADERS_MAX_BYTES = 64 * 1024
# imaplib refuses a line of more than a megabyte, which a search of a huge folder would make.
_SEARCH_WINDOW = 20_000
# Refusals of a correct password (RFC 5530, and what large providers say in words).
_BUSY_WORDS = (
    "[unavailable]",
    "[inuse]",
    "[limit]",
    "[serverbug]",
    "throttl",
    "too many",
    "tempor",
)
# The library lets the last five out where a server answers nonsense (tried by garbling the wire).
_FAILURES = (
    IMAPClientError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """Where to sign in, and the folder to watch.

    `ca_file` is for a server whose certificate comes from an authority of its own.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    security: Literal["tls", "starttls", "plain"] = "tls"
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class _View:
    """What the folder was when it was last selected. `next_uid` is 0 where a server hides it."""

    epoch: str
    next_uid: int
    count: int


class ImapMailbox:
    """Connects when first used; after an error the next call connects anew.

    A mail larger than `limit_bytes` comes as headers only, by the size that the server announces
    and, should that be wrong, by what arrives.
    """

    def __init__(self, account: ImapAccount, *, limit_bytes: int) -> None:
        self._account = account
        self._limit_bytes = limit_bytes
        self._client: IMAPClient | None = None
        self._view: _View | None = None
        self._offered: _View | None = None
        self._folders: dict[str, str] = {}

    def arrivals(self, *, limit: int, known: Collection[Spot] = ()) -> Iterator[Arrival]:
        """Mails now in the folder, oldest first, at most `limit`.

        Those marked as deleted and those at `known` spots are passed over.
        """
        with self._our_errors():
            client, view = self._select()
            here = {int(spot.uid) for spot in known if spot.epoch == view.epoch}
            fresh = (uid for uid in _undeleted(client, view.count) if uid not in here)
            uids = list(islice(fresh, limit + 1))
            facts = client.fetch(uids[:limit], ["RFC822.SIZE", "INTERNALDATE"])
        # With mails left over, the next `wait` must return at once.
        self._offered = view if len(uids) <= limit else None
        return self._fetch_each(view, facts)

    def file(self, spot: Spot, folder: str) -> None:
        """Move the mail to the folder; one that is no longer here was moved before.

        Where the server cannot MOVE, a crash between copy and expunge leaves a second copy in the
        folder, never none. Where it cannot expunge one mail alone either, the mail stays behind
        marked as deleted, and is not offered again.
        """
        with self._our_errors():
            # Selected anew each time: a session on a folder that was deleted and made again may
            # show the new mails under the old epoch (Dovecot 2.3 does).
            client, view = self._select()
            if spot.epoch != view.epoch:
                # The server numbered its mails anew: this number may be another mail by now.
                log.info("Mail %s of epoch %s is gone; epoch %s.", spot.uid, spot.epoch, view.epoch)
                return
            self._move(client, int(spot.uid), self._ready_folder(client, folder))

    def wait(self, timeout_s: float) -> None:
        """Return when there may be a mail that the last `arrivals` did not see, or after a while.

        The while is `timeout_s`; at most 60 s where the server cannot tell us of new mail.
        """
        deadline = time.monotonic() + timeout_s
        with self._our_errors():
            # Selecting again says what came since; what comes from here on, IDLE will say.
            client, view = self._select()
            if self._offered is None or _has_news(self._offered, view):
                return
            if not view.next_uid or not client.has_capability("IDLE"):
                time.sleep(min(timeout_s, _POLL_S))
                return
            while (left_s := deadline - time.monotonic()) > 0:
                if _idle(client, min(left_s, _IDLE_S)):
                    return

    def close(self) -> None:
        """Sign out; never raises."""
        if self._client is not None:
            with suppress(*_FAILURES):
                self._client.logout()
        self._drop()

    def _fetch_each(self, view: _View, facts: dict[int, dict[bytes, Any]]) -> Iterator[Arrival]:
        for uid, fact in facts.items():
            with self._our_errors():
                arrival = self._fetch(view, uid, fact)
            if arrival is not None:
                yield arrival

    def _fetch(self, view: _View, uid: int, fact: dict[bytes, Any]) -> Arrival | None:
        client = self._selected(view)
        size_bytes = int(fact.get(b"RFC822.SIZE", 0))
        if size_bytes > self._limit_bytes:
            raw, headers = None, _chunk(client, uid, "HEADER", 0, _HEADERS_MAX_BYTES)
        else:
            raw, headers = self._download_checked(client, uid, size_bytes), b""
        if raw is None and headers is None:
            return None  # Somebody moved it since we looked.
        if raw is not None and len(raw) > self._limit_bytes:
            size_bytes, headers, raw = len(raw), raw[:_HEADERS_MAX_BYTES], None
        arrived_at = fact.get(b"INTERNALDATE") or datetime.now(UTC)
        return Arrival(
            spot=Spot(folder=self._account.folder, epoch=view.epoch, uid=str(uid)),
            size_bytes=size_bytes,
            arrived_at=arrived_at.astimezone(UTC),
            raw=raw,
            headers=headers or b"",
        )

    def _download_checked(self, client: IMAPClient, uid: int, size_bytes: int) -> bytes | None:
        """The mail, read twice if its size is not as announced.

        Exchange announces estimates, so a wrong size alone proves nothing; two equal readings do.
        """
        first = self._download(client, uid)
        if first is None or len(first) == size_bytes:
            return first
        if self._download(client, uid) == first:
            return first
        raise TransientError(f"Mail {uid} on {self._account.host} came differently twice.")

    def _download(self, client: IMAPClient, uid: int) -> bytes | None:
        data = bytearray()
        while len(data) <= self._limit_bytes:
            chunk = _chunk(client, uid, "", len(data), _CHUNK_BYTES)
            if chunk is None:
                return None
            data += chunk
            if len(chunk) < _CHUNK_BYTES:
                break
        return bytes(data)

    def _move(self, client: IMAPClient, uid: int, folder: str) -> None:
        # A UID command passes over a number that is no longer there (RFC 3501, 6.4.8).
        if client.has_capability("MOVE"):
            client.move([uid], folder)
            return
        flags = client.get_flags([uid]).get(uid)
        if flags is None:
            return
        if DELETED not in flags:  # Else a copy was made before we were interrupted.
            client.copy([uid], folder)
            client.add_flags([uid], [DELETED], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge([uid])
        else:
            # A bare EXPUNGE would also remove what a person has only marked.
            log.warning(
                "%s cannot remove single mails: filed mails stay in %s marked as deleted.",
                self._account.host,
                self._account.folder,
            )

    def _ready_folder(self, client: IMAPClient, folder: str) -> str:
        """The folder's full name on this server; made and subscribed to if missing."""
        if folder not in self._folders:
            prefix, separator = _personal_namespace(client)
            name = prefix + folder.replace("/", separator)
            if not client.folder_exists(name):
                client.create_folder(name)
                client.subscribe_folder(name)
            self._folders[folder] = name
        return self._folders[folder]

    def _selected(self, view: _View) -> IMAPClient:
        if self._client is None or self._view is None or self._view.epoch != view.epoch:
            raise TransientError(f"The folder on {self._account.host} changed while it was read.")
        return self._client

    def _select(self) -> tuple[IMAPClient, _View]:
        client = self._client = self._client or self._connect()
        folder = self._account.folder
        try:
            answer = client.select_folder(folder)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            if client.folder_exists(folder):
                raise
            raise PermanentError(f"There is no folder {folder} on {self._account.host}.") from error
        if b"UIDVALIDITY" not in answer:
            raise TransientError(f"{self._account.host} gives {folder} no UIDVALIDITY.")
        view = _View(
            epoch=str(answer[b"UIDVALIDITY"]),
            next_uid=answer.get(b"UIDNEXT", 0),
            count=answer[b"EXISTS"],
        )
        self._view = view
        return client, view

    def _connect(self) -> IMAPClient:
        account = self._account
        is_plain = account.security == "plain"
        trust = None if is_plain else ssl.create_default_context(cafile=account.ca_file)
        client = IMAPClient(
            account.host,
            account.port,
            ssl=account.security == "tls",
            ssl_context=trust,
            timeout=SocketTimeout(connect=_CONNECT_S, read=_READ_S),
        )
        try:
            if account.security == "starttls":
                client.starttls(trust)
            _keep_alive(client.socket())
            _sign_in(client, account)
        except (PermanentError, *_FAILURES):
            with suppress(*_FAILURES):
                client.shutdown()
            raise
        client.normalise_times = False
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        self._view = None
        self._folders.clear()
        if client is not None:
            with suppress(*_FAILURES):
                client.shutdown()

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        """The server's errors as ours; the connection is not used again after one."""
        try:
            yield
        except (TransientError, PermanentError):
            self._drop()
            raise
        except _FAILURES as error:
            self._drop()
            raise TransientError(f"IMAP on {self._account.host} failed: {error}.") from error


def _sign_in(client: IMAPClient, account: ImapAccount) -> None:
    """LOGIN, or AUTHENTICATE PLAIN for a word that LOGIN cannot carry."""
    try:
        if (account.username + account.password).isascii():
            client.login(account.username, account.password)
        else:
            client.plain_login(account.username, account.password)
    except LoginError as error:
        # imapclient reports a connection lost during sign-in as a failed sign-in, too.
        lost = isinstance(error.__context__, IMAPClientAbortError)
        if lost or any(word in str(error).lower() for word in _BUSY_WORDS):
            raise
        raise PermanentError(f"{account.host} refused the user name or password.") from error


def _undeleted(client: IMAPClient, count: int) -> Iterator[int]:
    """The numbers of the mails that are not marked as deleted, oldest first."""
    for start in range(1, count + 1, _SEARCH_WINDOW):
        end = min(start + _SEARCH_WINDOW - 1, count)
        yield from sorted(client.search([f"{start}:{end}", "UNDELETED"]))


def _chunk(client: IMAPClient, uid: int, section: str, start: int, length: int) -> bytes | None:
    """Part of a mail, without marking it as seen; None when the mail is gone."""
    answer = client.fetch([uid], [f"BODY.PEEK[{section}]<{start}.{length}>"])
    for name, value in answer.get(uid, {}).items():
        if name.startswith(b"BODY["):
            return bytes(value or b"")
    return None


def _idle(client: IMAPClient, timeout_s: float) -> bool:
    """Whether the server spoke of mail within the time.

    `idle_check` hides a lost connection; ending the IDLE brings it to light.
    """
    client.idle()
    said = client.idle_check(timeout=timeout_s)
    _, rest = client.idle_done()
    return any(len(each) > 1 and each[1] == b"EXISTS" for each in [*said, *rest])


def _has_news(before: _View, now: _View) -> bool:
    return now.epoch != before.epoch or now.next_uid > before.next_uid


def _personal_namespace(client: IMAPClient) -> tuple[str, str]:
    """The prefix that our own folders need (`INBOX.` on some servers), and the separator."""
    if client.has_capability("NAMESPACE") and (spaces := client.namespace().personal):
        prefix, separator = spaces[0]
        return prefix, separator or "/"
    return "", "/"


def _keep_alive(connection: socket.socket) -> None:
    """Have the kernel notice within two minutes that the other side is gone while we only wait."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
