"""What `tillmail` says of its commands before it imports one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from worker.__main__ import COMMANDS, imported, tillmail


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says_of_itself(name: str) -> None:
    assert imported(name).help.replace("\n", " ").startswith(COMMANDS[name][1])


def test_a_command_that_is_not_there_is_told_from_one_that_is() -> None:
    done = CliRunner().invoke(tillmail, ["invoice"], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "Did you mean 'invoices'?" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["read", "--help"]])
def test_help_and_reading_start_without_the_rooms_and_the_database(words: list[str]) -> None:
    program = (
        "import sys; from worker.__main__ import tillmail;"
        f"tillmail({words!r}, standalone_mode=False);"
        "sys.exit(any(m in sys.modules for m in ('sqlalchemy', 'worker.invoices')))"
    )
    subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True)
