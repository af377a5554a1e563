"""A folder on a real Dovecot as mailbox."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from dataclasses import replace

import pytest
from imapclient import DELETED, SEEN, IMAPClient

from tests.adapters.imap import MAIL, opened, raws, signed_in, texts
from tests.servers.dovecot import Account, DovecotServer, running_dovecot
from tests.servers.wire import Wire
from worker.adapters.imap_mailbox import ImapMailbox
from worker.kernel.errors import TransientError

# -- what the mailbox gives


def test_mails_come_oldest_first_and_unmarked(box: ImapMailbox, person: IMAPClient) -> None:
    for number in range(3):
        person.append("INBOX", b"Subject: %d\r\n\r\n" % number)

    assert [arrival.raw for arrival in box.arrivals(limit=2)] == [
        b"Subject: 0\r\n\r\n",
        b"Subject: 1\r\n\r\n",
    ]
    assert len(raws(box)) == 3
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
    person.append("INBOX", MAIL, flags=[SEEN])

    assert raws(box) == [MAIL]


def test_a_mail_that_a_person_has_deleted_is_not_taken(
    box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", MAIL, flags=[DELETED])

    assert raws(box) == []


def test_a_delivered_mail_has_its_size_and_time(
    box: ImapMailbox, dovecot: DovecotServer, account: Account
) -> None:
    before_s = time.time()
    dovecot.deliver(account, MAIL)
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

    assert raws(box) == [raw]


def test_a_mail_over_the_limit_is_announced_and_not_fetched(
    dovecot: DovecotServer, account: Account, person: IMAPClient, wire: Wire
) -> None:
    heard = bytearray()

    def hear(data: bytes) -> bytes:
        heard.extend(data)
        return data

    wire.edit = hear
    person.append("INBOX", b"Subject: Big\r\n\r\n" + b"secret word " * 500_000)
    with closing(opened(dovecot, account, port=wire.port)) as box:
        [arrival] = box.arrivals(limit=9)

    assert arrival.raw is None
    assert arrival.size_bytes == 6_000_016
    assert arrival.headers == b"Subject: Big\r\n\r\n"
    assert b"secret word" not in heard


# -- filing


def test_a_filed_mail_moves_to_a_folder_that_people_see(
    box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", MAIL)
    [arrival] = box.arrivals(limit=9)
    box.file(arrival.spot, "Processed")
    box.file(arrival.spot, "Processed")

    assert raws(box) == []
    assert texts(person, "Processed") == [MAIL]
    assert "Processed" in [name for _, _, name in person.list_sub_folders()]


def test_a_mail_can_be_filed_after_a_restart(
    dovecot: DovecotServer, account: Account, box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", MAIL)
    [arrival] = box.arrivals(limit=9)
    with closing(opened(dovecot, account)) as another:
        another.file(arrival.spot, "Review")

    assert texts(person, "Review") == [MAIL]


@pytest.mark.parametrize(
    ("capabilities", "left_in_inbox"),
    [("IMAP4rev1 UIDPLUS IDLE NAMESPACE", 0), ("IMAP4rev1 UIDPLUS", 0), ("IMAP4rev1", 1)],
)
def test_a_server_without_move_copies_and_removes_that_mail_alone(
    capabilities: str, left_in_inbox: int, caplog: pytest.LogCaptureFixture
) -> None:
    with running_dovecot(capabilities=capabilities) as server:
        account = server.add_account()
        with signed_in(server, account) as person, closing(opened(server, account)) as box:
            person.append("INBOX", MAIL)
            person.append("INBOX", b"Subject: deleted by a person\r\n\r\n", flags=[DELETED])
            [arrival] = box.arrivals(limit=9)
            box.file(arrival.spot, "Processed")
            box.file(arrival.spot, "Processed")

            assert raws(box) == []
            assert texts(person, "Processed") == [MAIL]
            assert len(texts(person, "INBOX")) == 1 + left_in_inbox
            assert ("marked as deleted" in caplog.text) == bool(left_in_inbox)


def test_a_copy_that_was_interrupted_before_the_removal_is_finished_without_a_second_copy() -> None:
    with running_dovecot(capabilities="IMAP4rev1 UIDPLUS") as server:
        account = server.add_account()
        with signed_in(server, account) as person, closing(opened(server, account)) as box:
            person.append("INBOX", MAIL)
            [arrival] = box.arrivals(limit=9)
            person.create_folder("Processed")
            person.select_folder("INBOX")
            person.copy([int(arrival.spot.uid)], "Processed")
            person.add_flags([int(arrival.spot.uid)], [DELETED])
            box.file(arrival.spot, "Processed")

            assert texts(person, "Processed") == [MAIL]
            assert texts(person, "INBOX") == []


def test_a_folder_made_anew_has_a_new_epoch_and_old_numbers_touch_nothing(
    dovecot: DovecotServer, account: Account, person: IMAPClient
) -> None:
    person.create_folder("Invoices")
    person.append("Invoices", b"Subject: old\r\n\r\n")
    with closing(opened(dovecot, account, folder="Invoices")) as box:
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
    assert raws(box) == []
    delivery = threading.Timer(0.3, dovecot.deliver, (account, MAIL))
    delivery.start()
    started = time.monotonic()
    box.wait(60)
    delivery.join()

    assert time.monotonic() - started < 10
    assert len(raws(box)) == 1


def test_a_mail_that_came_between_looking_and_waiting_is_not_waited_for(
    box: ImapMailbox, dovecot: DovecotServer, account: Account
) -> None:
    assert raws(box) == []
    dovecot.deliver(account, MAIL)
    started = time.monotonic()
    box.wait(60)

    assert time.monotonic() - started < 10


def test_waiting_returns_at_once_while_mails_are_left_over(
    box: ImapMailbox, person: IMAPClient
) -> None:
    person.append("INBOX", MAIL)
    person.append("INBOX", MAIL)
    assert len(list(box.arrivals(limit=1))) == 1
    started = time.monotonic()
    box.wait(60)

    assert time.monotonic() - started < 10


def test_a_mail_already_offered_wakes_nobody(box: ImapMailbox, person: IMAPClient) -> None:
    person.append("INBOX", MAIL)
    assert len(raws(box)) == 1
    started = time.monotonic()
    box.wait(0.5)

    assert time.monotonic() - started >= 0.5


def test_a_server_that_cannot_tell_is_asked_again() -> None:
    with running_dovecot(capabilities="IMAP4rev1") as server:
        account = server.add_account()
        with closing(opened(server, account)) as box:
            assert raws(box) == []
            started = time.monotonic()
            box.wait(0.3)
            assert time.monotonic() - started >= 0.3
            server.deliver(account, MAIL)
            box.wait(60)
            assert len(raws(box)) == 1
