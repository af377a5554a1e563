"""A home folder with one business and fresh books, and the command line typed in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from tests import books
from worker import businesses
from worker.__main__ import tillmail
from worker.actors import FLOW
from worker.app import App
from worker.settings import PROJECT, load

ACME = """name = "Acme"
[mail]
from_address = "billing@acme.example"
[[mailboxes]]
path = "var/inbox"
trust = "{trust}"
[[staff]]
name = "Ann"
address = "ann@acme.example"
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The data it printed."""
        return json.loads(self.out)


@dataclass
class Desk:
    """A home folder, and what can be done in it."""

    home: Path
    environment: dict[str, str]

    def type(self, *words: str) -> Typed:
        """Type a command and wait for its end."""
        done = CliRunner().invoke(tillmail, list(words), env=self.environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Typed(done.exit_code, done.stdout, done.stderr)

    def book(self, work: Callable[[App, Session], None]) -> None:
        """Do something in the books as the running house would."""
        app = App(load(self.home, self.environment), FLOW)
        try:
            with app.transaction() as session:
                work(app, session)
        finally:
            app.close()

    def trust(self, trust: str) -> None:
        """Write the business's file, with this trust in its mailbox."""
        folder = self.home / "config" / "businesses"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "acme.toml").write_text(ACME.format(trust=trust), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, migrated_file: Path) -> Desk:
    """Fresh books of Acme."""
    home = tmp_path / "home"
    (home / "var").mkdir(parents=True)
    shutil.copy(migrated_file, home / "var" / "tillmail.db")
    found = Desk(home, {"TILLMAIL_HOME": str(home), "COLUMNS": "200", "USER": "ann"})
    found.trust("local")
    shutil.copy(PROJECT / "config" / "timetable.toml", home / "config")
    # Questions to the staff are queued as notices, which pin the templates in force.
    found.book(lambda _app, session: _publish(session))
    return found


def _publish(session: Session) -> None:
    businesses.publish(session, books.ACME, {"a.txt": b"a"}, at=books.AT)
