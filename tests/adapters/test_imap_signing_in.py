"""Signing in to a mailbox: what a person must mend, and what is worth another try."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from typing import Literal

import pytest

from tests.adapters.imap import Changes, opened, raws
from tests.servers.dovecot import Account, DovecotServer
from tests.servers.wire import Wire
from worker.kernel.errors import PermanentError, TransientError


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_protected_connection_needs_a_certificate_we_trust(
    dovecot: DovecotServer, account: Account, security: Literal["tls", "starttls"]
) -> None:
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    changes: Changes = {"host": "localhost", "port": port, "security": security}
    trusting: Changes = {**changes, "ca_file": dovecot.directory / "certificate.pem"}
    with closing(opened(dovecot, account, **trusting)) as box:
        assert raws(box) == []
    with (
        closing(opened(dovecot, account, **changes)) as box,
        pytest.raises(TransientError, match="certificate"),
    ):
        raws(box)


def test_a_wrong_password_is_for_a_person_to_mend(dovecot: DovecotServer, account: Account) -> None:
    with (
        closing(opened(dovecot, account, password="another")) as box,
        pytest.raises(PermanentError, match="refused the user name or password"),
    ):
        raws(box)


def test_a_name_beyond_ascii_signs_in(dovecot: DovecotServer) -> None:
    account = replace(dovecot.add_account(), name="zoë@example.test")
    with closing(opened(dovecot, account)) as box:
        assert raws(box) == []


def test_a_missing_folder_is_for_a_person_to_mend(dovecot: DovecotServer, account: Account) -> None:
    with (
        closing(opened(dovecot, account, folder="Nowhere")) as box,
        pytest.raises(PermanentError, match="no folder Nowhere"),
    ):
        raws(box)


@pytest.mark.parametrize(
    "refusal", ["NO [UNAVAILABLE] Come back later", "NO Too many simultaneous connections"]
)
def test_a_busy_server_is_not_a_wrong_password(
    dovecot: DovecotServer, account: Account, wire: Wire, refusal: str
) -> None:
    wire.edit = lambda data: re.sub(rb"(\S+ )OK .*Logged in", rb"\1" + refusal.encode(), data)
    with (
        closing(opened(dovecot, account, port=wire.port)) as box,
        pytest.raises(TransientError, match="failed"),
    ):
        raws(box)


def test_a_connection_lost_while_signing_in_is_not_a_wrong_password(
    dovecot: DovecotServer, account: Account, wire: Wire
) -> None:
    def cut_at_sign_in(data: bytes) -> bytes:
        if b"Logged in" in data:
            wire.cut()
            return b""
        return data

    wire.edit = cut_at_sign_in
    with closing(opened(dovecot, account, port=wire.port)) as box, pytest.raises(TransientError):
        raws(box)
