"""SMTP as the way out, against a real receiver that says no, hangs up or drips on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import pytest

from tests.servers.certificates import write_certificate
from tests.servers.processes import free_port
from tests.servers.smtp import CRAWL, DROP, Protection, SmtpServer, running_smtp, tls_context
from tests.servers.wire import wire_to
from worker.adapters.smtp_transport import SmtpRelay, SmtpTransport
from worker.delivery.ports import Outgoing, Rejected
from worker.kernel.errors import OutcomeUnknown, PermanentError, TransientError

_CONTENT = (
    b"From: a@shop.test\r\nTo: c@example.test\r\nMessage-ID: <n1@shop.test>\r\n"
    b"Subject: Invoice\r\n\r\nPlease pay.\r\n"
)

_Security = Literal["starttls", "tls", "plain"]


def _message(content: bytes = _CONTENT, recipient: str = "c@example.test") -> Outgoing:
    return Outgoing("bounce+n1=c@shop.test", recipient, "<n1@shop.test>", content)


class _Changes(TypedDict, total=False):
    port: int
    security: _Security
    username: str
    password: str
    ca_file: Path


@contextmanager
def _to(
    server: SmtpServer, *, deadline_s: float = 20.0, **changes: Unpack[_Changes]
) -> Iterator[SmtpTransport]:
    relay = replace(SmtpRelay(server.host, server.port, "plain"), **changes)
    with closing(SmtpTransport(relay, deadline_s=deadline_s)) as transport:
        yield transport


# -- what arrives


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (_CONTENT, _CONTENT),
        (b"S: x\r\n\r\n.\r\n..\r\n.end", b"S: x\r\n\r\n.\r\n..\r\n.end\r\n"),
        (b".first: x\r\n\r\n", b".first: x\r\n\r\n"),
        (
            b"S: x\n\nsmuggled\n.\nMAIL FROM:<x>\r\n",
            b"S: x\r\n\r\nsmuggled\r\n.\r\nMAIL FROM:<x>\r\n",
        ),
        (b"S: x\r\n\r\nbare\rreturn\r\n", b"S: x\r\n\r\nbare\r\nreturn\r\n"),
    ],
)
def test_the_message_arrives_as_it_was_made(
    smtp_server: SmtpServer, content: bytes, arrives: bytes
) -> None:
    with _to(smtp_server) as transport:
        accepted = transport.send(_message(content))
    [received] = smtp_server.received

    assert received.content == arrives
    assert received.envelope_from == "bounce+n1=c@shop.test"
    assert received.recipient == "c@example.test"
    assert accepted.reply == "250 2.0.0 kept as 1"


def test_a_thread_keeps_its_connection_for_the_next_message(smtp_server: SmtpServer) -> None:
    with _to(smtp_server) as transport:
        for _ in range(3):
            transport.send(_message())
        other = threading.Thread(target=transport.send, args=(_message(),))
        other.start()
        other.join()
        transport.send(_message())
    connections = [received.connection for received in smtp_server.received]

    assert len(connections) == 5
    assert len({*connections[:3], connections[4]}) == 1
    assert connections[3] != connections[0]


def test_a_kept_connection_that_the_server_closed_is_made_anew(smtp_server: SmtpServer) -> None:
    smtp_server.answer("RSET", DROP)
    with _to(smtp_server) as transport:
        transport.send(_message())
        transport.send(_message())

    assert len({received.connection for received in smtp_server.received}) == 2


# -- what the server refuses


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_no_for_good_is_a_fact_about_the_recipient(smtp_server: SmtpServer, command: str) -> None:
    smtp_server.answer(command, "550 5.1.1 nobody here")
    with _to(smtp_server) as transport:
        with pytest.raises(Rejected, match="nobody here") as caught:
            transport.send(_message())
        transport.send(_message())

    assert caught.value.code == 550
    assert len(smtp_server.received) == 1


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["450 4.2.0 greylisted", "421 4.3.2 closing"])
def test_a_no_for_now_is_worth_another_try(
    smtp_server: SmtpServer, command: str, reply: str
) -> None:
    # After a refused EHLO the client says HELO; this receiver would take that.
    smtp_server.answer(command, reply)
    smtp_server.answer("HELO", reply)
    with _to(smtp_server) as transport:
        with pytest.raises(TransientError) as caught:
            transport.send(_message())
        transport.send(_message())

    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.retry_after_s
    assert reply[:3] in str(caught.value)
    assert len(smtp_server.received) == 1


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"])
def test_a_connection_lost_before_the_last_dot_loses_nothing(
    smtp_server: SmtpServer, command: str
) -> None:
    smtp_server.answer(command, DROP)
    # Too long to lie in the sockets' buffers with its last dot when the connection breaks.
    long = _CONTENT + b"0123456789abcdef\r\n" * 400_000
    with _to(smtp_server) as transport:
        with pytest.raises(TransientError) as caught:
            transport.send(_message(long))
        transport.send(_message())

    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(smtp_server.received) == 1


@pytest.mark.parametrize("reply", [DROP, "nonsense", "354 still waiting"])
def test_without_an_answer_to_the_last_dot_nobody_knows(
    smtp_server: SmtpServer, reply: str
) -> None:
    smtp_server.answer("DOT", reply)
    with _to(smtp_server) as transport:
        with pytest.raises(OutcomeUnknown, match="may have taken <n1@shop"):
            transport.send(_message())
        transport.send(_message())

    assert len(smtp_server.received) == 1


def test_nobody_listening_is_worth_another_try() -> None:
    relay = SmtpRelay("127.0.0.1", free_port(), security="plain")
    with closing(SmtpTransport(relay)) as transport, pytest.raises(TransientError, match="refused"):
        transport.send(_message())


# -- the deadline


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("CONNECT", TransientError),
        ("EHLO", TransientError),
        ("RCPT", TransientError),
        ("DOT", OutcomeUnknown),
    ],
)
def test_a_server_that_drips_is_left_at_the_deadline(
    smtp_server: SmtpServer, command: str, error: type[Exception]
) -> None:
    smtp_server.answer(command, CRAWL)
    started = time.monotonic()
    with _to(smtp_server, deadline_s=0.5) as transport, pytest.raises(error) as caught:
        transport.send(_message())

    assert type(caught.value) is error
    assert 0.4 < time.monotonic() - started < 5


def test_a_half_open_connection_is_left_at_the_deadline(smtp_server: SmtpServer) -> None:
    with (
        wire_to(smtp_server.port) as wire,
        _to(smtp_server, port=wire.port, deadline_s=0.5) as transport,
    ):
        transport.send(_message())
        wire.freeze()
        with pytest.raises(TransientError, match="took over"):
            transport.send(_message())


# -- what the server can do


def test_a_message_over_the_servers_limit_is_not_sent() -> None:
    with running_smtp(Protection(size_limit_bytes=1000)) as server, _to(server) as transport:
        with pytest.raises(Rejected, match="the server takes 1000") as caught:
            transport.send(_message(_CONTENT + b"x" * 2000))
        transport.send(_message())

    assert caught.value.code == 552
    assert "DATA" not in server.commands[: server.commands.index("RSET")]
    assert len(server.received) == 1


def test_the_server_hears_the_size_and_that_bytes_are_eight_bits(smtp_server: SmtpServer) -> None:
    content = _CONTENT + "Grüße\r\n".encode()
    with _to(smtp_server) as transport:
        transport.send(_message(content))

    assert set(smtp_server.received[0].options) == {f"SIZE={len(content)}", "BODY=8BITMIME"}


@pytest.mark.parametrize(
    ("recipient", "heard", "options"),
    [
        ("zoë@example.test", "zoë@example.test", {"SMTPUTF8"}),
        ("c@bücher.test", "c@xn--bcher-kva.test", set()),
    ],
)
def test_an_international_address_is_sent_as_the_server_can_take_it(
    smtp_server: SmtpServer, recipient: str, heard: str, options: set[str]
) -> None:
    with _to(smtp_server) as transport:
        transport.send(_message(recipient=recipient))
    [received] = smtp_server.received

    assert received.recipient == heard
    assert {option for option in received.options if "=" not in option} == options


def test_an_international_address_is_refused_where_the_server_takes_none() -> None:
    with running_smtp(Protection(smtputf8=False)) as server, _to(server) as transport:
        with pytest.raises(Rejected, match="ASCII addresses only"):
            transport.send(_message(recipient="zoë@example.test"))
        transport.send(_message(recipient="c@bücher.test"))

    assert len(server.received) == 1


@pytest.mark.parametrize("recipient", ["c@x\r\nRCPT TO:<d@x", "c d@x", "<c@x>", "c@x\0"])
def test_an_address_cannot_carry_a_command(smtp_server: SmtpServer, recipient: str) -> None:
    with _to(smtp_server) as transport, pytest.raises(PermanentError, match="impossible address"):
        transport.send(_message(recipient=recipient))

    assert "MAIL" not in smtp_server.commands


# -- protection


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_out_encrypted_to_a_server_we_trust(tmp_path: Path, security: _Security) -> None:
    certificate, key = write_certificate(tmp_path)
    protection = Protection(tls=tls_context(certificate, key), implicit=security == "tls")
    with running_smtp(protection) as server:
        with _to(server, security=security, ca_file=certificate) as transport:
            transport.send(_message())
            transport.send(_message())
        with (
            _to(server, security=security) as transport,
            pytest.raises(TransientError, match="certificate"),
        ):
            transport.send(_message())

    assert [received.tls for received in server.received] == [True, True]


def test_mail_does_not_go_out_in_the_clear_when_encryption_was_asked_for(
    smtp_server: SmtpServer,
) -> None:
    with (
        _to(smtp_server, security="starttls") as transport,
        pytest.raises(TransientError, match="STARTTLS"),
    ):
        transport.send(_message())

    assert "MAIL" not in smtp_server.commands


@pytest.mark.parametrize(
    ("username", "password", "told"),
    [("shop", "wrong", "refused our sign-in"), ("", "", "wants us to sign in")],
)
def test_a_refused_sign_in_says_nothing_about_the_recipient(
    tmp_path: Path, username: str, password: str, told: str
) -> None:
    certificate, key = write_certificate(tmp_path)
    asked = Protection(tls=tls_context(certificate, key), username="shop", password="secret")
    with running_smtp(asked) as server:
        secure = partial(_to, server, security="starttls", ca_file=certificate)
        with (
            secure(username=username, password=password) as transport,
            pytest.raises(TransientError, match=told) as caught,
        ):
            transport.send(_message())
        with secure(username="shop", password="secret") as transport:
            transport.send(_message())

    assert caught.value.retry_after_s == 900
    assert len(server.received) == 1


def test_a_password_that_smtp_cannot_carry_is_said_so_at_the_start() -> None:
    with pytest.raises(PermanentError, match="plain ASCII"):
        SmtpTransport(SmtpRelay("127.0.0.1", 25, username="zoë", password="x"))
