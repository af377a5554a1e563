"""The house in its two sizes, started once for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.flows.house import House, hook, running_house
from tests.servers.dovecot import DovecotServer
from tests.servers.postgres import PostgresServer
from tests.servers.processes import free_port
from tests.servers.redis import RedisServer
from tests.servers.smtp import running_smtp
from tests.servers.stripe import running_sandbox

_LOCAL_TRUST = """[[mailboxes]]
name = "inbox"
kind = "maildir"
path = "var/mailbox"
trust = "local"
"""
_IMAP = """[[mailboxes]]
name = "inbox"
kind = "imap"
host = "127.0.0.1"
port = {port}
user = "{user}"
security = "plain"
authserv_id = "mx.northlight.example"
delivered_by = ["store.example.test"]
"""
BANK_ADDRESS = "giro-7f3k9q@northlight.example"
_BANK = "[[bank_accounts]]\n"
_BY_MAIL = f'{_BANK}intake_address = "{BANK_ADDRESS}"\n'
_SMTP = """trial = true
[outbox]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "plain"
[delivery]
unknown_wait_s = 2
retry_s = 1
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The embedded size, with a sandbox that takes its payments."""
    home, port = tmp_path_factory.mktemp("house"), free_port()
    with running_sandbox(*hook(port)) as sandbox:
        settings = {"TILLMAIL_STRIPE_BASE_URL": sandbox.url}
        with running_house(home, port, settings) as running:
            running.sandbox = sandbox
            yield running
            running.verify()


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    dovecot: DovecotServer,
) -> Iterator[House]:
    """The production size: PostgreSQL, Redis, IMAP and SMTP, all real."""
    home, port = tmp_path_factory.mktemp("office"), free_port()
    account = dovecot.add_account()
    redis_server.empty()
    with ExitStack() as stack:
        sandbox = stack.enter_context(running_sandbox(*hook(port)))
        receiver = stack.enter_context(running_smtp())
        (home / "config").mkdir()
        (home / "config" / "tillmail.toml").write_text(_SMTP.format(port=receiver.port))
        settings = {
            "TILLMAIL_STRIPE_BASE_URL": sandbox.url,
            "TILLMAIL_DATABASE_URL": stack.enter_context(postgres_server.database()),
            "TILLMAIL_REDIS_URL": redis_server.url,
            "TILLMAIL_LINK_KEY_1": "0123456789abcdef" * 4,
            "TILLMAIL_NORTHLIGHT_INBOX_PASSWORD": account.password,
        }
        imap = _IMAP.format(port=dovecot.imap_port, user=account.name)
        running = stack.enter_context(
            running_house(
                home,
                port,
                settings,
                business_changes=lambda t: t.replace(_LOCAL_TRUST, imap).replace(_BANK, _BY_MAIL),
            )
        )
        running.smtp, running.dovecot, running.account = receiver, dovecot, account
        running.sandbox = sandbox
        yield running
        running.verify()
