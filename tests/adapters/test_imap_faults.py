"""What becomes of mails when the server or the wire to it fails."""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing

import pytest
from imapclient import IMAPClient

from tests.adapters.imap import LIMIT_BYTES, MAIL, file_all, opened, raws
from tests.servers.dovecot import Account, DovecotServer, running_dovecot
from tests.servers.wire import Wire
from worker.adapters.imap_mailbox import ImapAccount, ImapMailbox
from worker.intake.ports import Spot
from worker.kernel.errors import TransientError


def test_a_server_that_went_away_is_found_again() -> None:
    with running_dovecot() as server:
        account = server.add_account()
        server.deliver(account, MAIL)
        server.deliver(account, MAIL)
        with closing(opened(server, account)) as box:
            arrivals = box.arrivals(limit=9)
            first = next(arrivals)
            server.stop()
            with pytest.raises(TransientError):
                next(arrivals)
            with pytest.raises(TransientError):
                box.file(first.spot, "Processed")
            with pytest.raises(TransientError):
                box.wait(9)
            server.start()
            box.file(first.spot, "Processed")

            assert len(raws(box)) == 1


def test_a_server_that_goes_away_while_we_wait_is_noticed_at_once(
    dovecot: DovecotServer, account: Account, wire: Wire
) -> None:
    with closing(opened(dovecot, account, port=wire.port)) as box:
        assert raws(box) == []
        cut = threading.Timer(0.3, wire.cut)
        cut.start()
        started = time.monotonic()
        with pytest.raises(TransientError):
            box.wait(60)
        cut.join()
        assert time.monotonic() - started < 10
        assert raws(box) == []


def test_a_mail_cut_in_the_middle_is_read_again_whole(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    raw = b"Subject: long\r\n\r\n" + b"0123456789abcdef\r\n" * 50_000
    person.append("INBOX", raw)

    def cut_in_the_body(data: bytes) -> bytes:
        if b"0123456789abcdef" in data:
            wire.edit = lambda later: later
            wire.cut()
            return b""
        return data

    wire.edit = cut_in_the_body
    with closing(opened(dovecot, account, port=wire.port)) as box:
        with pytest.raises(TransientError):
            raws(box)
        assert raws(box) == [raw]


def test_a_wrong_size_is_an_estimate_when_the_mail_comes_the_same_twice(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", MAIL)
    wire.edit = lambda data: re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 99", data)
    with closing(opened(dovecot, account, port=wire.port)) as box:
        assert raws(box) == [MAIL]


def test_a_mail_that_comes_differently_each_time_is_not_taken(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", MAIL)
    letters = iter(b"abcdefghijklmnop")

    def garble(data: bytes) -> bytes:
        data = re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 99", data)
        return data.replace(b"Hello", b"Hell%c" % next(letters)) if b"Hello" in data else data

    wire.edit = garble
    with (
        closing(opened(dovecot, account, port=wire.port)) as box,
        pytest.raises(TransientError, match="differently twice"),
    ):
        raws(box)


def test_a_small_announcement_does_not_bring_a_large_mail(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", b"Subject: Big\r\n\r\n" + b"x" * (LIMIT_BYTES + 3_000_000))
    wire.edit = lambda data: re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 99", data)
    with closing(opened(dovecot, account, port=wire.port)) as box:
        [arrival] = box.arrivals(limit=9)

    assert arrival.raw is None
    assert arrival.headers.startswith(b"Subject: Big\r\n")


def test_a_server_that_hides_its_epoch_is_not_read(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", MAIL)
    wire.edit = lambda data: data.replace(b"[UIDVALIDITY", b"[UIDVALIDIDY")
    with (
        closing(opened(dovecot, account, port=wire.port)) as box,
        pytest.raises(TransientError, match="no UIDVALIDITY"),
    ):
        raws(box)


@pytest.mark.parametrize(
    ("said", "garbled"),
    [
        (rb"\d+ EXISTS", b"many EXIST"),
        (rb"\[UIDVALIDITY \d+", b"[UIDVALIDITY 12*4"),
        (rb"\* SEARCH 1", b"* SEARCH first"),
        (rb"\* NAMESPACE .*", b"* NAMESPACE (7) NIL NIL\r"),
        (rb"\* 1 FETCH \(", b"* 1 FETCH ((("),
        (rb"CAPABILITY ", b"CAPABILITY \xff"),
    ],
)
def test_nonsense_from_the_server_is_worth_another_try(
    dovecot: DovecotServer,
    account: Account,
    person: IMAPClient,
    wire: Wire,
    said: bytes,
    garbled: bytes,
) -> None:
    person.append("INBOX", MAIL)
    with closing(opened(dovecot, account, port=wire.port)) as box:
        wire.edit = lambda data: re.sub(said, garbled, data)
        with pytest.raises(TransientError):
            file_all(box)
        wire.edit = lambda data: data
        assert raws(box) == [MAIL]


def test_nobody_listening_is_worth_another_try(account: Account, wire: Wire) -> None:
    wire.close()
    settings = ImapAccount("127.0.0.1", wire.port, "a", "b", security="plain")
    with closing(ImapMailbox(settings, limit_bytes=9)) as box, pytest.raises(TransientError):
        box.file(Spot("INBOX", "1", "1"), "Processed")
