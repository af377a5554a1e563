"""The reader port on real children: what comes back, in which order, and what is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.flows.papers import Paper, forward
from worker.adapters.zygote_reader import ZygoteReader
from worker.readers import Examined


@pytest.fixture(scope="module")
def reader() -> Iterator[ZygoteReader]:
    with ZygoteReader(size=2) as reader:
        yield reader


def a_mail(subject: str = "Hello", attachment: bytes = b"%PDF-1.4 \xff") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", subject
    mail.set_content("Please find the invoice attached.")
    mail.add_attachment(attachment, maintype="application", subtype="pdf", filename="x.pdf")
    return mail.as_bytes()


def test_a_mail_is_examined_in_a_child(reader: ZygoteReader) -> None:
    examined = reader.examine(a_mail())
    assert examined.envelope.subject == "Hello"
    assert examined.envelope.sender
    assert examined.envelope.sender.address == "a@example.com"


def test_the_file_of_an_invoice_comes_out_byte_for_byte(reader: ZygoteReader) -> None:
    paper = Paper()
    examined, parts = reader.take_apart(forward(paper).raw())
    [[index]] = examined.invoice_parts
    assert parts == {index: paper.xml()}
    assert reader.take_apart(a_mail())[1] == {}


@pytest.mark.parametrize("data", [b"", b"\0" * 4096, bytes(range(256)) * 64, b"%PDF-", b"<a><b>"])
def test_nonsense_is_examined_without_harm(reader: ZygoteReader, data: bytes) -> None:
    assert isinstance(reader.examine(data), Examined)


def test_many_files_come_back_in_their_order(reader: ZygoteReader) -> None:
    taken = []

    def mails() -> Iterator[bytes]:
        for number in range(60):
            taken.append(number)
            yield a_mail(f"Mail {number}")

    subjects = []
    for examined in reader.examine_many(mails()):
        assert isinstance(examined, Examined)
        subjects.append(examined.envelope.subject)
        assert len(taken) - len(subjects) <= 4, "it reads only a little ahead"
    assert subjects == [f"Mail {number}" for number in range(60)]


def test_a_reader_is_shut_in(reader: ZygoteReader) -> None:
    assert reader.isolation.network_namespace, reader.isolation.why
    assert reader.isolation.call_filter
