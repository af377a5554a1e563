"""What is installed: hashed, from no named host, and under licences that Apache-2.0 may use."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
_LOCKS = ("requirements.txt", "requirements-test.txt")
_PIN = re.compile(r"^([a-zA-Z0-9][a-zA-Z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)

# Libraries under these may be used by a program under Apache-2.0. Of the LGPL and MPL that holds as
# long as we import them and change nothing in them, which is so.
_ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Python-2\.0|MPL|Mozilla|Unlicense|Zlib"
    r"|LGPL|Lesser General|HPND|CC0|0BSD|Public Domain",
    re.IGNORECASE,
)
# Packages whose metadata names no licence, by the licence file that they carry (looked at
# 2026-11-22).
_BY_THEIR_FILE = {"imapclient": "BSD-3-Clause"}


def _pins(file: str) -> dict[str, str]:
    text = (PROJECT / file).read_text(encoding="utf-8")
    return {name.lower().replace("_", "-"): version for name, version in _PIN.findall(text)}


def _licence(name: str) -> str:
    facts = metadata.metadata(name)
    classes: list[str] = facts.get_all("Classifier", [])
    named = [*facts.get_all("License-Expression", [])]
    named += [said for said in classes if said.startswith("License ::")]
    # A whole licence text may stand in this field; its first line is its name.
    named += [said.strip().partition("\n")[0] for said in facts.get_all("License", [])]
    return _BY_THEIR_FILE.get(name, " / ".join(word for word in named if word))


@pytest.mark.parametrize("file", _LOCKS)
def test_a_lock_names_no_host(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    named = [line for line in text.splitlines() if "://" in line or line.startswith("--")]
    assert named == []


@pytest.mark.parametrize("file", _LOCKS)
def test_every_pin_has_a_hash(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8").replace("\\\n", " ")
    bare = [line for line in text.splitlines() if _PIN.match(line) and "--hash=" not in line]
    assert bare == []
    assert _pins(file)


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {
        re.split(r"[\[>=<; ]", line, maxsplit=1)[0].lower() for line in project["dependencies"]
    }
    assert asked <= set(_pins("requirements.txt"))
    tools = {
        re.split(r"[\[>=<; ]", line, maxsplit=1)[0].lower()
        for line in project["optional-dependencies"]["test"]
    }
    assert tools <= set(_pins("requirements-test.txt")) | set(_pins("requirements.txt"))


def test_both_locks_pin_the_same_versions() -> None:
    runtime, test = (_pins(file) for file in _LOCKS)
    assert {n: v for n, v in test.items() if n in runtime and runtime[n] != v} == {}


@pytest.mark.parametrize("name", sorted(_pins("requirements.txt")))
def test_every_runtime_licence_allows_our_use(name: str) -> None:
    try:
        licence = _licence(name)
    except metadata.PackageNotFoundError:
        return  # A pin for another platform or Python version.
    # Of several licences joined by OR, or listed side by side, we choose; AND binds us to each.
    for each in licence.split(" AND "):
        assert _ALLOWED.search(each), f"{name}: {licence or 'no licence named'}"
