"""A Maildir as the way out."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from worker.adapters.maildir_transport import MaildirTransport, file_name
from worker.delivery.ports import Outgoing
from worker.kernel.errors import PermanentError

_CONTENT = b"Message-ID: <ntc_1@example.test>\r\nSubject: Invoice\r\n\r\n.dot\r\n"


def _message(
    message_id: str = "<ntc_1@example.test>", recipient: str = "c@example.test"
) -> Outgoing:
    return Outgoing(f"b+{recipient}@example.test", recipient, message_id, _CONTENT)


def test_the_file_is_the_message_byte_for_byte(tmp_path: Path) -> None:
    accepted = MaildirTransport(tmp_path / "outbox").send(_message())

    assert Path(accepted.reply).read_bytes() == _CONTENT
    assert list((tmp_path / "outbox" / "tmp").iterdir()) == []
    theirs = mailbox.Maildir(tmp_path / "outbox", create=False)
    assert [mail["Subject"] for mail in theirs] == ["Invoice"]


def test_sending_the_same_message_again_leaves_one_file(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path)
    first = transport.send(_message())
    second = transport.send(_message())

    assert first == second
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_message_that_was_read_already_is_not_new_again(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path)
    path = Path(transport.send(_message()).reply)
    read = path.rename(tmp_path / "cur" / f"{path.name}:2,S")

    assert transport.send(_message()).reply == str(read)
    assert list((tmp_path / "new").iterdir()) == []


def test_each_recipient_has_a_file_of_their_own(tmp_path: Path) -> None:
    transport = MaildirTransport(tmp_path)
    transport.send(_message())
    transport.send(_message(recipient="d@example.test"))

    assert len(list((tmp_path / "new").iterdir())) == 2


@pytest.mark.parametrize(
    "message_id", ["<../../etc/passwd@x>", "<a/b:c@x>", "<@x>", "", "<.hidden@x>", "<" + "a" * 500]
)
def test_a_strange_message_id_gives_a_harmless_name(message_id: str) -> None:
    name = file_name(_message(message_id))

    assert not {"/", ":", "\0"} & set(name)
    assert not name.startswith(".")
    assert len(name) < 100


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PermanentError, match="Cannot write"):
        MaildirTransport(tmp_path / "file").send(_message())
