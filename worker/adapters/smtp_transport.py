"""SMTP as the way out: one message for one recipient to the mail server of the settings (RFC 5321).

The standard library's client speaks; what is ours is the one total deadline, the reuse of
connections, and knowing when nobody can say whether the message was taken.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from worker.delivery.ports import Accepted, Outgoing, Rejected
from worker.kernel.errors import OutcomeUnknown, PermanentError, TransientError

_CONNECT_S = 30.0
_QUIT_S = 2.0
# Servers end idle connections after a minute or more, and long sessions after some mails.
_IDLE_S = 30.0
_MESSAGES_PER_CONNECTION = 100

_RETRY_LOST_S = 60
_RETRY_REFUSED_S = 300
_RETRY_SIGN_IN_S = 900
# RFC 1047's window: a slow server may still be storing what we think is lost.
_RETRY_UNKNOWN_S = 600

# "Sign in first", "mechanism too weak", "wrong password", "needs encryption" (RFC 4954, section 6):
# a fault of our settings, never a word about the recipient.
_SIGN_IN_CODES = frozenset({530, 534, 535, 538})
_LINE_END = re.compile(rb"\r\n|\r|\n")
_NOT_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True)
class SmtpRelay:
    """Where to hand mails over. `hostname` is how we introduce ourselves, else by our own name.

    `ca_file` is for a server whose certificate comes from an authority of its own. With `starttls`
    a server that does not offer it gets no mail.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "plain"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    hostname: str = ""
    ca_file: Path | None = None


@dataclass(slots=True)
class _Connection:
    client: smtplib.SMTP
    used_at_s: float
    messages: int = 0

    def may_be_reused(self) -> bool:
        idle_s = time.monotonic() - self.used_at_s
        return idle_s < _IDLE_S and self.messages < _MESSAGES_PER_CONNECTION


class _Deadline:
    """Cuts the connection when the time is up, however slowly the server drips.

    The library's own timeout starts anew with every byte.
    """

    def __init__(self) -> None:
        self.client: smtplib.SMTP | None = None
        self.has_passed = False

    def cut(self) -> None:
        self.has_passed = True
        connection = self.client.sock if self.client else None
        if connection is not None:
            # Past the TLS layer, which another thread is using.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class SmtpTransport:
    """Each thread keeps a connection of its own for the next message.

    A refused sign-in is a TransientError: mails wait while somebody mends the password.
    """

    def __init__(self, relay: SmtpRelay, *, deadline_s: float = 120.0) -> None:
        if not (relay.username + relay.password).isascii():
            raise PermanentError("The SMTP user name and password must be plain ASCII.")
        self._relay = relay
        self._deadline_s = deadline_s
        # Loading the certificates of the machine takes longer than a message.
        is_plain = relay.security == "plain"
        self._trust = None if is_plain else ssl.create_default_context(cafile=relay.ca_file)
        self._kept = threading.local()
        self._open: set[smtplib.SMTP] = set()

    def send(self, message: Outgoing) -> Accepted:
        """The server's acceptance; see `delivery.ports.Transport` for what is raised."""
        for address in (message.envelope_from, message.recipient):
            if _NOT_IN_AN_ADDRESS.search(address):
                raise PermanentError(f"Message {message.message_id} has an impossible address.")
        with self._deadline() as deadline:
            connection = self._ready(deadline)
            try:
                self._hand_over(connection.client, message)
                accepted = self._finish(connection.client, message, deadline)
            except (OutcomeUnknown, OSError):
                self._drop(connection)
                raise
            connection.messages += 1
            connection.used_at_s = time.monotonic()
            return accepted

    def check(self) -> None:
        """Raises unless the server greets us and takes our sign-in."""
        with self._deadline() as deadline:
            self._ready(deadline)

    def close(self) -> None:
        """Take leave of the server on every connection; never raises."""
        for client in list(self._open):
            if client.sock:
                client.sock.settimeout(_QUIT_S)
            with suppress(OSError):
                client.quit()
            client.close()
            self._open.discard(client)

    @contextmanager
    def _deadline(self) -> Iterator[_Deadline]:
        """One time limit for all that is said; the library's errors as ours."""
        deadline = _Deadline()
        timer = threading.Timer(self._deadline_s, deadline.cut)
        timer.daemon = True
        timer.start()
        where = f"{self._relay.host}:{self._relay.port}"
        try:
            yield deadline
        except smtplib.SMTPAuthenticationError as error:
            told = f"{where} refused our sign-in ({error.smtp_code}); check user name and password."
            raise TransientError(told, retry_after_s=_RETRY_SIGN_IN_S) from error
        except OSError as error:
            what = f"took over {self._deadline_s:g} s" if deadline.has_passed else _words(error)
            told = f"SMTP on {where} failed: {what}"
            raise TransientError(told, retry_after_s=_RETRY_LOST_S) from error
        finally:
            timer.cancel()

    def _ready(self, deadline: _Deadline) -> _Connection:
        kept: _Connection | None = getattr(self._kept, "connection", None)
        if kept is not None:
            deadline.client = kept.client
            if kept.may_be_reused() and _is_alive(kept.client):
                return kept
            self._drop(kept)
        client = deadline.client = self._client()
        connection = _Connection(client, time.monotonic())
        self._open.add(client)
        try:
            self._greet(client)
            if deadline.has_passed:
                raise TimeoutError
        except OSError:
            self._drop(connection)
            raise
        self._kept.connection = connection
        return connection

    def _client(self) -> smtplib.SMTP:
        """A client that has not connected yet: connecting counts against the deadline, too."""
        name = self._relay.hostname or _own_name()
        timeout_s = min(_CONNECT_S, self._deadline_s)
        if self._relay.security == "tls":
            return smtplib.SMTP_SSL(local_hostname=name, timeout=timeout_s, context=self._trust)
        return smtplib.SMTP(local_hostname=name, timeout=timeout_s)

    def _greet(self, client: smtplib.SMTP) -> None:
        relay = self._relay
        # The name that TLS compares with the certificate; only the constructor would set it.
        client._host = relay.host  # type: ignore[attr-defined]
        code, told = client.connect(relay.host, relay.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, told)
        client.ehlo_or_helo_if_needed()
        if relay.security == "starttls":
            client.starttls(context=self._trust)
            client.ehlo()
        if relay.username:
            client.login(relay.username, relay.password)
        if client.sock:
            client.sock.settimeout(self._deadline_s)

    def _hand_over(self, client: smtplib.SMTP, message: Outgoing) -> None:
        """All but the last dot. Without it nobody can have taken the message."""
        data = _on_the_wire(message.content)
        sender, recipient = _ascii_domain(message.envelope_from), _ascii_domain(message.recipient)
        international = not (sender + recipient + _header_text(data)).isascii()
        # Written down here: the library takes every address apart once more.
        client.command_encoding = "utf-8" if international else "ascii"
        options = _options(client, data, international=international)
        _check(client.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options])))
        _check(client.docmd("RCPT", f"TO:<{recipient}>"))
        _check(client.docmd("DATA"), wanted=3)
        client.send(data)

    def _finish(self, client: smtplib.SMTP, message: Outgoing, deadline: _Deadline) -> Accepted:
        """The last dot, and what the server says to it."""
        try:
            client.send(b".\r\n")
            code, told = client.getreply()
        except OSError as error:
            code, told = -1, str(error).encode()
        # The library takes half a line for a reply when the connection ends in it, as ours does.
        if deadline.has_passed or code // 100 not in (2, 4, 5):
            raise OutcomeUnknown(
                f"{self._relay.host} may have taken {message.message_id}: "
                f"{told.decode(errors='replace')}",
                retry_after_s=_RETRY_UNKNOWN_S,
            )
        return Accepted(reply=_check((code, told)))

    def _drop(self, connection: _Connection) -> None:
        self._kept.connection = None
        self._open.discard(connection.client)
        connection.client.close()


def _check(reply: tuple[int, bytes], *, wanted: int = 2) -> str:
    """The reply as a line, if its first digit is the wanted one; else what it means for us."""
    code, told = reply
    line = f"{code} {told.decode(errors='replace')}".replace("\n", " ")
    if code // 100 == wanted:
        return line
    if code // 100 not in (4, 5):
        raise smtplib.SMTPServerDisconnected(line)
    if code in _SIGN_IN_CODES:
        raise TransientError(
            f"The server wants us to sign in: {line}", retry_after_s=_RETRY_SIGN_IN_S
        )
    if code // 100 == 4:
        raise TransientError(f"The server says: {line}", retry_after_s=_RETRY_REFUSED_S)
    raise Rejected(line, code=code)


def _own_name() -> str:
    """This machine's full name if it has one; without asking the DNS, which may take its time."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _words(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {words}"
    return str(error)


def _options(client: smtplib.SMTP, data: bytes, *, international: bool) -> list[str]:
    """What MAIL must say about the message; Rejected where the server cannot take it at all."""
    options = []
    if client.has_extn("size"):
        most = client.esmtp_features["size"]
        if most.isdigit() and 0 < int(most) < len(data):
            raise Rejected(f"552 5.3.4 {len(data)} bytes, the server takes {most}", code=552)
        options.append(f"SIZE={len(data)}")
    if not data.isascii() and client.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if international:
        if not client.has_extn("smtputf8"):
            raise Rejected("553 5.6.7 the server takes ASCII addresses only", code=553)
        options.append("SMTPUTF8")
    return options


def _is_alive(client: smtplib.SMTP) -> bool:
    """Whether the server still answers; also ends whatever went wrong with the last message."""
    try:
        return client.rset()[0] == 250
    except OSError:
        return False


def _on_the_wire(content: bytes) -> bytes:
    """The message as DATA sends it, less the last dot: CRLF line ends only, dots doubled.

    A bare line feed left in could end the message early for some servers (SMTP smuggling).
    """
    lines = content.count(b"\r\n")
    is_clean = lines == content.count(b"\n") == content.count(b"\r")
    data = content if is_clean else _LINE_END.sub(b"\r\n", content)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _header_text(data: bytes) -> str:
    return data.partition(b"\r\n\r\n")[0].decode(errors="replace")


def _ascii_domain(address: str) -> str:
    """The address with its domain in ASCII, so that most servers can take it."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise Rejected(f"553 5.1.2 {domain} is no domain name", code=553) from None
