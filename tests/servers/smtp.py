"""A real SMTP receiver for tests (aiosmtpd): keeps what comes and misbehaves on demand."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import AnyStr

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.processes import free_port

# Scripted replies that are not words: cut the connection, or answer a byte at a time for ever.
DROP = "<drop>"
CRAWL = "<crawl>"


@dataclass(frozen=True)
class Received:
    """One accepted message, with what the envelope said."""

    envelope_from: str
    recipient: str
    content: bytes
    options: tuple[str, ...]
    connection: str
    tls: bool


@dataclass(frozen=True)
class Protection:
    """What the receiver asks of its clients; a user name needs TLS by STARTTLS."""

    tls: ssl.SSLContext | None = None
    implicit: bool = False
    username: str = ""
    password: str = ""
    smtputf8: bool = True
    size_limit_bytes: int = 40_000_000


class SmtpServer:
    """A receiver on a loopback port. Scripted answers are used up in order, then it accepts."""

    def __init__(self, protection: Protection | None = None) -> None:
        self.protection = protection or Protection()
        self.host = "localhost" if self.protection.tls else "127.0.0.1"
        self.port = free_port()
        self.received: list[Received] = []
        self.commands: list[str] = []
        self._script: dict[str, deque[str]] = defaultdict(deque)
        self._arrived = threading.Condition()
        self._connections: set[SMTP] = set()
        self._controller = _Controller(self)

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """Cut every connection and stop listening."""
        closing = asyncio.run_coroutine_threadsafe(self._cut(), self._controller.loop)
        closing.result(timeout=10)
        self._controller.stop()

    def answer(self, command: str, reply: str, *, times: int = 1) -> None:
        """Answer the command so, `times` times.

        Commands: CONNECT, EHLO, HELO, MAIL, RCPT, DATA (before the message), BODY (DROP only, in
        the middle of it), DOT (after it), RSET.
        """
        self._script[command].extend([reply] * times)

    def next_reply(self, command: str) -> str | None:
        """The scripted reply for the command, used up."""
        self.commands.append(command)
        script = self._script[command]
        return script.popleft() if script else None

    def watch(self, connection: SMTP) -> None:
        """Note a connection, to be cut at the end."""
        self._connections.add(connection)

    def keep(self, message: Received) -> None:
        """Note an accepted message."""
        with self._arrived:
            self.received.append(message)
            self._arrived.notify_all()

    def await_messages(self, count: int, *, timeout_s: float = 30) -> list[Received]:
        """What came, once there are `count` of them."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.received) >= count, timeout_s):
                raise TimeoutError(f"{len(self.received)} of {count} messages after {timeout_s} s")
            return list(self.received)

    async def _cut(self) -> None:
        for connection in self._connections:
            transport = connection.transport  # None once it has ended.
            if isinstance(transport, asyncio.Transport) and not transport.is_closing():
                transport.abort()
        # The loop tells each connection of its end on its next turns.
        for _ in range(3):
            await asyncio.sleep(0)


class _Controller(Controller):
    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        implicit = server.protection.tls if server.protection.implicit else None
        super().__init__(
            _Keeper(server),
            hostname="127.0.0.1",
            port=server.port,
            ssl_context=implicit,
            ready_timeout=20,
        )

    def factory(self) -> SMTP:
        return _ScriptedSmtp(self._server, self.handler, self.loop)


class _ScriptedSmtp(SMTP):
    def __init__(
        self, server: SmtpServer, keeper: _Keeper, loop: asyncio.AbstractEventLoop
    ) -> None:
        asked = server.protection
        super().__init__(
            keeper,
            hostname="mx.example.test",
            ident="ready",
            data_size_limit=asked.size_limit_bytes,
            enable_SMTPUTF8=asked.smtputf8,
            tls_context=None if asked.implicit else asked.tls,
            require_starttls=bool(asked.tls) and not asked.implicit,
            auth_required=bool(asked.username),
            authenticator=self._check,
            loop=loop,
        )
        self._server = server

    def _check(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        asked = self._server.protection
        expected = LoginPassword(asked.username.encode(), asked.password.encode())
        return AuthResult(success=data == expected, handled=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.watch(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        # A client that hangs up is part of the tests, not an error to report.
        super().connection_lost(None)

    async def _handle_client(self) -> None:
        if not await self._play("CONNECT"):
            await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._play("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        if not await self._play("HELO"):
            await super().smtp_HELO(hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._play("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._play("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: str) -> None:
        if not await self._play("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if await self._play("DATA"):
            return
        if self._server.next_reply("BODY") == DROP:
            await self.push("354 go on")
            await self._reader.readuntil(b"\r\n")
            await self._drop()
        await super().smtp_DATA(arg)

    async def _play(self, command: str) -> bool:
        reply = self._server.next_reply(command)
        if reply is not None:
            await self.push(reply)
        return reply is not None

    async def push(self, status: AnyStr) -> None:
        if status == DROP:
            await self._drop()
        if status == CRAWL:
            await self._crawl()
        await super().push(status)

    async def _drop(self) -> None:
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.abort()
        await asyncio.Event().wait()  # Until the lost connection cancels us.

    async def _crawl(self) -> None:
        while True:
            self._writer.write(b"2")
            await self._writer.drain()
            await asyncio.sleep(0.05)


class _Keeper:
    """Says yes or what the script says, and keeps the message."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self._server.next_reply("DOT")
        if reply is not None:
            return reply
        transport = server.transport
        assert transport is not None
        is_protected = transport.get_extra_info("ssl_object") is not None
        self._server.keep(
            Received(
                envelope_from=envelope.mail_from or "",
                recipient=envelope.rcpt_tos[0],
                content=envelope.original_content or b"",
                options=tuple(envelope.mail_options),
                connection=str(session.peer),
                tls=session.ssl is not None or is_protected,
            )
        )
        return f"250 2.0.0 kept as {len(self._server.received)}"


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What the receiver needs to speak TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextmanager
def running_smtp(protection: Protection | None = None) -> Iterator[SmtpServer]:
    """A fresh receiver, gone at the end."""
    server = SmtpServer(protection)
    server.start()
    try:
        yield server
    finally:
        server.stop()
