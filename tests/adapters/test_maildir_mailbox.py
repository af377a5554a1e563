"""A Maildir as mailbox, on a real file system and with the standard library's Maildir beside us."""

from __future__ import annotations

import mailbox
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.servers.processes import server_directory, server_user
from worker.adapters.maildir_mailbox import MaildirMailbox, unique_name
from worker.kernel.errors import PermanentError

_MAIL = b"From: a@example.test\nSubject: An invoice\n\nHello.\n"


def _deliver(root: Path, raw: bytes, *, at_s: int = 1_790_000_000) -> Path:
    """As a mail server does: write to tmp/, then move to new/."""
    draft = root / "tmp" / unique_name()
    draft.write_bytes(raw)
    os.utime(draft, (at_s, at_s))
    return draft.rename(root / "new" / draft.name)


def _open(root: Path, *, limit_bytes: int = 10_000, settle_s: float = 0.0) -> MaildirMailbox:
    return MaildirMailbox(root, limit_bytes=limit_bytes, settle_s=settle_s)


def test_mails_come_oldest_first_and_stay_until_filed(tmp_path: Path) -> None:
    box = _open(tmp_path)
    for at_s, text in ((1_790_000_300, b"3"), (1_790_000_100, b"1"), (1_790_000_200, b"2")):
        _deliver(tmp_path, b"Subject: " + text + b"\n\n", at_s=at_s)

    first = [arrival.raw for arrival in box.arrivals(limit=2)]
    again = [arrival.raw for arrival in box.arrivals(limit=9)]

    assert first == [b"Subject: 1\n\n", b"Subject: 2\n\n"]
    assert again == [b"Subject: 1\n\n", b"Subject: 2\n\n", b"Subject: 3\n\n"]


def test_a_mail_that_waits_to_be_filed_is_passed_over(tmp_path: Path) -> None:
    box = _open(tmp_path)
    _deliver(tmp_path, b"Subject: 1\n\n", at_s=1_790_000_100)
    _deliver(tmp_path, b"Subject: 2\n\n", at_s=1_790_000_200)
    [first] = box.arrivals(limit=1)

    assert [arrival.raw for arrival in box.arrivals(limit=1, known=[first.spot])] == [
        b"Subject: 2\n\n"
    ]


def test_a_mail_keeps_its_spot_when_a_mail_program_has_shown_it(tmp_path: Path) -> None:
    box = _open(tmp_path)
    path = _deliver(tmp_path, _MAIL)
    [before] = box.arrivals(limit=9)
    path.rename(tmp_path / "cur" / f"{path.name}:2,S")
    [after] = box.arrivals(limit=9)

    assert before == after


@pytest.mark.parametrize("folder", ["Processed", "Review"])
def test_a_filed_mail_lies_in_the_folder_that_other_programs_know(
    tmp_path: Path, folder: str
) -> None:
    box = _open(tmp_path)
    _deliver(tmp_path, _MAIL)
    [arrival] = box.arrivals(limit=9)

    box.file(arrival.spot, folder)
    box.file(arrival.spot, folder)

    assert list(box.arrivals(limit=9)) == []
    theirs = mailbox.Maildir(tmp_path, create=False)
    assert theirs.list_folders() == [folder]
    assert [message["Subject"] for message in theirs.get_folder(folder)] == ["An invoice"]


def test_a_mail_delivered_by_another_program_is_taken(tmp_path: Path) -> None:
    box = _open(tmp_path)
    mailbox.Maildir(tmp_path, create=False).add(_MAIL)

    assert [arrival.raw for arrival in box.arrivals(limit=9)] == [_MAIL]


def test_an_unfinished_delivery_is_not_read(tmp_path: Path) -> None:
    box = _open(tmp_path)
    (tmp_path / "tmp" / unique_name()).write_bytes(b"From: a@exa")

    assert list(box.arrivals(limit=9)) == []


@pytest.mark.parametrize(
    "place", ["Rechnung März.eml", "INVOICE.EML", "new/invoice.eml", "new/scan", "cur/x.eml"]
)
def test_a_file_dropped_by_hand_is_taken(tmp_path: Path, place: str) -> None:
    box = _open(tmp_path)
    (tmp_path / place).write_bytes(_MAIL)

    assert [arrival.raw for arrival in box.arrivals(limit=9)] == [_MAIL]


@pytest.mark.parametrize("place", ["dovecot-uidlist", ".hidden.eml", "new/.nfs01", "notes.txt"])
def test_a_file_that_is_no_mail_is_left_alone(tmp_path: Path, place: str) -> None:
    box = _open(tmp_path)
    (tmp_path / place).write_bytes(_MAIL)

    assert list(box.arrivals(limit=9)) == []
    assert (tmp_path / place).read_bytes() == _MAIL


def test_the_same_file_name_dropped_twice_is_two_mails(tmp_path: Path) -> None:
    box = _open(tmp_path)
    spots = []
    for raw in (b"Subject: 1\n\n", b"Subject: 2\n\n"):
        (tmp_path / "invoice.eml").write_bytes(raw)
        [arrival] = box.arrivals(limit=9)
        assert arrival.raw == raw
        spots.append(arrival.spot)
        box.file(arrival.spot, "Processed")

    assert spots[0] != spots[1]


def test_a_dropped_file_is_left_until_nobody_writes_to_it(tmp_path: Path) -> None:
    box = _open(tmp_path, settle_s=0.4)
    with (tmp_path / "slow.eml").open("wb") as file:
        file.write(_MAIL[:10])
        file.flush()
        while_writing = list(box.arrivals(limit=9))
        file.write(_MAIL[10:])
    os.utime(tmp_path / "slow.eml", (1_000_000_000, 1_000_000_000))  # As `cp -p` does.
    just_after = list(box.arrivals(limit=9))
    box.wait(10)
    settled = [arrival.raw for arrival in box.arrivals(limit=9)]

    assert (while_writing, just_after, settled) == ([], [], [_MAIL])


def test_a_mail_over_the_limit_comes_as_headers_only(tmp_path: Path) -> None:
    box = _open(tmp_path, limit_bytes=100)
    _deliver(tmp_path, b"Subject: Big\r\nTo: b@example.test\r\n\r\n" + b"x" * 500)
    [arrival] = box.arrivals(limit=9)

    assert arrival.raw is None
    assert arrival.size_bytes == 536
    assert arrival.headers == b"Subject: Big\r\nTo: b@example.test\r\n\r\n"


def test_a_link_in_the_folder_shows_no_other_file(tmp_path: Path) -> None:
    box = _open(tmp_path / "box")
    (tmp_path / "secret").write_text("Subject: secret\n\n")
    (tmp_path / "box" / "new" / unique_name()).symlink_to(tmp_path / "secret")

    assert list(box.arrivals(limit=9)) == []


def test_a_file_we_may_not_read_is_said_once_and_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with server_directory("maildir") as root, _unprivileged():
        box = _open(root)
        closed = _deliver(root, _MAIL, at_s=1_790_000_100)
        closed.chmod(0o000)
        _deliver(root, b"Subject: open\n\n", at_s=1_790_000_200)
        for _ in range(2):
            assert [arrival.raw for arrival in box.arrivals(limit=9)] == [b"Subject: open\n\n"]

    assert caplog.text.count("Cannot read") == 1


@contextmanager
def _unprivileged() -> Iterator[None]:
    """Root may read everything, so step down while it matters."""
    before = os.geteuid()
    os.seteuid(server_user().pw_uid)
    try:
        yield
    finally:
        os.seteuid(before)


def test_waiting_ends_when_a_mail_comes_and_not_for_one_already_offered(tmp_path: Path) -> None:
    box = _open(tmp_path)
    _deliver(tmp_path, _MAIL)
    assert len(list(box.arrivals(limit=9))) == 1

    started = time.monotonic()
    box.wait(0.3)
    idle_s = time.monotonic() - started
    delivery = threading.Timer(0.2, _deliver, (tmp_path, _MAIL))
    delivery.start()
    box.wait(20)
    woken_s = time.monotonic() - started - idle_s
    delivery.join()

    assert idle_s >= 0.3
    assert woken_s < 5
    assert len(list(box.arrivals(limit=9))) == 2


def test_no_mail_is_lost_while_another_program_delivers_and_moves(tmp_path: Path) -> None:
    box = _open(tmp_path)
    count = 200

    def deliver_all() -> None:
        for number in range(count):
            path = _deliver(tmp_path, b"Subject: %d\n\n" % number)
            if number % 3 == 0:
                with suppress(FileNotFoundError):  # We may have filed it already.
                    path.rename(tmp_path / "cur" / f"{path.name}:2,S")

    sender = threading.Thread(target=deliver_all)
    sender.start()
    taken: list[bytes | None] = []
    while sender.is_alive() or len(taken) < count:
        for arrival in box.arrivals(limit=50):
            taken.append(arrival.raw)
            box.file(arrival.spot, "Processed")
    sender.join()

    assert len(taken) == len(set(taken)) == count


def test_a_place_that_cannot_be_a_maildir_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PermanentError, match="Cannot use the Maildir"):
        _open(tmp_path / "file")
