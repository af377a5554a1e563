"""Habits of CONVENTIONS that a machine can see and the linter does not: sizes, names, doors."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]
_MOST_LINES = 400
_MOST_LINES_OF_FUNCTION = 70
_VAGUE = {"utils", "helpers", "common", "misc", "manager", "service", "services", "handler"}
_VAGUE |= {"processor", "base"}


class _Module(NamedTuple):
    name: str
    text: str
    tree: ast.Module


@cache
def _modules() -> list[_Module]:
    """Every module of ours: its path in the project, its text and its syntax."""
    found = []
    for path in sorted((PROJECT / "worker").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(_Module(path.relative_to(PROJECT).as_posix(), text, ast.parse(text)))
    return found


def test_a_file_holds_four_hundred_lines_at_most() -> None:
    long = {
        name: lines
        for name, text, _ in _modules()
        # A revision lists every column once and is never edited after it has landed.
        if "migrations/versions" not in name and (lines := text.count("\n")) > _MOST_LINES
    }
    assert long == {}


def test_a_function_fits_a_screen() -> None:
    long = {
        f"{name}: {node.name}": lines
        for name, _, tree in _modules()
        if "migrations/versions" not in name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > _MOST_LINES_OF_FUNCTION
    }
    assert long == {}


def test_every_file_says_what_it_is_for() -> None:
    silent = [name for name, _, tree in _modules() if ast.get_docstring(tree) is None]
    vague = [name for name, _, _ in _modules() if Path(name).stem in _VAGUE]
    assert silent + vague == []


def test_nothing_is_left_for_later() -> None:
    unfinished = [
        name
        for name, text, _ in _modules()
        if re.search(r"\b(TODO|FIXME|XXX)\b|# type: ignore(?!\[)", text)
    ]
    assert unfinished == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False
    )
    # Built from two halves, so that this file does not hold them.
    traces = [f"/{first}/{rest}".encode() for first, rest in (("work", "main"), ("work", "shared"))]
    files = [PROJECT / name for name in listing.stdout.decode().split("\0") if name]
    found = [
        file.relative_to(PROJECT).as_posix()
        for file in files
        if file.is_file() and any(trace in file.read_bytes() for trace in traces)
    ]
    assert found == []
