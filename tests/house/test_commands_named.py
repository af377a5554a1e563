"""Commands that errors, questions and docs tell people to type: each is there to be typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.__main__ import COMMANDS, imported

PROJECT = Path(__file__).parents[2]
_TEXTS = ("worker/**/*.py", "templates/**/*.*", "config/**/*.*", "docs/*.md", "README.md")
_NAMED = re.compile(r"tillmail ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?((?: [A-Z_…]+)*(?: --[a-z-]+)*)")
# `tillmail` is the noun of these sentences, not something to type.
_SENTENCES = {("command", None)}


def test_every_command_that_is_named_is_there() -> None:
    there = dict(_commands())
    unknown = {
        f"{name}: tillmail {' '.join(word for word in words if word)}{rest}"
        for name, text in _texts()
        for *words, rest in _NAMED.findall(text)
        if not _is_there(there, words[0], words[1] or None, rest)
    }
    assert unknown == set()


def _is_there(
    there: dict[tuple[str, str | None], set[str]], noun: str, verb: str | None, rest: str
) -> bool:
    if (noun, None) in _SENTENCES:
        return True
    options = there.get((noun, verb)) or there.get((noun, None))
    has_verbs = any(of == noun and other for of, other in there)
    if options is None or (has_verbs and verb is not None and (noun, verb) not in there):
        return False
    return set(re.findall(r"--[a-z-]+", rest)) <= options


def _commands() -> Iterator[tuple[tuple[str, str | None], set[str]]]:
    """Noun and verb of each command, with its options."""
    for noun in COMMANDS:
        command = imported(noun)
        yield (noun, None), _options(command)
        for verb, found in getattr(command, "commands", {}).items():
            yield (noun, verb), _options(found)


def _options(command: Any) -> set[str]:
    own = {word for param in command.params for word in (*param.opts, *param.secondary_opts)}
    return {"--help", *own}


def _texts() -> Iterator[tuple[str, str]]:
    for pattern in _TEXTS:
        for path in sorted(PROJECT.glob(pattern)):
            if path.suffix in {".py", ".md", ".toml", ".html", ".mjml", ".txt", ".env", ".example"}:
                yield path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8")
