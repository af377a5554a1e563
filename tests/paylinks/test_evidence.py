"""The labelled table of people and machines: every one decided right."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.paylinks import Evidence, Thresholds, Verdict, judge

FILE = Path(__file__).with_name("evidence.toml")
TRAITS = {
    "brand": "a headless brand",
    "languages": "no languages",
    "window": "no window",
    "accept": "no Accept-Language",
    "frame": "no frame around its window",
    "version": "a name that is not its engine's",
}
PLAIN = {"noscript", "untrusted", "nocookie", "steered", "trap", *TRAITS}


@dataclass(frozen=True)
class Vector:
    """One line of the table."""

    group: str
    label: str
    evidence: Evidence

    @property
    def is_right(self) -> bool:
        verdict, _ = judge(self.evidence, Thresholds())
        if self.label == "person":
            return verdict is Verdict.HUMAN
        return verdict is not Verdict.HUMAN


def vectors() -> Iterator[Vector]:
    """Every line of the table."""
    for group in tomllib.loads(FILE.read_text(encoding="utf-8"))["group"]:
        assert group["known_from"]
        for line in group["lines"].strip().splitlines():
            yield Vector(group["name"], group["label"], _evidence(line))


def _evidence(line: str) -> Evidence:
    facts, _, agent = line.partition("|")
    dwell, since, *words = facts.split()
    flags = {word for word in words if word != "-" and not word.startswith("links=")}
    assert flags <= PLAIN, line
    links = [int(word.removeprefix("links=")) for word in words if word.startswith("links=")]
    return Evidence(
        user_agent=agent.strip(),
        trusted_event="untrusted" not in flags,
        dwell_ms=int(dwell),
        is_webdriver="steered" in flags,
        honeypot_hit="trap" in flags,
        has_cookie="nocookie" not in flags,
        since_sent_s=None if since == "?" else float(since),
        script_ran="noscript" not in flags,
        traits=tuple(words for name, words in TRAITS.items() if name in flags),
        links_touched=links[0] if links else 1,
    )


TABLE = list(vectors())


def test_the_table_is_large_and_of_both_kinds() -> None:
    assert len(TABLE) >= 200
    assert len({vector.evidence for vector in TABLE}) == len(TABLE)
    for label in ("person", "machine"):
        assert len([vector for vector in TABLE if vector.label == label]) >= 80


@pytest.mark.parametrize("label", ["person", "machine", "neither"])
def test_everybody_is_decided_right(label: str) -> None:
    wrong = [
        f"{vector.group}: {judge(vector.evidence, Thresholds())} {vector.evidence}"
        for vector in TABLE
        if vector.label == label and not vector.is_right
    ]
    assert wrong == []


def test_nobody_who_may_be_a_person_is_called_a_machine_for_what_they_do() -> None:
    """A text browser calls itself a program; for the rest the verdict is that we cannot tell."""
    called = [
        v for v in TABLE if v.label == "neither" and judge(v.evidence, Thresholds())[0] == "machine"
    ]
    assert len(called) <= 1
