"""A folder on a real Dovecot as mailbox, and what happens when the server or the wire fails."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import pytest
from imapclient import DELETED, SEEN, IMAPClient

from tests.servers.dovecot import Account, DovecotServer, running_dovecot
from tests.servers.wire import Wire, wire_to
from worker.adapters.imap_mailbox import ImapAccount, ImapMailbox
from worker.intake.ports import Spot
from worker.kernel.errors import PermanentError, TransientError

_MAIL = b"From: a@example.test\r\nSubject: An invoice\r\n\r\nHello.\r\n"
_LIMIT_BYTES = 4_000_000


@pytest.fixture
def account(dovecot: DovecotServer) -> Account:
    return dovecot.add_account()


@pytest.fixture
def person(dovecot: DovecotServer, account: Account) -> Iterator[IMAPClient]:
    """A person's own mail program on the same account."""
    with _person(dovecot, account) as client:
        yield client


@pytest.fixture
def box(dovecot: DovecotServer, account: Account) -> Iterator[ImapMailbox]:
    with closing(_open(dovecot, account)) as opened:
        yield opened


@pytest.fixture
def wire(dovecot: DovecotServer) -> Iterator[Wire]:
    with wire_to(dovecot.imap_port) as running:
        yield running


@contextmanager
def _person(server: DovecotServer, account: Account) -> Iterator[IMAPClient]:
    with IMAPClient("127.0.0.1", server.imap_port, ssl=False) as client:
        client.login(account.name, account.password)
        yield client


def _settings(server: DovecotServer, account: Account) -> ImapAccount:
    return ImapAccount(
        "127.0.0.1", server.imap_port, account.name, account.password, security="plain"
    )


def _open(server: DovecotServer, account: Account, **changes: object) -> ImapMailbox:
    return ImapMailbox(replace(_settings(server, account), **changes), limit_bytes=_LIMIT_BYTES)


def _raws(box: ImapMailbox) -> list[bytes | None]:
    return [arrival.raw for arrival in box.arrivals(limit=9)]


def _file_all(box: ImapMailbox) -> None:
    for arrival in box.arrivals(limit=9):
        box.file(arrival.spot, "Processed")


def _texts(person: IMAPClient, folder: str) -> list[bytes]:
    person.select_folder(folder, readonly=True)
    found = person.fetch(person.search("ALL"), ["BODY.PEEK[]"])
    return [answer[b"BODY[]"] for answer in found.values()]


# -- what the mailbox gives


def test_mails_come_oldest_first_and_unmarked(box: ImapMailbox, person: IMAPClient) -> None:
    for number in range(3):
        person.append("INBOX", b"Subject: %d\r\n\r\n" % number)

    assert [arrival.raw for arrival in box.arrivals(limit=2)] == [
        b"Subject: 0\r\n\r\n",
        b"Subject: 1\r\n\r\n",
    ]
    assert len(_raws(box)) == 3
    person.select_folder("INBOX", readonly=True)
    assert all(SEEN not in flags for flags in person.get_flags(person.search("ALL")).values())


def test_a_mail_that_waits_to_be_filed_is_passed_over(box: ImapMailbox, person: IMAPClient) -> None:
    for number in range(2):
        person.append("INBOX", b"Subject: %d\r\n\r\n" % number)
    [first] = box.arrivals(limit=1)
    another_epoch = replace(first.spot, epoch="1", uid=str(int(first.spot.uid) + 1))

    [second] = box.arrivals(limit=1, known=[first.spot, another_epoch])
    assert second.raw == b"Subject: 1\r\n\r\n"


def test_a_mail_that_a_person_has_read_is_still_taken(box: ImapMailbox, person: IMAPClient) -> None:
    person.append("INBOX", _MAIL, flags=[SEEN])

    assert _raws(box) == [_MAIL]


def test_a_mail_that_a_person_has_deleted_is_not_taken(
    box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", _MAIL, flags=[DELETED])

    assert _raws(box) == []


def test_a_delivered_mail_has_its_size_and_time(
    box: ImapMailbox, dovecot: DovecotServer, account: Account
) -> None:
    before_s = time.time()
    dovecot.deliver(account, _MAIL)
    [arrival] = box.arrivals(limit=9)

    assert arrival.raw
    assert arrival.raw.endswith(b"Subject: An invoice\r\n\r\nHello.\r\n")
    assert arrival.size_bytes == len(arrival.raw)
    assert abs(arrival.arrived_at.timestamp() - before_s) < 60


@pytest.mark.parametrize("size_bytes", [0, 1_048_575, 1_048_576, 1_048_577, 2_500_000])
def test_a_mail_of_any_size_comes_whole(
    box: ImapMailbox, person: IMAPClient, size_bytes: int
) -> None:
    raw = (b"S: x\r\n\r\n" + b"0123456789abcdef\r\n" * (size_bytes // 18 + 1))[: size_bytes or 8]
    person.append("INBOX", raw)

    assert _raws(box) == [raw]


def test_a_mail_over_the_limit_is_announced_and_not_fetched(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    heard = bytearray()
    wire.edit = lambda data: heard.extend(data) or data
    person.append("INBOX", b"Subject: Big\r\n\r\n" + b"secret word " * 500_000)
    with closing(_open(dovecot, account, port=wire.port)) as box:
        [arrival] = box.arrivals(limit=9)

    assert arrival.raw is None
    assert arrival.size_bytes == 6_000_016
    assert arrival.headers == b"Subject: Big\r\n\r\n"
    assert b"secret word" not in heard


# -- filing


def test_a_filed_mail_moves_to_a_folder_that_people_see(
    box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", _MAIL)
    [arrival] = box.arrivals(limit=9)
    box.file(arrival.spot, "Processed")
    box.file(arrival.spot, "Processed")

    assert _raws(box) == []
    assert _texts(person, "Processed") == [_MAIL]
    assert "Processed" in [name for _, _, name in person.list_sub_folders()]


def test_a_mail_can_be_filed_after_a_restart(
    dovecot: DovecotServer, account: Account, box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", _MAIL)
    [arrival] = box.arrivals(limit=9)
    with closing(_open(dovecot, account)) as another:
        another.file(arrival.spot, "Review")

    assert _texts(person, "Review") == [_MAIL]


@pytest.mark.parametrize(
    ("capabilities", "left_in_inbox"),
    [("IMAP4rev1 UIDPLUS IDLE NAMESPACE", 0), ("IMAP4rev1 UIDPLUS", 0), ("IMAP4rev1", 1)],
)
def test_a_server_without_move_copies_and_removes_that_mail_alone(
    capabilities: str, left_in_inbox: int, caplog: pytest.LogCaptureFixture
) -> None:
    with running_dovecot(capabilities=capabilities) as server:
        account = server.add_account()
        with _person(server, account) as person, closing(_open(server, account)) as box:
            person.append("INBOX", _MAIL)
            person.append("INBOX", b"Subject: deleted by a person\r\n\r\n", flags=[DELETED])
            [arrival] = box.arrivals(limit=9)
            box.file(arrival.spot, "Processed")
            box.file(arrival.spot, "Processed")

            assert _raws(box) == []
            assert _texts(person, "Processed") == [_MAIL]
            assert len(_texts(person, "INBOX")) == 1 + left_in_inbox
            assert ("marked as deleted" in caplog.text) == bool(left_in_inbox)


def test_a_copy_that_was_interrupted_before_the_removal_is_finished_without_a_second_copy() -> None:
    with running_dovecot(capabilities="IMAP4rev1 UIDPLUS") as server:
        account = server.add_account()
        with _person(server, account) as person, closing(_open(server, account)) as box:
            person.append("INBOX", _MAIL)
            [arrival] = box.arrivals(limit=9)
            person.create_folder("Processed")
            person.select_folder("INBOX")
            person.copy([int(arrival.spot.uid)], "Processed")
            person.add_flags([int(arrival.spot.uid)], [DELETED])
            box.file(arrival.spot, "Processed")

            assert _texts(person, "Processed") == [_MAIL]
            assert _texts(person, "INBOX") == []


def test_a_folder_made_anew_has_a_new_epoch_and_old_numbers_touch_nothing(
    dovecot: DovecotServer, account: Account, person: IMAPClient
) -> None:
    person.create_folder("Invoices")
    person.append("Invoices", b"Subject: old\r\n\r\n")
    with closing(_open(dovecot, account, folder="Invoices")) as box:
        [old] = box.arrivals(limit=9)
        person.delete_folder("Invoices")
        person.create_folder("Invoices")
        person.append("Invoices", b"Subject: new\r\n\r\n")
        with suppress(TransientError):  # Sooner or later the server ends a session on what went.
            box.file(old.spot, "Processed")
        [new] = box.arrivals(limit=9)
        box.file(old.spot, "Processed")

        assert old.spot.uid == new.spot.uid
        assert old.spot.epoch != new.spot.epoch
        assert [arrival.spot for arrival in box.arrivals(limit=9)] == [new.spot]


# -- waiting


def test_waiting_ends_as_soon_as_a_mail_comes(
    box: ImapMailbox, dovecot: DovecotServer, account: Account
) -> None:
    assert _raws(box) == []
    delivery = threading.Timer(0.3, dovecot.deliver, (account, _MAIL))
    delivery.start()
    started = time.monotonic()
    box.wait(60)
    delivery.join()

    assert time.monotonic() - started < 10
    assert len(_raws(box)) == 1


def test_a_mail_that_came_between_looking_and_waiting_is_not_waited_for(
    box: ImapMailbox, dovecot: DovecotServer, account: Account
) -> None:
    assert _raws(box) == []
    dovecot.deliver(account, _MAIL)
    started = time.monotonic()
    box.wait(60)

    assert time.monotonic() - started < 10


def test_waiting_returns_at_once_while_mails_are_left_over(
    box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", _MAIL)
    person.append("INBOX", _MAIL)
    assert len(list(box.arrivals(limit=1))) == 1
    started = time.monotonic()
    box.wait(60)

    assert time.monotonic() - started < 10


def test_a_mail_already_offered_wakes_nobody(box: ImapMailbox, person: IMAPClient) -> None:
    person.append("INBOX", _MAIL)
    assert len(_raws(box)) == 1
    started = time.monotonic()
    box.wait(0.5)

    assert time.monotonic() - started >= 0.5


def test_a_server_that_cannot_tell_is_asked_again() -> None:
    with running_dovecot(capabilities="IMAP4rev1") as server:
        account = server.add_account()
        with closing(_open(server, account)) as box:
            assert _raws(box) == []
            started = time.monotonic()
            box.wait(0.3)
            assert time.monotonic() - started >= 0.3
            server.deliver(account, _MAIL)
            box.wait(60)
            assert len(_raws(box)) == 1


# -- signing in


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_protected_connection_needs_a_certificate_we_trust(
    dovecot: DovecotServer, account: Account, security: str
) -> None:
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    trusted = dovecot.directory / "certificate.pem"
    changes = {"host": "localhost", "port": port, "security": security}
    with closing(_open(dovecot, account, **changes, ca_file=trusted)) as box:
        assert _raws(box) == []
    with (
        closing(_open(dovecot, account, **changes)) as box,
        pytest.raises(TransientError, match="certificate"),
    ):
        _raws(box)


def test_a_wrong_password_is_for_a_person_to_mend(dovecot: DovecotServer, account: Account) -> None:
    with (
        closing(_open(dovecot, account, password="another")) as box,
        pytest.raises(PermanentError, match="refused the user name or password"),
    ):
        _raws(box)


def test_a_name_beyond_ascii_signs_in(dovecot: DovecotServer) -> None:
    account = replace(dovecot.add_account(), name="zoë@example.test")
    with closing(_open(dovecot, account)) as box:
        assert _raws(box) == []


def test_a_missing_folder_is_for_a_person_to_mend(dovecot: DovecotServer, account: Account) -> None:
    with (
        closing(_open(dovecot, account, folder="Nowhere")) as box,
        pytest.raises(PermanentError, match="no folder Nowhere"),
    ):
        _raws(box)


@pytest.mark.parametrize(
    "refusal", ["NO [UNAVAILABLE] Come back later", "NO Too many simultaneous connections"]
)
def test_a_busy_server_is_not_a_wrong_password(
    dovecot: DovecotServer, account: Account, wire: Wire, refusal: str
) -> None:
    wire.edit = lambda data: re.sub(rb"(\S+ )OK .*Logged in", rb"\1" + refusal.encode(), data)
    with (
        closing(_open(dovecot, account, port=wire.port)) as box,
        pytest.raises(TransientError, match="failed"),
    ):
        _raws(box)


def test_a_connection_lost_while_signing_in_is_not_a_wrong_password(
    dovecot: DovecotServer, account: Account, wire: Wire
) -> None:
    def cut_at_sign_in(data: bytes) -> bytes:
        if b"Logged in" in data:
            wire.cut()
            return b""
        return data

    wire.edit = cut_at_sign_in
    with closing(_open(dovecot, account, port=wire.port)) as box, pytest.raises(TransientError):
        _raws(box)


# -- faults


def test_a_server_that_went_away_is_found_again() -> None:
    with running_dovecot() as server:
        account = server.add_account()
        server.deliver(account, _MAIL)
        server.deliver(account, _MAIL)
        with closing(_open(server, account)) as box:
            arrivals = box.arrivals(limit=9)
            first = next(arrivals)
            server.stop()
            with pytest.raises(TransientError):
                next(arrivals)
            for call in (lambda: box.file(first.spot, "Processed"), lambda: box.wait(9)):
                with pytest.raises(TransientError):
                    call()
            server.start()
            box.file(first.spot, "Processed")

            assert len(_raws(box)) == 1


def test_a_server_that_goes_away_while_we_wait_is_noticed_at_once(
    dovecot: DovecotServer, account: Account, wire: Wire
) -> None:
    with closing(_open(dovecot, account, port=wire.port)) as box:
        assert _raws(box) == []
        cut = threading.Timer(0.3, wire.cut)
        cut.start()
        started = time.monotonic()
        with pytest.raises(TransientError):
            box.wait(60)
        cut.join()
        assert time.monotonic() - started < 10
        assert _raws(box) == []


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
    with closing(_open(dovecot, account, port=wire.port)) as box:
        with pytest.raises(TransientError):
            _raws(box)
        assert _raws(box) == [raw]


def test_a_wrong_size_is_an_estimate_when_the_mail_comes_the_same_twice(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", _MAIL)
    wire.edit = lambda data: re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 99", data)
    with closing(_open(dovecot, account, port=wire.port)) as box:
        assert _raws(box) == [_MAIL]


def test_a_mail_that_comes_differently_each_time_is_not_taken(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", _MAIL)
    letters = iter(b"abcdefghijklmnop")

    def garble(data: bytes) -> bytes:
        data = re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 99", data)
        return data.replace(b"Hello", b"Hell%c" % next(letters)) if b"Hello" in data else data

    wire.edit = garble
    with (
        closing(_open(dovecot, account, port=wire.port)) as box,
        pytest.raises(TransientError, match="differently twice"),
    ):
        _raws(box)


def test_a_small_announcement_does_not_bring_a_large_mail(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", b"Subject: Big\r\n\r\n" + b"x" * (_LIMIT_BYTES + 3_000_000))
    wire.edit = lambda data: re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 99", data)
    with closing(_open(dovecot, account, port=wire.port)) as box:
        [arrival] = box.arrivals(limit=9)

    assert arrival.raw is None
    assert arrival.headers.startswith(b"Subject: Big\r\n")


def test_a_server_that_hides_its_epoch_is_not_read(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    person.append("INBOX", _MAIL)
    wire.edit = lambda data: data.replace(b"[UIDVALIDITY", b"[UIDVALIDIDY")
    with (
        closing(_open(dovecot, account, port=wire.port)) as box,
        pytest.raises(TransientError, match="no UIDVALIDITY"),
    ):
        _raws(box)


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
    person.append("INBOX", _MAIL)
    with closing(_open(dovecot, account, port=wire.port)) as box:
        wire.edit = lambda data: re.sub(said, garbled, data)
        with pytest.raises(TransientError):
            _file_all(box)
        wire.edit = lambda data: data
        assert _raws(box) == [_MAIL]


def test_nobody_listening_is_worth_another_try(account: Account, wire: Wire) -> None:
    wire.close()
    settings = ImapAccount("127.0.0.1", wire.port, "a", "b", security="plain")
    with closing(ImapMailbox(settings, limit_bytes=9)) as box, pytest.raises(TransientError):
        box.file(Spot("INBOX", "1", "1"), "Processed")
