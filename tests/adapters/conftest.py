"""An account on the shared Dovecot, from both sides, a wire that can be cut, and one press."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from imapclient import IMAPClient

from tests.adapters.imap import opened, signed_in
from tests.servers.dovecot import Account, DovecotServer
from tests.servers.wire import Wire, wire_to
from worker.adapters.imap_mailbox import ImapMailbox
from worker.adapters.zygote import Limits
from worker.adapters.zygote_press import ZygotePress


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


@pytest.fixture(scope="package")
def press() -> Iterator[ZygotePress]:
    """One for all: a child needs longer to warm up than to print. What never ends ends soon."""
    limits = Limits(wall_s=60.0, cpu_s=2.0, memory_bytes=1 << 30)
    with ZygotePress(size=1, limits=limits) as press:
        yield press
