"""An account on the shared Dovecot, from both sides, and a wire that can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from imapclient import IMAPClient

from tests.adapters.imap import opened, signed_in
from tests.servers.dovecot import Account, DovecotServer
from tests.servers.wire import Wire, wire_to
from worker.adapters.imap_mailbox import ImapMailbox


@pytest.fixture
def account(dovecot: DovecotServer) -> Account:
    return dovecot.add_account()


@pytest.fixture
def person(dovecot: DovecotServer, account: Account) -> Iterator[IMAPClient]:
    with signed_in(dovecot, account) as client:
        yield client


@pytest.fixture
def box(dovecot: DovecotServer, account: Account) -> Iterator[ImapMailbox]:
    with closing(opened(dovecot, account)) as mailbox:
        yield mailbox


@pytest.fixture
def wire(dovecot: DovecotServer) -> Iterator[Wire]:
    with wire_to(dovecot.imap_port) as running:
        yield running
