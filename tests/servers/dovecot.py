"""A real Dovecot for tests: IMAP to read, LMTP to deliver, users made on demand."""

from __future__ import annotations

import grp
import itertools
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from subprocess import Popen

from tests.servers.certificates import write_certificate
from tests.servers.processes import (
    await_ready,
    find_program,
    free_port,
    own,
    says,
    server_directory,
    server_user,
    start_server,
    stop_server,
)

_PACKAGE = "dovecot-imapd dovecot-lmtpd"

# Of every user.
PASSWORD = "open-sesame"

# Dovecot 2.3. Every process runs as one unprivileged user, so all that would change user or root
# directory is switched off; the login processes refuse to run as root in any case.
_CONFIGURATION = Template("""
base_dir = $base/run
state_dir = $base/state
log_path = $base/dovecot.log
hostname = store.example.test
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$base/certificate.pem
ssl_key = <$base/key.pem
disable_plaintext_auth = no
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:$base/mail/%u
mail_fsync = never
auth_failure_delay = 0 secs
namespace inbox {
  inbox = yes
  separator = /
}
auth_username_chars =
passdb {
  driver = static
  args = password=$password
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$base/mail/%u allow_all_users=yes
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = $imap_port
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = $imaps_port
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp_port
  }
}
protocol imap {
  mail_max_userip_connections = 50
  $extra
}
""")


@dataclass(frozen=True)
class Account:
    """One user of the server."""

    name: str
    password: str


@dataclass
class DovecotServer:
    """One Dovecot on loopback ports; can be stopped and started again in a test.

    Its certificate is for `localhost`; clients trust `directory / "certificate.pem"`.
    """

    directory: Path
    capabilities: str = ""
    imap_port: int = field(default_factory=free_port)
    imaps_port: int = field(default_factory=free_port)
    lmtp_port: int = field(default_factory=free_port)
    _process: Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start it, with the users and mails it had."""
        program = find_program("dovecot", package=_PACKAGE, places=("/usr/sbin",))
        configuration = self.directory / "dovecot.conf"
        configuration.write_text(self._configuration())
        log = self.directory / "start.log"
        self._process = start_server([program, "-F", "-c", configuration], log=log)
        await_ready(self._process, self._answers, log=log)

    def stop(self) -> None:
        """End it; sessions are cut."""
        if self._process:
            stop_server(self._process)
        self._process = None

    def add_account(self) -> Account:
        """A user nobody has used yet, with an empty mailbox.

        Every name is a user: a file of users is read again only when its time in seconds changes.
        """
        return Account(f"user{next(self._numbers)}@example.test", PASSWORD)

    def deliver(self, account: Account, raw: bytes) -> None:
        """Put a mail into the user's inbox, as a mail server does."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as client:
            client.sendmail("sender@example.test", [account.name], raw)

    def _configuration(self) -> str:
        user = server_user()
        hidden = f"imap_capability = {self.capabilities}" if self.capabilities else ""
        return _CONFIGURATION.substitute(
            base=self.directory,
            password=PASSWORD,
            user=user.pw_name,
            group=grp.getgrgid(user.pw_gid).gr_name,
            uid=user.pw_uid,
            gid=user.pw_gid,
            imap_port=self.imap_port,
            imaps_port=self.imaps_port,
            lmtp_port=self.lmtp_port,
            extra=hidden,
        )

    def _answers(self) -> bool:
        return says(self.imap_port, b"* OK") and says(self.lmtp_port, b"220")


@contextmanager
def running_dovecot(*, capabilities: str = "") -> Iterator[DovecotServer]:
    """A fresh server, gone at the end. `capabilities` replaces what it says that it can do."""
    with server_directory("dovecot") as directory:
        server = DovecotServer(directory, capabilities)
        write_certificate(directory)
        for place in ("run", "state", "mail"):
            (directory / place).mkdir()
        own(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
