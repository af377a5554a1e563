"""One thing that `tillmail doctor` looked at: what it found, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from worker.kernel.errors import TillmailError


class Verdict(StrEnum):
    """Only a problem makes `doctor` fail; what could not be looked at says so."""

    OK = "ok"
    PROBLEM = "problem"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    what: str
    verdict: Verdict
    found: str
    mend: str = ""


def probe(what: str, look: Callable[[], str], mend: str) -> Finding:
    """What looking gives; what it raises on purpose is the problem."""
    try:
        return Finding(what, Verdict.OK, look())
    except (TillmailError, SQLAlchemyError) as e:
        return Finding(what, Verdict.PROBLEM, str(getattr(e, "orig", None) or e).strip(), mend)


def judged(what: str, problem: str | None, *, ok: str, mend: str) -> Finding:
    """A finding that is fine unless there is a problem to tell."""
    if problem is None:
        return Finding(what, Verdict.OK, ok)
    return Finding(what, Verdict.PROBLEM, problem, mend)


def unchecked(what: str, found: str, mend: str = "") -> Finding:
    """A finding about what cannot be looked at from here."""
    return Finding(what, Verdict.UNCHECKED, found, mend)
