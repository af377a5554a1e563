"""The floors of the house hold, and no room is left out of a rule."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
_ENTRANCES = {"adapters", "settings", "app", "actors", "web", "clock", "commands"}
_OUTSIDE = {"sandbox", "__main__"}


def _contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def _rooms() -> set[str]:
    worker = PROJECT / "worker"
    folders = {path.parent.name for path in worker.glob("*/__init__.py")}
    return folders | {path.stem for path in worker.glob("*.py")} - {"__init__"}


def test_imports_go_down_and_never_sideways() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*command, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_room_may_name_a_vendor() -> None:
    rooms = _rooms() - _ENTRANCES - _OUTSIDE
    [contract] = [c for c in _contracts() if c["name"].startswith("Vendors")]
    assert {module.removeprefix("worker.") for module in contract["source_modules"]} == rooms


def test_the_sandbox_may_not_import_any_room() -> None:
    [contract] = [c for c in _contracts() if c["name"].startswith("The sandbox")]
    forbidden = {module.removeprefix("worker.") for module in contract["forbidden_modules"]}
    assert forbidden == _rooms() - _OUTSIDE
