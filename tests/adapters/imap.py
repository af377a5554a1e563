"""A mailbox on the test server, and a person's own mail program beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from imapclient import IMAPClient

from tests.servers.dovecot import Account, DovecotServer
from worker.adapters.imap_mailbox import ImapAccount, ImapMailbox

MAIL = b"From: a@example.test\r\nSubject: An invoice\r\n\r\nHello.\r\n"
LIMIT_BYTES = 4_000_000


@contextmanager
def signed_in(server: DovecotServer, account: Account) -> Iterator[IMAPClient]:
    """A person's own mail program."""
    with IMAPClient("127.0.0.1", server.imap_port, ssl=False) as client:
        client.login(account.name, account.password)
        yield client


class Changes(TypedDict, total=False):
    """Settings of the adapter that a test may want otherwise."""

    host: str
    port: int
    password: str
    folder: str
    security: Literal["tls", "starttls", "plain"]
    ca_file: Path


def opened(server: DovecotServer, account: Account, **changes: Unpack[Changes]) -> ImapMailbox:
    """The adapter on this account, with some of its settings changed."""
    settings = ImapAccount(
        "127.0.0.1", server.imap_port, account.name, account.password, security="plain"
    )
    return ImapMailbox(replace(settings, **changes), limit_bytes=LIMIT_BYTES)


def raws(box: ImapMailbox) -> list[bytes | None]:
    """The bytes of every mail that the mailbox offers."""
    return [arrival.raw for arrival in box.arrivals(limit=9)]


def file_all(box: ImapMailbox) -> None:
    """Move every mail that the mailbox offers."""
    for arrival in box.arrivals(limit=9):
        box.file(arrival.spot, "Processed")


def texts(person: IMAPClient, folder: str) -> list[bytes]:
    """Every mail in a folder, as a person sees it."""
    person.select_folder(folder, readonly=True)
    found = person.fetch(person.search("ALL"), ["BODY.PEEK[]"])
    return [answer[b"BODY[]"] for answer in found.values()]
